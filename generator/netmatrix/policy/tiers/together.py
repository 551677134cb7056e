"""What NetworkPolicies and policies of the cluster allow together, tier by tier.

"The Admin tier takes precedence over all other policies. [...] v1.NetworkPolicy always makes a final decision for
selected pods. Further evaluation only happens for Pods not selected by a v1.NetworkPolicy. [...] If a given connection
wasn't allowed or denied by any of the tiers, the default kubernetes policy is applied, which says that all pods can
communicate with each other" (API, `tier`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeVar

from netmatrix.policy.addresses import ALL_ADDRESSES, FAMILIES, NO_ADDRESSES, AddressSet, Family
from netmatrix.policy.bits import Bits, without
from netmatrix.policy.differences import Ends, names_ports
from netmatrix.policy.objects import Direction, NetworkPolicy
from netmatrix.policy.open_world import Mentioned, Selection, mentioned_in
from netmatrix.policy.ports import ALL_PORTS, NO_PORTS, PortSet
from netmatrix.policy.semantics import Model, isolates, selected_pods
from netmatrix.policy.tiers.objects import Action, ClusterPolicy, ClusterRule, Tier
from netmatrix.policy.traffic import FamilyPorts, TrafficClass, disjoint_addresses, disjoint_pods, traffic_classes
from netmatrix.policy.universe import Universe

Peers = TypeVar("Peers", Bits, AddressSet)
Region = list[tuple[Peers, PortSet]]
"""Connections by who is at the other end, and on which ports; no two entries overlap."""


@dataclass(frozen=True, slots=True)
class Policies:
    """What is judged together: NetworkPolicies, or what says the same, and ClusterNetworkPolicies around them."""

    namespaced: tuple[NetworkPolicy, ...] = ()
    cluster: tuple[ClusterPolicy, ...] = ()

    def mentioned(self) -> Mentioned:
        """All that they select, and all ranges that they name."""
        found = mentioned_in(self.namespaced)
        selections = {policy.subject for policy in self.cluster}
        addresses: set[AddressSet] = set()
        rules = (rule for policy in self.cluster for direction in Direction for rule in policy.rules(direction))
        for peer in (peer for rule in rules for peer in rule.peers):
            selections |= {peer.pods} if peer.pods else set()
            addresses |= {peer.networks} if peer.networks else set()
        return found | Mentioned(frozenset(selections), frozenset(addresses))

    @property
    def name_ports(self) -> bool:
        """Whether one of them says a port by name."""
        return any(map(names_ports, self.namespaced))

    @property
    def rules(self) -> int:
        """How many rules there are."""
        known: Iterable[NetworkPolicy | ClusterPolicy] = (*self.namespaced, *self.cluster)
        return sum(len(policy.rules(direction)) for policy in known for direction in Direction)

    def ends(self, universe: Universe, model: Model) -> Ends:
        """What they allow at the ends of connections between all pods of `universe`."""
        egress, ingress = (
            tuple(_classes(self, direction, universe, model)) for direction in (Direction.EGRESS, Direction.INGRESS)
        )
        return Ends(egress, ingress)


def undecided_order(
    policies: Sequence[ClusterPolicy], universe: Universe
) -> Iterator[tuple[ClusterPolicy, ClusterPolicy]]:
    """Pairs of policies of which nobody can say which goes first.

    "If two (or more) policies in the same tier with the same priority could match a connection, then the implementation
    can apply any of the matching policies" (API, `priority`).
    """
    for one, other in combinations(policies, 2):
        alike = (one.tier, one.priority) == (other.tier, other.priority)
        directed = any(one.rules(direction) and other.rules(direction) for direction in Direction)
        if alike and directed and selected(one.subject, universe) & selected(other.subject, universe):
            yield one, other


def ranked(policies: Iterable[ClusterPolicy], tier: Tier) -> list[ClusterPolicy]:
    """The policies of a tier: "policies with lower priority values have higher precedence" (API, `priority`)."""
    return sorted((policy for policy in policies if policy.tier is tier), key=lambda policy: policy.priority)


def selected(selection: Selection, universe: Universe) -> Bits:
    """The pods of a selection."""
    return universe.in_namespaces(selection.namespaces) & universe.with_labels(selection.pods)


def rule_pods(rule: ClusterRule, family: Family, universe: Universe) -> Bits:
    """The pods that a rule's peers are, over one family.

    `networks` too: "cluster-internal traffic will be checked against the rule as well. So if you Accept or Deny traffic
    to "0.0.0.0/0", that will allow or deny all IPv4 pod-to-pod traffic as well" (API, `networks`).
    """
    found: Bits = 0
    for peer in rule.peers:
        if peer.pods is not None:
            found |= selected(peer.pods, universe)
        if peer.networks is not None:
            found |= universe.with_address_in(peer.networks, family)
    return found & universe.of_family(family)


def rule_addresses(rule: ClusterRule) -> AddressSet:
    """The addresses outside the cluster that a rule's peers are."""
    return AddressSet.union([NO_ADDRESSES, *(peer.networks for peer in rule.peers if peer.networks is not None)])


def _classes(policies: Policies, direction: Direction, universe: Universe, model: Model) -> Iterator[TrafficClass]:
    isolated: Bits = 0
    for policy in policies.namespaced:
        if isolates(policy, direction):
            isolated |= selected_pods(policy, universe)
    concerning = [policy for policy in policies.cluster if policy.rules(direction)]
    for base in traffic_classes(policies.namespaced, direction, universe, model):
        for part, known in _parts(base.members, concerning, universe):
            if not known:  # NetworkPolicies alone decide
                yield replace(base, members=part)
                continue
            for bits, is_isolated in ((part & isolated, True), (without(part, isolated), False)):
                if bits:
                    yield _decided(base, bits, known, direction, universe, is_isolated=is_isolated)


def _parts(
    bits: Bits, policies: Iterable[ClusterPolicy], universe: Universe
) -> Iterator[tuple[Bits, list[ClusterPolicy]]]:
    """Pods by the policies whose subject they are."""
    parts: list[tuple[Bits, list[ClusterPolicy]]] = [(bits, [])]
    for policy in policies:
        subject = selected(policy.subject, universe)
        inside = [(part & subject, [*known, policy]) for part, known in parts]
        outside = [(without(part, subject), known) for part, known in parts]
        parts = [(part, known) for part, known in (*inside, *outside) if part]
    return iter(parts)


def _decided(
    base: TrafficClass,
    members: Bits,
    policies: list[ClusterPolicy],
    direction: Direction,
    universe: Universe,
    *,
    is_isolated: bool,
) -> TrafficClass:
    """One class of pods through all tiers; `base` is what NetworkPolicies let through to or from them."""
    rules = {tier: [rule for policy in ranked(policies, tier) for rule in policy.rules(direction)] for tier in Tier}
    pods: list[tuple[Bits, FamilyPorts]] = []
    for family in FAMILIES:
        let = [(bits, ports.of_family(family)) for ports, bits in base.pods] if is_isolated else None
        for bits, ports in _through(universe.of_family(family), _to_pods(rules, family, universe), let):
            over = (ports, NO_PORTS) if family is Family.IPV4 else (NO_PORTS, ports)
            pods.append((bits, FamilyPorts(*over)))
    let_out = [(addresses, ports) for ports, addresses in base.addresses] if is_isolated else None
    outside = _through(ALL_ADDRESSES, _to_addresses(rules), let_out)
    return TrafficClass(members, tuple(disjoint_pods(pods)), tuple(disjoint_addresses(outside)))


_Tiers = dict[Tier, list[ClusterRule]]
_Matched = dict[Tier, list[tuple[Action, Peers, PortSet]]]
"""The rules of each tier by what they do, with whom, on which ports."""


def _to_pods(rules: _Tiers, family: Family, universe: Universe) -> _Matched[Bits]:
    return {
        tier: [(rule.action, rule_pods(rule, family, universe), rule.ports) for rule in found]
        for tier, found in rules.items()
    }


def _to_addresses(rules: _Tiers) -> _Matched[AddressSet]:
    return {tier: [(rule.action, rule_addresses(rule), rule.ports) for rule in found] for tier, found in rules.items()}


def _through(everyone: Peers, tiers: _Matched[Peers], let: Region[Peers] | None) -> Region[Peers]:
    """What comes through all tiers. `let` is what NetworkPolicies let through; None where none selects the pods."""
    accepted, going_on = _settled([(everyone, ALL_PORTS)], tiers[Tier.ADMIN])
    if let is not None:
        return accepted + [
            (common, ports & allowed)
            for who, ports in going_on
            for others, allowed in let
            if (common := who & others) and ports & allowed
        ]
    by_baseline, free = _settled(going_on, tiers[Tier.BASELINE])
    return accepted + by_baseline + free


def _settled(region: Region[Peers], rules: list[tuple[Action, Peers, PortSet]]) -> tuple[Region[Peers], Region[Peers]]:
    """What the rules of a tier accept of `region`, and what goes on to the next: what they pass, or do not match.

    "A rule that appears at the top [...] would take the highest precedence" (API, `ingress`).
    """
    accepted: Region[Peers] = []
    passed: Region[Peers] = []
    for action, matched, on in rules:
        left: Region[Peers] = []
        for who, ports in region:
            hit, decided = who & matched, ports & on
            if not (hit and decided):
                left.append((who, ports))
                continue
            if action is not Action.DENY:
                (accepted if action is Action.ACCEPT else passed).append((hit, decided))
            rest = who - hit if isinstance(who, AddressSet) else without(who, hit)
            left += [(piece, of) for piece, of in ((hit, ports - decided), (rest, ports)) if piece and of]
        region = left
    return accepted, passed + region
