"""The manifests that are judged, with what several rules ask of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from netmatrix.policy import Manifests, NetworkPolicy, Workload
from netmatrix.policy.bits import Bits, members
from netmatrix.policy.labels import NAMESPACE_NAME, Operator, Selector
from netmatrix.policy.objects import Direction, Peer, Rule
from netmatrix.policy.ports import PortSet, Protocol
from netmatrix.policy.reach import all_namespaces
from netmatrix.policy.semantics import rule_ports, selected_peers, selected_pods
from netmatrix.policy.source import Origin
from netmatrix.policy.universe import Universe

SYSTEM_NAMESPACE = "kube-system"


@dataclass(frozen=True, slots=True)
class RuleOf:
    """A rule in effect, where it belongs, and the ports that it opens, by number and by name."""

    policy: NetworkPolicy
    direction: Direction
    index: int
    rule: Rule
    opened: PortSet
    names: frozenset[tuple[str, Protocol]]

    @property
    def origin(self) -> Origin | None:
        """Where it stands."""
        return self.rule.origin

    @property
    def peers_field(self) -> str:
        """The field of its peers."""
        return "from" if self.direction is Direction.INGRESS else "to"

    def port_origin(self, index: int) -> Origin | None:
        """Where one of its ports stands."""
        return self.origin.at("ports", index) if self.origin else None

    @property
    def name(self) -> str:
        """Its key path in the policy's spec."""
        return f"{self.direction.lower()}[{self.index}]"


class Subject:
    """What is judged. Whoever asks for workloads gets those of the input, which may not be all that there are."""

    def __init__(self, manifests: Manifests) -> None:
        self.manifests = manifests
        self.policies = manifests.policies
        self.workloads = manifests.workloads
        self._workloads = lru_cache(maxsize=1024)(self._members)

    @cached_property
    def rules(self) -> tuple[RuleOf, ...]:
        """Every rule of a direction that its policy is about."""
        return tuple(
            RuleOf(policy, direction, index, rule, *rule_ports(rule))
            for policy in self.policies
            for direction in Direction
            if direction in policy.types
            for index, rule in enumerate(policy.rules(direction))
        )

    def peers(self) -> Iterator[tuple[RuleOf, Peer]]:
        """Every peer of every such rule."""
        return ((of, peer) for of in self.rules for peer in of.rule.peers)

    def selectors(self) -> Iterator[tuple[NetworkPolicy, Selector, Origin | None]]:
        """Every selector of pods: the policies' own, and those of peers."""
        for policy in self.policies:
            at = policy.origin.at("spec", "podSelector") if policy.origin else None
            yield policy, policy.pod_selector, at
        for of, peer in self.peers():
            if peer.pod_selector is not None:
                yield of.policy, peer.pod_selector, peer.origin.at("podSelector") if peer.origin else None

    @cached_property
    def universe(self) -> Universe:
        """The workloads of the input, those on the host's network among them."""
        return Universe.of(all_namespaces(self.manifests), self.workloads, self.policies, by_address=False)

    @cached_property
    def on_host(self) -> Bits:
        """Of the universe, what is on the host's network, all of it or some."""
        bits: Bits = 0
        for index, group in enumerate(self.universe.groups):
            if any(pod.host_network for pod in group.members):
                bits |= 1 << index
        return bits

    @cached_property
    def is_whole_cluster(self) -> bool:
        """Whether the input lists the namespaces of a cluster, the system's among them."""
        return SYSTEM_NAMESPACE in self.manifests.namespaces

    @cached_property
    def _has_undeclared(self) -> bool:
        return any(not item.declared for item in self.universe.namespaces.values())

    def can_tell(self, peer: Peer) -> bool:
        """Whether the input says which of its namespaces the peer selects: of one that is not declared, only the name
        is known."""
        selector = peer.namespace_selector
        if selector is None or not self._has_undeclared:
            return True
        return all(requirement.key == NAMESPACE_NAME for requirement in selector.requirements)

    def knows_namespaces(self, peer: Peer) -> bool:
        """Whether every namespace that the peer selects, now or ever, is in the input, and known."""
        selector = peer.namespace_selector
        if selector is None:
            return True
        by_name = any(item.key == NAMESPACE_NAME and item.operator is Operator.IN for item in selector.requirements)
        return self.can_tell(peer) and (by_name or self.is_whole_cluster)

    def selected_by(self, policy: NetworkPolicy) -> tuple[Workload, ...]:
        """The workloads that a policy selects."""
        return self._workloads(selected_pods(policy, self.universe))

    def selected_as(self, peer: Peer, home: str) -> tuple[Workload, ...]:
        """The workloads that a peer's selectors select, of a policy in the namespace `home`."""
        return self._workloads(selected_peers(peer, home, self.universe))

    def destinations(self, of: RuleOf) -> Bits | None:
        """The workloads of the universe on which a rule opens ports; None where it cannot be told."""
        if of.direction is Direction.INGRESS:
            return selected_pods(of.policy, self.universe)
        if not of.rule.peers:
            return self.universe.everyone
        found: Bits = 0
        for peer in of.rule.peers:
            if not self.can_tell(peer):
                return None
            if peer.ip_block is None:
                found |= selected_peers(peer, of.policy.namespace, self.universe)
        return found

    def _members(self, bits: Bits) -> tuple[Workload, ...]:
        return tuple(pod for group in members(bits) for pod in self.universe.groups[group].members)
