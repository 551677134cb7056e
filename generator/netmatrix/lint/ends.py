"""Both ends of a connection: what one of them allows and the other one does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from netmatrix.document import Severity
from netmatrix.lint.rule import LintRule, Remark
from netmatrix.lint.subject import RuleOf, Subject
from netmatrix.lint.wording import peer_text, ports_text
from netmatrix.policy import Model
from netmatrix.policy.bits import Bits, members
from netmatrix.policy.objects import Direction, Peer
from netmatrix.policy.ports import PortSet, Protocol
from netmatrix.policy.semantics import Admission, admission, isolates, selected_peers, selected_pods

ONE_SIDED = LintRule(
    "NM673",
    "what one end allows, the other one allows as well",
    "Add the rule for the other end, or remove this one.",
    Severity.WARNING,
    "A connection needs the egress policies of its source and the ingress policies of its destination to allow it, on "
    "the same port; here one of them does not, so that this grant does nothing.",
    "Kubernetes documentation, Network Policies, The two sorts of pod isolation; kubescape/kubescape#3903",
    ("P14",),
    needs_all=True,
)

_FEW = 64
_MOST_COMPARED = 256
"""Far ends, and rules at them, beyond which one that is open is taken for granted."""


def one_sided(subject: Subject) -> Iterator[Remark]:
    """Peers with whom, of all that the input has, no connection comes about on any port of the rule."""
    far_ends = {
        Direction.EGRESS: _FarEnd(subject, Direction.INGRESS),
        Direction.INGRESS: _FarEnd(subject, Direction.EGRESS),
    }
    for of, peer in subject.peers():
        if peer.ip_block is None and subject.knows_namespaces(peer):
            own = selected_pods(of.policy, subject.universe)
            far = selected_peers(peer, of.policy.namespace, subject.universe)
            if own and far and not far_ends[of.direction].may_be_open(of, own, far):
                yield Remark(ONE_SIDED, _said(of, peer), peer.origin, of.policy)


class _FarEnd:
    """What the policies of one direction let through, where an ipBlock matches any pod: all that may be open."""

    def __init__(self, subject: Subject, direction: Direction) -> None:
        self._universe = subject.universe
        self._direction = direction
        self._admissions: dict[Bits, set[Admission]] = defaultdict(set)
        model = Model(ipblock_matches_pods=True)
        for policy in subject.policies:
            if isolates(policy, direction):
                found = self._admissions[selected_pods(policy, self._universe)]
                found.update(
                    admission(rule, policy.namespace, self._universe, model) for rule in policy.rules(direction)
                )
        self._on_host = subject.on_host
        self._selecting: dict[int, list[Bits]] = defaultdict(list)
        self._selecting_many = [bits for bits in self._admissions if bits.bit_count() > _FEW]
        for bits in self._admissions:
            for pod in members(bits) if bits.bit_count() <= _FEW else ():
                self._selecting[pod].append(bits)

    def may_be_open(self, of: RuleOf, own: Bits, far: Bits) -> bool:
        """Whether the far ends' policies let through, from or to the own end, something that the rule allows."""
        if far.bit_count() > _MOST_COMPARED or far & self._on_host:
            return True
        return any(self._is_open(of, own, pod) for pod in members(far))

    def _is_open(self, of: RuleOf, own: Bits, pod: int) -> bool:
        selections = self._selecting[pod] + [bits for bits in self._selecting_many if bits >> pod & 1]
        if not selections or sum(len(self._admissions[bits]) for bits in selections) > _MOST_COMPARED:
            return True
        destinations = 1 << pod if self._direction is Direction.INGRESS else own
        wanted = self._numbers(of.opened, of.names, destinations)
        return any(
            (item.pods[0] | item.pods[1]) & own and wanted & self._numbers(item.ports, item.port_names, destinations)
            for bits in selections
            for item in self._admissions[bits]
        )

    def _numbers(self, ports: PortSet, names: frozenset[tuple[str, Protocol]], destinations: Bits) -> PortSet:
        """Ports, the names among them as any of the destinations understands them."""
        found = [ports]
        for name in names:
            by_numbers = self._universe.with_port(*name)
            found += [numbers for numbers, having in by_numbers.items() if having & destinations]
        return PortSet.union(found) if names else ports


def _said(of: RuleOf, peer: Peer) -> str:
    whom, ports = peer_text(peer, of.policy.namespace), ports_text(of.rule)
    if of.direction is Direction.EGRESS:
        return f"it lets its pods out to {whom} on {ports}, but their own policies let them in on none of it"
    return f"it lets {whom} in on {ports}, but their own policies let them out on none of it"
