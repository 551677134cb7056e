"""Openings gathered into what a reviewer reads: one line for each connection, and what kind of opening it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from netmatrix.policy.addresses import FAMILIES, AddressSet
from netmatrix.policy.objects import Direction
from netmatrix.policy.packet import addresses_at, open_ports, ports_at
from netmatrix.policy.ports import PortSet
from netmatrix.proof.deviations import ADDRESSES, Deviation
from netmatrix.proof.difference import Difference, Opening, Side
from netmatrix.proof.names import ranges
from netmatrix.proof.told import Told, is_whole, other_end, own, whole

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


_Parts = tuple[Opening, ...]
"""Openings that are told as one; the first stands for them all."""


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
        gained=_gathered(found.before, found.after, found.gained, found.plain, gained=True),
        lost=_gathered(found.after, found.before, found.lost, found.plain, gained=False),
    )


def _gathered(
    closed: Side, opened: Side, openings: Sequence[Opening], plain: Mapping[str, str], *, gained: bool
) -> tuple[Change, ...]:
    several = _supposing_nothing([parts for alike in _alike(openings) for parts in _joined(alike)], plain)
    told = Told(parts[0] for parts in several)
    by_text: dict[tuple[str, str, str], list[Opening]] = {}
    for parts in several:
        if not told.implies(parts[0], _opened_ends(closed, parts[0])):
            by_text.setdefault(_wording(opened, told, parts[0]), []).extend(parts)
    found = [Change(gained, *words, _kind(closed, words, items[0]), tuple(items)) for words, items in by_text.items()]
    order = list(Kind)
    return tuple(sorted(found, key=lambda item: (order.index(item.kind), item.text)))


def _supposing_nothing(several: Sequence[_Parts], plain: Mapping[str, str]) -> Sequence[_Parts]:
    """Without those that suppose labels of a namespace, where the same is so without them: joined with these."""
    found = {_but_example(parts[0], parts[0].deviation): parts for parts in several}
    for end in Direction:
        for key, parts in list(found.items()):
            item = parts[0].deviation
            name = plain.get(own(item, end).name)
            if name is None:
                continue
            known = replace(item, source=name) if end is Direction.EGRESS else replace(item, destination=name)
            without = _but_example(parts[0], known)
            if without in found:
                found[without] = (*found[without], *found.pop(key))
    return list(found.values())


def _but_example(opening: Opening, item: Deviation) -> object:
    """All that a deviation says, but for its example."""
    addresses = item.source_addresses, item.destination_addresses
    return item.source, item.destination, item.ports, item.families, item.models, addresses, opening.names


def _alike(openings: Iterable[Opening]) -> Iterable[list[Opening]]:
    """The openings that differ in no more than addresses and models."""
    found: dict[object, list[Opening]] = {}
    for item in openings:
        known = item.deviation
        found.setdefault((known.source, known.destination, known.ports, known.families, item.names), []).append(item)
    return found.values()


def _joined(parts: list[Opening]) -> list[_Parts]:
    """As they are; but where ipBlocks match pods, some pods may be reachable already at addresses that are open.

    It is one and the same connection that is new elsewhere, and is told as one: for pods at any address in one model,
    at other addresses in the other model, which never lets less through.
    """
    anywhere = [item for item in parts if item.deviation.models == (False,) and is_whole(item.deviation)]
    ranged = [item for item in parts if item.deviation.models == (True,)]
    if len(anywhere) != 1 or not ranged:
        return [(item,) for item in parts]
    rest = [(item,) for item in parts if item is not anywhere[0] and item.deviation.models != (True,)]
    deviation = replace(anywhere[0].deviation, models=(False, True))
    return [(replace(anywhere[0], deviation=deviation), *ranged), *rest]


def _opened_ends(closed: Side, opening: Opening) -> dict[Direction, PortSet]:
    """The ends that did not let all of it pass on the one side, each with the ports that it did not."""
    found: dict[Direction, PortSet] = {}
    for end in Direction:
        ports = opening.deviation.ports - ports_at(closed.policies, opening.closed.packet, end, opening.model)
        if ports:
            found[end] = ports
    return found


def _wording(opened: Side, told: Told, opening: Opening) -> tuple[str, str, str]:
    item = opening.deviation
    source, destination = (_end_text(opened, told, opening, end) for end in (Direction.EGRESS, Direction.INGRESS))
    names = " and ".join(repr(name) for name, _ in sorted(opening.names))
    ports = f"{item.ports} where it calls the port {names}" if names else str(item.ports)
    return source, destination, f"{ports}{_condition(item)}"


def _condition(item: Deviation) -> str:
    """The family, where no address tells it, and the model, where it is but one."""
    return replace(item, families=FAMILIES).over if ADDRESSES in (item.source, item.destination) else item.over


def _end_text(opened: Side, told: Told, opening: Opening, end: Direction) -> str:
    """An end as it is called: anyone, an endpoint of the matrix, all its ranges, or a pod with them."""
    item = opening.deviation
    name, addresses = own(item, end).name, own(item, end).addresses
    if name != ADDRESSES:
        return name if addresses == whole(item) else f"{name} (at {_ranges_text(opened, addresses)})"
    if told.to_anyone(opening):
        return ANYONE
    if addresses == whole(item):
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
        other = other_end(item, end)
        ranged = other.name == ADDRESSES or other.addresses != whole(item)
        if ranged and addresses_at(closed.policies, packet, end):
            return Kind.WIDER_RANGE
    return Kind.NEW_PEER
