"""What an opening to many says of each of them: to anyone, or to a range of addresses and the pods at them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netmatrix.policy.addresses import ALL_ADDRESSES, FAMILIES, AddressSet
from netmatrix.policy.objects import Direction
from netmatrix.policy.ports import PortSet
from netmatrix.policy.traffic import PortName
from netmatrix.proof.deviations import ADDRESSES, Deviation
from netmatrix.proof.difference import Opening
from netmatrix.proof.names import STRANGER


class Told:
    """The ends that are opened to many at once, as far as that is told by itself."""

    def __init__(self, openings: Iterable[Opening]) -> None:
        known = list(openings)
        wide = [item for item in known if ADDRESSES in (item.deviation.source, item.deviation.destination)]
        self._wide: dict[_EndOf, list[Opening]] = defaultdict(list)
        for item in wide:
            self._wide[_end_of(item, _pod_end(item.deviation))].append(item)
        to_strangers = {
            (_end_of(item, end), item.deviation.ports)
            for item in known
            for end in Direction
            if other_end(item.deviation, end).name == STRANGER and _is_certain(item.deviation)
        }
        ends = [(_end_of(item, _pod_end(item.deviation)), item.deviation) for item in wide]
        self._anyone = {(end, item.ports) for end, item in ends if _is_certain(item)} & to_strangers

    def to_anyone(self, item: Opening) -> bool:
        """Whether an opening to addresses is told as one to anyone: to all of them, and to strangers' pods as well."""
        known = item.deviation
        return _is_certain(known) and (_end_of(item, _pod_end(known)), known.ports) in self._anyone

    def implies(self, item: Opening, ends: Mapping[Direction, PortSet]) -> bool:
        """Whether it goes without saying: each end that was opened is told as opened to many, the other among them."""
        if ADDRESSES in (item.deviation.source, item.deviation.destination):
            return False
        return all(
            any(self._includes(wide, item.deviation, end, ports) for wide in self._wide[_end_of(item, end)])
            for end, ports in ends.items()
        )

    def _includes(self, opening: Opening, item: Deviation, end: Direction, ports: PortSet) -> bool:
        wide = opening.deviation
        if ports - wide.ports or not {*item.families} <= {*wide.families}:
            return False
        if own(item, end).addresses - own(wide, end).addresses:
            return False
        if self.to_anyone(opening):
            return True
        return item.models == (True,) and not other_end(item, end).addresses - other_end(wide, end).addresses


_EndOf = tuple[Direction, str, frozenset[PortName]]
"""An end by direction and name, and the names that its ports must have."""


def _end_of(item: Opening, end: Direction) -> _EndOf:
    return end, own(item.deviation, end).name, item.names


@dataclass(frozen=True, slots=True)
class End:
    """An end of a deviation."""

    name: str
    addresses: AddressSet


def own(item: Deviation, end: Direction) -> End:
    """The source for egress, the destination for ingress."""
    if end is Direction.EGRESS:
        return End(item.source, item.source_addresses)
    return End(item.destination, item.destination_addresses)


def other_end(item: Deviation, end: Direction) -> End:
    """The end that the first names as a peer."""
    return own(item, Direction.INGRESS if end is Direction.EGRESS else Direction.EGRESS)


def _pod_end(wide: Deviation) -> Direction:
    """The pod's end of an opening to addresses: they forbid nothing themselves."""
    return Direction.EGRESS if wide.destination == ADDRESSES else Direction.INGRESS


def is_whole(item: Deviation) -> bool:
    """Whether it is about all addresses of its families at both ends."""
    return item.source_addresses == item.destination_addresses == whole(item)


def whole(item: Deviation) -> AddressSet:
    """All addresses of its families."""
    return AddressSet.union(ALL_ADDRESSES.only(family) for family in item.families)


def _is_certain(item: Deviation) -> bool:
    """Whether it is about all addresses of both families at both ends, in both models."""
    return is_whole(item) and len(item.families) == len(FAMILIES) and len(item.models) > 1
