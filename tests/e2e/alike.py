"""Packets that no policy and no grant tells apart: whoever has judged one of them has judged them all."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address

from netmatrix.policy import intervals
from netmatrix.policy.addresses import AddressSet, Family
from netmatrix.policy.objects import Direction, NetworkPolicy
from netmatrix.policy.ports import Protocol
from netmatrix.policy.semantics import port_numbers
from netmatrix.proof.grants import Granted
from tests.e2e.endpoints import Endpoint
from tests.e2e.packets import Packet

HasAddress = Callable[[Family, int], bool]
HasPort = Callable[[Protocol, int], bool]


@dataclass(slots=True)
class Alike:
    """Ends are alike in one namespace with the same labels, where the same ranges hold their addresses.

    `ranges` and `ports` are all those that are spoken of, each as the question whether something is in it.
    """

    ranges: tuple[HasAddress, ...]
    ports: tuple[HasPort, ...]
    _ends: dict[tuple[int, str], tuple[Endpoint, int]] = field(default_factory=dict)
    _ports: dict[tuple[str, int], int] = field(default_factory=dict)
    _numbers: dict[Hashable, int] = field(default_factory=dict)
    """For each kind of end, and of port, a number: that is quick to compare."""

    def key(self, packet: Packet) -> Hashable:
        """Equal for packets that are alike."""
        arrives = packet.arrives
        return (
            self._end(packet.source, packet.source.addresses[arrives.family]),
            self._end(packet.destination, arrives.address),
            arrives.family,
            self.port(arrives.transport, arrives.port),
        )

    def port(self, protocol: str, port: int) -> int:
        """Equal for ports that are alike."""
        at = (protocol, port)
        if at not in self._ports:
            self._ports[at] = self._number((protocol, tuple(has(Protocol(protocol), port) for has in self.ports)))
        return self._ports[at]

    def _end(self, endpoint: Endpoint, address: str) -> int:
        """By the endpoint's identity, which stays its own as long as it is kept here."""
        at = (id(endpoint), address)
        if at not in self._ends:
            parsed = ip_address(address)
            held = tuple(holds(Family(parsed.version), int(parsed)) for holds in self.ranges)
            kind = (endpoint.namespace, frozenset(endpoint.labels.items()), held)
            self._ends[at] = endpoint, self._number(kind)
        return self._ends[at][1]

    def _number(self, kind: Hashable) -> int:
        return self._numbers.setdefault(kind, len(self._numbers))


def to_policies(policies: Iterable[NetworkPolicy]) -> Alike:
    """What `policies` do not tell apart. The pods of the cluster give their ports no names."""
    rules = [rule for policy in policies for direction in Direction for rule in policy.rules(direction)]
    blocks = {peer.ip_block for rule in rules for peer in rule.peers if peer.ip_block is not None}
    ports = {port for rule in rules for port in rule.ports}
    return Alike(tuple(block.contains for block in blocks), tuple(port_numbers(port).contains for port in ports))


def to_grants(granted: Granted) -> Alike:
    """What `granted` does not tell apart."""
    ranges = {end.addresses for grant in granted.grants for end in (grant.source, grant.destination)}
    ports = {grant.ports for grant in granted.grants}
    return Alike(tuple(partial(_holds, addresses) for addresses in ranges), tuple(item.contains for item in ports))


def _holds(addresses: AddressSet, family: Family, address: int) -> bool:
    return intervals.contains(addresses.of_family(family), address)
