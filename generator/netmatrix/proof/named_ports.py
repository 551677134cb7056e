"""Names of ports in policies, on pods of which nothing is known but that they could exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from netmatrix.policy.objects import Direction, NetworkPolicy
from netmatrix.policy.traffic import PortName


def telling_names(policies: Iterable[NetworkPolicy]) -> Iterator[frozenset[PortName]]:
    """The names that one port may have, as far as comparing `policies` goes; having none comes first.

    What some of them let through by names, they let through by one at the sender's end and one at the receiver's;
    further names could only let others do so as well. So no more than two names matter, one of each end.
    """
    known = tuple(policies)
    leaving, entering = ({*_names(known, direction)} for direction in (Direction.EGRESS, Direction.INGRESS))
    yield frozenset()
    yield from (frozenset({name}) for name in sorted(leaving | entering))
    pairs = {frozenset(pair) for pair in product(leaving, entering) if pair[0] != pair[1] and pair[0][1] == pair[1][1]}
    yield from sorted(pairs, key=sorted)


def _names(policies: Iterable[NetworkPolicy], direction: Direction) -> Iterator[PortName]:
    for policy in policies:
        for rule in policy.rules(direction):
            yield from ((port.port, port.protocol) for port in rule.ports if isinstance(port.port, str))
