"""Policies that take each other's effect: they only ever add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from netmatrix.document import Severity
from netmatrix.lint.rule import LintRule, Remark
from netmatrix.lint.selection import selects_all_of
from netmatrix.lint.subject import RuleOf, Subject
from netmatrix.lint.wording import peer_text, ports_text
from netmatrix.policy import NetworkPolicy
from netmatrix.policy.labels import EVERYTHING, Selector
from netmatrix.policy.objects import Direction, Peer
from netmatrix.policy.ports import ALL_PORTS

VOID = LintRule(
    "NM660",
    "no other policy opens to everybody what a policy restricts",
    "Remove the policy that lets everybody in, or narrow it; otherwise remove the other one, which only looks as if.",
    Severity.WARNING,
    "Policies add up and none denies: where one lets everybody in, what another says of the same pods does nothing.",
    "Kubernetes documentation, Network Policies, The two sorts of pod isolation: policies are additive",
    ("P12",),
)
REDUNDANT = LintRule(
    "NM661",
    "a rule allows something that no other rule allows",
    "Remove it, or narrow the other one.",
    Severity.NOTE,
    "Another rule for the same pods allows the same and more: this one can be removed, or changed, without effect.",
    "Kubernetes documentation, Network Policies, The two sorts of pod isolation: policies are additive",
    ("P12",),
)

_MOST_SELECTORS = 500
_MOST_COMPARED = 50
"""Beyond these, comparison would take minutes: then only the same and the empty selector are compared with, and only
the first grants to a peer."""


@dataclass(frozen=True, slots=True)
class _Grant:
    """What one peer of a rule is allowed; `peer` is None for everybody."""

    of: RuleOf
    at: int
    peer: Peer | None

    def order(self) -> tuple[str, int, int]:
        return (str(self.of.policy), self.of.index, self.at)


_ByPeer = Mapping[Peer | None, list[_Grant]]


class _Side:
    """The grants of one direction in one namespace, by the selector of their policy and by peer."""

    def __init__(self) -> None:
        self.grants: dict[Selector, dict[Peer | None, list[_Grant]]] = {}
        self._wider: dict[Selector, list[_ByPeer]] = {}

    def add(self, grant: _Grant) -> None:
        self.grants.setdefault(grant.of.policy.pod_selector, {}).setdefault(grant.peer, []).append(grant)

    def for_the_same_pods(self, selector: Selector) -> list[_ByPeer]:
        """The grants of policies that select every pod that `selector` does."""
        found = self._wider.get(selector)
        if found is None:
            some = self.grants if len(self.grants) <= _MOST_SELECTORS else {selector: None, EVERYTHING: None}
            wide = [other for other in some if other in self.grants and selects_all_of(other, selector)]
            found = self._wider[selector] = [self.grants[other] for other in wide]
        return found


def overlaps(subject: Subject) -> Iterator[Remark]:
    """Rules that add nothing to what others allow, and policies whose denial another one lifts."""
    sides = _sides(subject)
    for of in subject.rules:
        side = sides[of.policy.namespace, of.direction]
        covered = [(grant, _covering(grant, side)) for grant in _grants(of)]
        by = [found for _, found in covered if found is not None]
        if len(by) == len(covered):
            yield _remark(of, by)
        else:
            yield from (_remark_on_peer(grant, found) for grant, found in covered if found is not None)
    for policy in subject.policies:
        for direction in Direction:
            if direction in policy.types and not policy.rules(direction):
                yield from _lifted(policy, direction, sides[policy.namespace, direction])


def _sides(subject: Subject) -> Mapping[tuple[str, Direction], _Side]:
    sides: dict[tuple[str, Direction], _Side] = defaultdict(_Side)
    for of in subject.rules:
        for grant in _grants(of):
            sides[of.policy.namespace, of.direction].add(grant)
    return sides


def _grants(of: RuleOf) -> list[_Grant]:
    return [_Grant(of, at, peer) for at, peer in enumerate(of.rule.peers)] or [_Grant(of, 0, None)]


def _covering(grant: _Grant, side: _Side) -> _Grant | None:
    """Another grant that allows all of this one; of two that allow the same, the later one is covered."""
    for grants in side.for_the_same_pods(grant.of.policy.pod_selector):
        for peer in _as_wide(grant.peer):
            for other in grants.get(peer, [])[:_MOST_COMPARED]:
                if _opens_all_of(other, grant) and _is_first(other, grant):
                    return other
    return None


def _as_wide(peer: Peer | None) -> list[Peer | None]:
    """Peers that surely are all that `peer` is."""
    wide: list[Peer | None] = [None, peer]
    if peer is not None and peer.ip_block is None:
        wide.append(Peer(namespace_selector=EVERYTHING))
        wide.append(Peer(namespace_selector=peer.namespace_selector, pod_selector=EVERYTHING))
        if peer.namespace_selector is not None:
            wide.append(Peer(namespace_selector=peer.namespace_selector))
    return wide


def _opens_all_of(wide: _Grant, narrow: _Grant) -> bool:
    one, other = wide.of, narrow.of
    return not other.opened - one.opened and (other.names <= one.names or one.opened == ALL_PORTS)


def _is_first(other: _Grant, grant: _Grant) -> bool:
    """Whether `other` may stand for `grant`: it is another one, and not covered by it in turn, or comes first."""
    if other.of is grant.of and other.at == grant.at:
        return False
    mutual = (
        grant.peer in _as_wide(other.peer)
        and _opens_all_of(grant, other)
        and selects_all_of(grant.of.policy.pod_selector, other.of.policy.pod_selector)
    )
    return not mutual or other.order() < grant.order()


def _remark(of: RuleOf, by: list[_Grant]) -> Remark:
    void = next((found for found in by if found.peer is None and found.of.policy != of.policy), None)
    if void is not None and of.rule.peers:
        whom = peer_text(of.rule.peers[0], of.policy.namespace)
        more = f" and {len(of.rule.peers) - 1} more" if len(of.rule.peers) > 1 else ""
        message = f"it names {whom}{more}, but {_said(void)} lets everybody {_way(of)} on {ports_text(void.of.rule)}"
        return Remark(VOID, message, of.origin, of.policy)
    return Remark(
        REDUNDANT, f"this rule adds nothing: {_said(by[0], of.policy)} allows all of it", of.origin, of.policy
    )


def _remark_on_peer(grant: _Grant, by: _Grant) -> Remark:
    of = grant.of
    whom = peer_text(grant.peer, of.policy.namespace) if grant.peer else "everybody"
    message = f"this peer adds nothing: {_said(by, of.policy)} allows {whom} already"
    return Remark(REDUNDANT, message, grant.peer.origin if grant.peer else of.origin, of.policy)


def _lifted(policy: NetworkPolicy, direction: Direction, side: _Side) -> Iterator[Remark]:
    for grants in side.for_the_same_pods(policy.pod_selector):
        void = next((item for item in grants.get(None, []) if item.of.opened == ALL_PORTS), None)
        if void is not None:
            what = "comes in" if direction is Direction.INGRESS else "goes out"
            message = f"it denies everything that {what}, but {_said(void)} allows everything to the same pods"
            origin = policy.origin.at("spec", "policyTypes") if policy.origin else None
            yield Remark(VOID, message, origin, policy)
            return


def _way(of: RuleOf) -> str:
    return "in" if of.direction is Direction.INGRESS else "out"


def _said(grant: _Grant, home: NetworkPolicy | None = None) -> str:
    of = grant.of
    where = f" at {of.origin.place}" if of.origin else ""
    return f"{of.name}{'' if of.policy == home else f' of policy {of.policy}'}{where}"
