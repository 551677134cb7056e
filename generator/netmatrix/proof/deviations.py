"""Packets on which two answers disagree, gathered under the names of their ends, each with one packet as its proof."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from netmatrix.policy.addresses import ALL_ADDRESSES, AddressSet, Family
from netmatrix.policy.bits import Bits
from netmatrix.policy.differences import (
    AddressDifference,
    Ends,
    PodDifference,
    address_differences,
    pod_differences,
)
from netmatrix.policy.objects import Direction
from netmatrix.policy.open_world import OpenWorld
from netmatrix.policy.packet import Packet, Party
from netmatrix.policy.ports import PortSet, Protocol
from netmatrix.proof.names import Names, addresses_text, sample_address

ADDRESSES = "addresses"
"""The name of an end outside the cluster; which addresses it is about stands beside it."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """From `source` to `destination`, on `ports` over `families`: more, or less, than there should be.

    `source_addresses` and `destination_addresses` say where a pod's own address decides, or which addresses outside
    the cluster it is about. `packet` is the smallest example. `models` are those in which it holds: whether an ipBlock
    matches pods.
    """

    gained: bool
    source: str
    destination: str
    ports: PortSet
    families: tuple[Family, ...]
    source_addresses: AddressSet
    destination_addresses: AddressSet
    models: tuple[bool, ...]
    packet: Packet

    @property
    def source_text(self) -> str:
        """The source in words, with addresses where these decide."""
        return _with_addresses(self.source, self.source_addresses, self)

    @property
    def destination_text(self) -> str:
        """The destination in words, with addresses where these decide."""
        return _with_addresses(self.destination, self.destination_addresses, self)

    @property
    def over(self) -> str:
        """The families, where it is not both; the model, where it holds in one alone."""
        parts = [] if len(self.families) > 1 else [str(self.families[0])]
        if len(self.models) == 1:
            parts.append("where ipBlocks match pods" if self.models[0] else "where ipBlocks do not match pods")
        return f" ({', '.join(parts)})" if parts else ""


@dataclass(frozen=True, slots=True)
class _Key:
    gained: bool
    source: str
    destination: str
    ports: PortSet


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a deviation: one class at each end, over one family, in one model."""

    family: Family
    source: Party
    destination: Party
    source_addresses: AddressSet
    destination_addresses: AddressSet


@dataclass(frozen=True, slots=True)
class Question:
    """What `after` lets through and `before` does not (`gains`), or the other way round (`losses`).

    `model` is the one of the two answers: whether ipBlocks match pods.
    """

    before: Ends
    after: Ends
    model: bool
    gains: bool = True
    losses: bool = False


def deviations(world: OpenWorld, names: Names, asked: Iterable[Question], concerned: Bits) -> tuple[Deviation, ...]:
    """All that differs, those between rows of the matrix first."""
    pieces: dict[tuple[_Key, bool], list[_Piece]] = defaultdict(list)
    for question in asked:
        for key, piece in _pieces(world, names, question, concerned):
            pieces[key, question.model].append(piece)
    found: dict[object, Deviation] = {}
    for (key, model), parts in sorted(pieces.items(), key=lambda item: item[0][1]):
        item = _deviation(key, model, parts)
        alike = (key, item.families, item.source_addresses, item.destination_addresses)
        known = found.setdefault(alike, item)
        if known is not item:
            found[alike] = replace(known, models=(*known.models, model))
    return tuple(sorted(found.values(), key=lambda item: _order(item, names)))


def _pieces(world: OpenWorld, names: Names, asked: Question, concerned: Bits) -> Iterator[tuple[_Key, _Piece]]:
    for block in pod_differences(world, asked.before, asked.after, concerned):
        for gains, ports in _answers(asked, block):
            yield from _pieces_between_pods(world, names, block, gains, ports)
    for outside in address_differences(world, asked.before, asked.after, concerned):
        for gains, ports in _answers(asked, outside):
            yield from _outside_pieces(world, names, outside, _Key(gains, "", "", ports))


def _answers(asked: Question, found: PodDifference | AddressDifference) -> Iterator[tuple[bool, PortSet]]:
    """Whether it is gains, and the ports."""
    if asked.gains and found.gained:
        yield True, found.gained
    if asked.losses and found.lost:
        yield False, found.lost


def _pieces_between_pods(
    world: OpenWorld, names: Names, block: PodDifference, gains: bool, ports: PortSet
) -> Iterator[tuple[_Key, _Piece]]:
    for one, source, source_addresses in _classes(world, names, block.sources, block.family, gains):
        for other, destination, destination_addresses in _classes(
            world, names, block.destinations, block.family, gains
        ):
            piece = _Piece(block.family, source, destination, source_addresses, destination_addresses)
            yield _Key(gains, one, other, ports), piece


def _outside_pieces(
    world: OpenWorld, names: Names, outside: AddressDifference, key: _Key
) -> Iterator[tuple[_Key, _Piece]]:
    (family,) = outside.addresses.families()
    party = Party(sample_address(outside.addresses, family, of_pod=False))
    for name, pod, addresses in _classes(world, names, outside.pods, family, key.gained):
        if outside.direction is Direction.EGRESS:
            found = _Key(key.gained, name, ADDRESSES, key.ports)
            yield found, _Piece(family, pod, party, addresses, outside.addresses)
        else:
            found = _Key(key.gained, ADDRESSES, name, key.ports)
            yield found, _Piece(family, party, pod, outside.addresses, addresses)


def _classes(
    world: OpenWorld, names: Names, bits: Bits, family: Family, gains: bool
) -> Iterator[tuple[str, Party, AddressSet]]:
    """Name, an example and addresses of each class. Ports go by any name where more may be open, else by none."""
    for number, blocks in world.without_addresses(bits).items():
        addresses = AddressSet.union(blocks).only(family)
        if addresses:
            namespace, labels = world.pod_class(number)
            address = sample_address(addresses, family, of_pod=True)
            party = Party(address, namespace, labels, None if gains else frozenset())
            yield names.of_class(number), party, addresses


def _deviation(key: _Key, model: bool, pieces: list[_Piece]) -> Deviation:
    smallest = min(pieces, key=lambda piece: piece.family)
    protocol, port = smallest_port(key.ports)
    return Deviation(
        key.gained,
        key.source,
        key.destination,
        key.ports,
        tuple(sorted({piece.family for piece in pieces})),
        AddressSet.union(piece.source_addresses for piece in pieces),
        AddressSet.union(piece.destination_addresses for piece in pieces),
        (model,),
        Packet(smallest.source, smallest.destination, smallest.family, protocol, port),
    )


def smallest_port(ports: PortSet) -> tuple[Protocol, int]:
    """The lowest port of the first protocol that has one."""
    return next((protocol, ports.of_protocol(protocol)[0][0]) for protocol in Protocol if ports.of_protocol(protocol))


def _order(item: Deviation, names: Names) -> tuple[object, ...]:
    """What is plain before what needs a condition, a special address or further labels; rows of the matrix first."""
    conditions = (len(item.models) == 1) + sum(_is_part(addresses, item) for addresses in _addresses_of_pods(item))
    special = names.is_special(item.source) + names.is_special(item.destination)
    ours = names.is_ours(item.source) + names.is_ours(item.destination)
    ends = (item.source, item.destination)
    return (conditions, special, -ours, *ends, not item.gained, smallest_port(item.ports), str(item.ports))


def _addresses_of_pods(item: Deviation) -> Iterator[AddressSet]:
    if item.source != ADDRESSES:
        yield item.source_addresses
    if item.destination != ADDRESSES:
        yield item.destination_addresses


def _is_part(addresses: AddressSet, item: Deviation) -> bool:
    return addresses != AddressSet.union(ALL_ADDRESSES.only(family) for family in item.families)


def _with_addresses(name: str, addresses: AddressSet, item: Deviation) -> str:
    if not _is_part(addresses, item):
        return "any address" if name == ADDRESSES else name
    told = addresses_text(addresses)
    return told if name == ADDRESSES else f"{name} (at {told})"
