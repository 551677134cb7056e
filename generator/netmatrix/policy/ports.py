"""Sets of destination ports, per protocol, in one canonical form: `==` decides whether two sets are the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from netmatrix.policy import intervals
from netmatrix.policy.intervals import Intervals

FIRST_PORT = 1
LAST_PORT = 65535


class Protocol(StrEnum):
    """The protocols that a NetworkPolicy can name. About any other, ICMP among them, policies say nothing."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


@dataclass(frozen=True, slots=True, order=True)
class PortSet:
    """A set of (protocol, destination port). The order has no meaning but to be always the same."""

    tcp: Intervals = ()
    udp: Intervals = ()
    sctp: Intervals = ()

    @staticmethod
    def of(protocol: Protocol, first: int, last: int | None = None) -> PortSet:
        """The ports `first` to `last` of one protocol; one port where `last` is left out."""
        pairs = intervals.canonical([(first, first if last is None else last)])
        match protocol:
            case Protocol.TCP:
                return PortSet(tcp=pairs)
            case Protocol.UDP:
                return PortSet(udp=pairs)
            case Protocol.SCTP:
                return PortSet(sctp=pairs)

    @staticmethod
    def union(sets: Iterable[PortSet]) -> PortSet:
        """What is in any of `sets`."""
        distinct = set(sets)
        if len(distinct) == 1:
            return distinct.pop()
        return PortSet(
            intervals.canonical(pair for ports in distinct for pair in ports.tcp),
            intervals.canonical(pair for ports in distinct for pair in ports.udp),
            intervals.canonical(pair for ports in distinct for pair in ports.sctp),
        )

    def of_protocol(self, protocol: Protocol) -> Intervals:
        """The ports of one protocol."""
        match protocol:
            case Protocol.TCP:
                return self.tcp
            case Protocol.UDP:
                return self.udp
            case Protocol.SCTP:
                return self.sctp

    def contains(self, protocol: Protocol, port: int) -> bool:
        """Whether the set holds that port of that protocol."""
        return intervals.contains(self.of_protocol(protocol), port)

    def __or__(self, other: PortSet) -> PortSet:
        return PortSet(
            intervals.union(self.tcp, other.tcp),
            intervals.union(self.udp, other.udp),
            intervals.union(self.sctp, other.sctp),
        )

    def __and__(self, other: PortSet) -> PortSet:
        return PortSet(
            intervals.intersection(self.tcp, other.tcp),
            intervals.intersection(self.udp, other.udp),
            intervals.intersection(self.sctp, other.sctp),
        )

    def __sub__(self, other: PortSet) -> PortSet:
        return PortSet(
            intervals.difference(self.tcp, other.tcp),
            intervals.difference(self.udp, other.udp),
            intervals.difference(self.sctp, other.sctp),
        )

    def __bool__(self) -> bool:
        return bool(self.tcp or self.udp or self.sctp)

    def __str__(self) -> str:
        """`All Connections`, `No Connections`, or such as `TCP 80,8080-8090,UDP 53`."""
        if self == ALL_PORTS:
            return "All Connections"
        named = (("SCTP", self.sctp), ("TCP", self.tcp), ("UDP", self.udp))
        return ",".join(f"{name} {_text(pairs)}" for name, pairs in named if pairs) or "No Connections"


_EVERY = ((FIRST_PORT, LAST_PORT),)

NO_PORTS = PortSet()
ALL_PORTS = PortSet(_EVERY, _EVERY, _EVERY)


class UnionOfSome:
    """What is in any of those of some sets that are switched on: none of them at first.

    The unions of pairs, of pairs of pairs and so on are kept as a tree, so that a switch costs the way to its root and
    not a union of all: thousands of ranges of addresses, each with ports of its own, are swept over by it.
    """

    def __init__(self, sets: Sequence[PortSet]) -> None:
        self._sets = sets
        self._unions = [NO_PORTS] * (2 * len(sets))  # the root is 1, the children of n are 2n and 2n + 1

    @property
    def whole(self) -> PortSet:
        """The union."""
        return self._unions[1]

    def toggle(self, indices: Iterable[int]) -> None:
        """Switch each of these sets, none of which is empty, on or off."""
        changed = {len(self._sets) + index for index in indices}
        for leaf in changed:
            self._unions[leaf] = NO_PORTS if self._unions[leaf] else self._sets[leaf - len(self._sets)]
        while changed := {node // 2 for node in changed if node > 1}:
            for node in changed:
                self._unions[node] = self._unions[2 * node] | self._unions[2 * node + 1]


def _text(pairs: Intervals) -> str:
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in pairs)
