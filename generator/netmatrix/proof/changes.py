"""Openings gathered into what a reviewer reads: one line for each connection, and what kind of opening it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from netmatrix.policy.addresses import ALL_ADDRESSES, FAMILIES, AddressSet
from netmatrix.policy.objects import Direction
from netmatrix.policy.packet import addresses_at, open_ports, ports_at
from netmatrix.policy.ports import PortSet
from netmatrix.proof.deviations import ADDRESSES, Deviation
from netmatrix.proof.difference import Difference, Opening, Side
from netmatrix.proof.names import STRANGER, ranges

ANYONE = "anyone"
"""Every address and every pod whose own policies let it."""


class Kind(StrEnum):
    """What is new about a connection, the gravest first."""

    FROM_ANYWHERE = "from anywhere"
    TO_ANYWHERE = "to anywhere"
    WIDER_RANGE = "wider range"
    NEW_PEER = "new peer"
    NEW_PORT = "new port"


@dataclass(frozen=True, slots=True)
class Change:
    """A connection that one side lets through and the other does not; `text` is what it is called everywhere.

    `openings` are its parts, the first of which stands for them all: its packet is the example.
    """

    gained: bool
    source: str
    destination: str
    ports: str
    kind: Kind
    openings: tuple[Opening, ...]

    @property
    def text(self) -> str:
        """Source, destination and ports, and under what condition."""
        return f"{self.source} -> {self.destination}: {self.ports}"

    @property
    def example(self) -> Opening:
        """The opening whose packet stands for all."""
        return self.openings[0]


@dataclass(frozen=True, slots=True)
class Changes:
    """What is gained and lost, each with the gravest first."""

    gained: tuple[Change, ...]
    lost: tuple[Change, ...]


def changes(found: Difference) -> Changes:
    """The openings of a difference, gathered.

    Where an end of a connection was opened to anyone, or to a range of addresses, and that is told by itself, the pods
    among them are not told once more: but where their own end was opened as well, and that is not told.
    """
    return Changes(
        gained=_gathered(found.before, found.after, found.gained, gained=True),
        lost=_gathered(found.after, found.before, found.lost, gained=False),
    )


def _gathered(closed: Side, opened: Side, openings: Sequence[Opening], *, gained: bool) -> tuple[Change, ...]:
    joined = [_joined(parts) for parts in _alike(openings)]
    heads = [parts[0] for found in joined for parts in found]
    told = _Told(heads)
    by_text: dict[tuple[str, str, str], list[Opening]] = {}
    for parts in (parts for found in joined for parts in found):
        if not told.implies(parts[0], _opened_ends(closed, parts[0])):
            by_text.setdefault(_wording(opened, told, parts[0]), []).extend(parts)
    found = [Change(gained, *words, _kind(closed, words, items[0]), tuple(items)) for words, items in by_text.items()]
    order = list(Kind)
    return tuple(sorted(found, key=lambda item: (order.index(item.kind), item.text)))


def _alike(openings: Iterable[Opening]) -> Iterable[list[Opening]]:
    """The openings that differ in no more than addresses and models."""
    found: dict[object, list[Opening]] = {}
    for item in openings:
        known = item.deviation
        found.setdefault((known.source, known.destination, known.ports, known.families, item.names), []).append(item)
    return found.values()


def _joined(parts: list[Opening]) -> list[tuple[Opening, ...]]:
    """As they are; but where ipBlocks match pods, some pods may be reachable already at addresses that are open.

    It is one and the same connection that is new elsewhere, and is told as one: for pods at any address in one model,
    at other addresses in the other model.
    """
    whole = [item for item in parts if item.deviation.models == (False,) and _is_whole(item.deviation)]
    ranged = [item for item in parts if item.deviation.models == (True,)]
    if not (whole and ranged):
        return [(item,) for item in parts]
    rest = [(item,) for item in parts if item is not whole[0] and item not in ranged]
    deviation = replace(whole[0].deviation, models=(False, True))
    return [(replace(whole[0], deviation=deviation), *ranged), *rest]


class _Told:
    """The ends that are opened to many at once, as far as that is told by itself."""

    def __init__(self, openings: Iterable[Opening]) -> None:
        known = [item.deviation for item in openings if not item.names]
        wide = [item for item in known if ADDRESSES in (item.source, item.destination)]
        self._wide: dict[tuple[Direction, str], list[Deviation]] = defaultdict(list)
        for item in wide:
            self._wide[_opened_end(item)[:2]].append(item)
        to_strangers = {
            (end, _own(item, end).name, item.ports)
            for item in known
            for end in Direction
            if _other(item, end).name == STRANGER and _is_certain(item)
        }
        self._anyone = {key for item in wide if _is_certain(item) and (key := _opened_end(item)) in to_strangers}

    def to_anyone(self, item: Deviation) -> bool:
        """Whether an opening to addresses is told as one to anyone: to all of them, and to strangers' pods as well."""
        return _is_certain(item) and _opened_end(item) in self._anyone

    def implies(self, opening: Opening, ends: Mapping[Direction, PortSet]) -> bool:
        """Whether it goes without saying: each end that was opened is told as opened to many, the other among them."""
        item = opening.deviation
        if opening.names or ADDRESSES in (item.source, item.destination):
            return False
        return all(
            any(self._includes(wide, item, end, ports) for wide in self._wide[end, _own(item, end).name])
            for end, ports in ends.items()
        )

    def _includes(self, wide: Deviation, item: Deviation, end: Direction, ports: PortSet) -> bool:
        if (
            ports - wide.ports
            or not {*item.families} <= {*wide.families}
            or _own(item, end).addresses - _own(wide, end).addresses
        ):
            return False
        if self.to_anyone(wide):
            return True
        return item.models == (True,) and not _other(item, end).addresses - _other(wide, end).addresses


@dataclass(frozen=True, slots=True)
class _End:
    """An end of a deviation."""

    name: str
    addresses: AddressSet


def _own(item: Deviation, end: Direction) -> _End:
    if end is Direction.EGRESS:
        return _End(item.source, item.source_addresses)
    return _End(item.destination, item.destination_addresses)


def _other(item: Deviation, end: Direction) -> _End:
    return _own(item, Direction.INGRESS if end is Direction.EGRESS else Direction.EGRESS)


def _opened_end(wide: Deviation) -> tuple[Direction, str, PortSet]:
    """The pod's end of an opening to addresses: they forbid nothing themselves."""
    end = Direction.EGRESS if wide.destination == ADDRESSES else Direction.INGRESS
    return end, _own(wide, end).name, wide.ports


def _is_whole(item: Deviation) -> bool:
    """Whether it is about all addresses of its families at both ends."""
    return item.source_addresses == item.destination_addresses == _whole(item)


def _whole(item: Deviation) -> AddressSet:
    return AddressSet.union(ALL_ADDRESSES.only(family) for family in item.families)


def _is_certain(item: Deviation) -> bool:
    """Whether it is about all addresses of both families at both ends, in both models."""
    return _is_whole(item) and len(item.families) == len(FAMILIES) and len(item.models) > 1


def _opened_ends(closed: Side, opening: Opening) -> dict[Direction, PortSet]:
    """The ends that did not let all of it pass on the one side, each with the ports that it did not."""
    found: dict[Direction, PortSet] = {}
    for end in Direction:
        ports = opening.deviation.ports - ports_at(closed.policies, opening.closed.packet, end, opening.model)
        if ports:
            found[end] = ports
    return found


def _wording(opened: Side, told: _Told, opening: Opening) -> tuple[str, str, str]:
    item = opening.deviation
    source, destination = (_end_text(opened, told, item, end) for end in (Direction.EGRESS, Direction.INGRESS))
    names = " and ".join(repr(name) for name, _ in sorted(opening.names))
    ports = f"{item.ports} where it calls the port {names}" if names else str(item.ports)
    return source, destination, f"{ports}{_condition(item)}"


def _condition(item: Deviation) -> str:
    """The family, where no address tells it, and the model, where it is but one."""
    return replace(item, families=FAMILIES).over if ADDRESSES in (item.source, item.destination) else item.over


def _end_text(opened: Side, told: _Told, item: Deviation, end: Direction) -> str:
    """An end as it is called: anyone, an endpoint of the matrix, all its ranges, or a pod with them."""
    name, addresses = _own(item, end).name, _own(item, end).addresses
    whole = _whole(item)
    if name != ADDRESSES:
        return name if addresses == whole else f"{name} (at {_ranges_text(opened, addresses)})"
    if told.to_anyone(item):
        return ANYONE
    if addresses == whole:
        return "any address" if len(item.families) == len(FAMILIES) else f"any {item.families[0]} address"
    return _ranges_text(opened, addresses)


def _ranges_text(opened: Side, addresses: AddressSet) -> str:
    """An endpoint's name, where it is just that; else every range, since this is what a reviewer agrees to."""
    if opened.granted is not None:
        for name, end in opened.granted.endpoints.items():
            if end.addresses == addresses:
                return name
    return ", ".join(ranges(addresses))


def _kind(closed: Side, words: tuple[str, str, str], opening: Opening) -> Kind:
    """What is new: asked of the side that does not let the example pass."""
    source, destination, _ = words
    item, packet = opening.deviation, opening.closed.packet
    if source == ANYONE or (source.startswith("any ") and item.source == ADDRESSES):
        return Kind.FROM_ANYWHERE
    if destination == ANYONE or (destination.startswith("any ") and item.destination == ADDRESSES):
        return Kind.TO_ANYWHERE
    if open_ports(closed.policies, packet, opening.model):
        return Kind.NEW_PORT
    for end in Direction:
        other = _other(item, end)
        ranged = other.name == ADDRESSES or other.addresses != _whole(item)
        if ranged and addresses_at(closed.policies, packet, end):
            return Kind.WIDER_RANGE
    return Kind.NEW_PEER
