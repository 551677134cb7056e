"""One packet at a time: what each end says to it, and which rule of which policy says so.

Concrete where the rest of this room works with sets, so that an answer can be told in words, and so that what the sets
say can be asked again another way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from netmatrix.policy.addresses import ALL_ADDRESSES, AddressSet, Family, address_text
from netmatrix.policy.labels import EVERYTHING
from netmatrix.policy.objects import Direction, Namespace, NetworkPolicy, Peer, Port, Rule
from netmatrix.policy.ports import ALL_PORTS, PortSet, Protocol
from netmatrix.policy.semantics import Model, isolates, port_numbers, rule_addresses
from netmatrix.policy.source import Origin

_EVERY_PORT = tuple(Port(protocol) for protocol in Protocol)


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a packet: an address, which is a pod's where there is a `namespace`.

    `port_names` are the named ports of a pod; None where they are not known, so that every name may stand for any port.
    """

    address: int
    namespace: Namespace | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    port_names: frozenset[tuple[str, Protocol, int]] | None = None


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a connection, as it is after the translation of Service addresses."""

    source: Party
    destination: Party
    family: Family
    protocol: Protocol
    port: int

    def own(self, direction: Direction) -> Party:
        """The end whose policies of `direction` judge the packet."""
        return self.source if direction is Direction.EGRESS else self.destination

    def other(self, direction: Direction) -> Party:
        """The end that these policies name as a peer."""
        return self.destination if direction is Direction.EGRESS else self.source

    def address(self, party: Party) -> str:
        """The address of an end, as text."""
        return address_text(self.family, party.address)


@dataclass(frozen=True, slots=True)
class RuleOf:
    """One rule of a policy: the `index`-th of its direction, from 0."""

    policy: NetworkPolicy
    direction: Direction
    index: int

    @property
    def origin(self) -> Origin | None:
        """Where the rule was read."""
        return self.policy.rules(self.direction)[self.index].origin or self.policy.origin

    def __str__(self) -> str:
        return f"{self.direction.lower()} rule {self.index + 1} of policy {self.policy}"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a rule of another tier decides: before all NetworkPolicies, or beneath them where none isolates the end."""

    accepts: bool
    rule: str
    origin: Origin | None

    def __str__(self) -> str:
        return self.rule


@dataclass(frozen=True, slots=True)
class EndVerdict:
    """What one end says: the policies that isolate it in that direction, and the rules that admit the packet.

    A `ruling` goes before both.
    """

    direction: Direction
    isolated_by: tuple[NetworkPolicy, ...]
    admitted_by: tuple[RuleOf, ...]
    ruling: Ruling | None = None

    @property
    def allowed(self) -> bool:
        """An end that no policy isolates allows everything; one that is isolated what some rule admits."""
        if self.ruling is not None:
            return self.ruling.accepts
        return bool(self.admitted_by) or not self.isolated_by


def judge_packet(policies: Iterable[NetworkPolicy], packet: Packet, model: Model) -> tuple[EndVerdict, EndVerdict]:
    """What the source's and the destination's ends say; the packet passes where both allow it.

    "Both the egress policy on the source pod and the ingress policy on the destination pod need to allow the
    connection. If either side does not allow the connection, it will not happen" (Kubernetes documentation, Network
    Policies, "The two sorts of pod isolation").
    """
    known = tuple(policies)
    return judge_end(known, packet, Direction.EGRESS, model), judge_end(known, packet, Direction.INGRESS, model)


def judge_end(policies: Iterable[NetworkPolicy], packet: Packet, direction: Direction, model: Model) -> EndVerdict:
    """What one end says. An address outside the cluster forbids nothing."""
    isolating = tuple(policy for policy in policies if _isolates(policy, packet.own(direction), direction))
    admitting = tuple(rule for policy in isolating for rule in _admitting(policy, packet, direction, model))
    return EndVerdict(direction, isolating, admitting)


def open_ports(policies: Iterable[NetworkPolicy], packet: Packet, model: Model) -> PortSet:
    """All ports on which a packet between the two ends would pass; a name counts where a pod's ports are known."""
    known = tuple(policies)
    return ports_at(known, packet, Direction.EGRESS, model) & ports_at(known, packet, Direction.INGRESS, model)


def ports_at(policies: Iterable[NetworkPolicy], packet: Packet, direction: Direction, model: Model) -> PortSet:
    """All ports on which one end would let the packet pass."""
    isolating = [policy for policy in policies if _isolates(policy, packet.own(direction), direction)]
    if not isolating:
        return ALL_PORTS
    names = packet.destination.port_names or frozenset()
    return PortSet.union(
        port_numbers(port) if not isinstance(port.port, str) else PortSet.union(_of_name(port, names))
        for policy in isolating
        for rule in policy.rules(direction)
        if _is_any_peer(rule, policy.namespace, packet, direction, model)
        for port in rule.ports or _EVERY_PORT
    )


def addresses_at(policies: Iterable[NetworkPolicy], packet: Packet, direction: Direction) -> AddressSet:
    """All addresses outside the cluster with which one end would let the packet pass, at the other end, on its port."""
    isolating = [policy for policy in policies if _isolates(policy, packet.own(direction), direction)]
    if not isolating:
        return ALL_ADDRESSES
    return AddressSet.union(
        rule_addresses(rule)
        for policy in isolating
        for rule in policy.rules(direction)
        if not rule.ports or any(_is_port(port, packet) for port in rule.ports)
    )


def _of_name(port: Port, names: Iterable[tuple[str, Protocol, int]]) -> Iterator[PortSet]:
    return (
        PortSet.of(protocol, number)
        for name, protocol, number in names
        if (name, protocol) == (port.port, port.protocol)
    )


def _isolates(policy: NetworkPolicy, party: Party, direction: Direction) -> bool:
    return (
        party.namespace is not None
        and policy.namespace == party.namespace.name
        and isolates(policy, direction)
        and policy.pod_selector.matches(party.labels)
    )


def _admitting(policy: NetworkPolicy, packet: Packet, direction: Direction, model: Model) -> Iterator[RuleOf]:
    for index, rule in enumerate(policy.rules(direction)):
        if admits(rule, policy.namespace, packet, direction, model):
            yield RuleOf(policy, direction, index)


def admits(rule: Rule, home: str, packet: Packet, direction: Direction, model: Model) -> bool:
    """Whether a rule of a policy in the namespace `home` admits the packet: one of its peers AND one of its ports."""
    return (not rule.ports or any(_is_port(port, packet) for port in rule.ports)) and _is_any_peer(
        rule, home, packet, direction, model
    )


def _is_any_peer(rule: Rule, home: str, packet: Packet, direction: Direction, model: Model) -> bool:
    party = packet.other(direction)
    return not rule.peers or any(_is_peer(peer, home, party, packet.family, model) for peer in rule.peers)


def _is_peer(peer: Peer, home: str, party: Party, family: Family, model: Model) -> bool:
    if peer.ip_block is not None:
        matches = party.namespace is None or (model.ipblock_matches_pods and not peer.ip_block.outside)
        return matches and peer.ip_block.contains(family, party.address)
    if party.namespace is None:
        return False
    if peer.namespace_selector is None:
        in_namespace = party.namespace.name == home
    else:
        in_namespace = peer.namespace_selector.matches(party.namespace.labels)
    return in_namespace and (peer.pod_selector or EVERYTHING).matches(party.labels)


def _is_port(port: Port, packet: Packet) -> bool:
    if port.protocol is not packet.protocol:
        return False
    if port.port is None:
        return True
    if isinstance(port.port, str):
        if packet.destination.namespace is None:
            return False
        names = packet.destination.port_names
        return names is None or (port.port, port.protocol, packet.port) in names
    return port.port <= packet.port <= (port.end_port or port.port)
