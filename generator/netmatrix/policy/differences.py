"""Where two answers to "who reaches whom" differ: every connection that one allows and the other does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from netmatrix.policy.addresses import ALL_ADDRESSES, FAMILIES, AddressSet, Family
from netmatrix.policy.bits import Bits, without
from netmatrix.policy.objects import Direction, NetworkPolicy
from netmatrix.policy.open_world import OpenWorld
from netmatrix.policy.ports import NO_PORTS, PortSet
from netmatrix.policy.semantics import Model
from netmatrix.policy.traffic import FamilyPorts, TrafficClass, traffic_classes
from netmatrix.policy.universe import Universe

_NOTHING = FamilyPorts(NO_PORTS, NO_PORTS)


@dataclass(frozen=True, slots=True)
class Ends:
    """What the two ends of connections allow: egress of the sources, ingress of the destinations."""

    egress: tuple[TrafficClass, ...]
    ingress: tuple[TrafficClass, ...]

    def of(self, direction: Direction) -> tuple[TrafficClass, ...]:
        """The classes of one direction."""
        return self.ingress if direction is Direction.INGRESS else self.egress


def ends(policies: Iterable[NetworkPolicy], universe: Universe, model: Model) -> Ends:
    """What `policies` allow at the ends of connections between all pods of `universe`, such as all that could exist."""
    known = tuple(policies)
    return Ends(
        traffic_classes(known, Direction.EGRESS, universe, model),
        traffic_classes(known, Direction.INGRESS, universe, model),
    )


def names_ports(policy: NetworkPolicy) -> bool:
    """Whether a rule of the policy says a port by name."""
    return any(isinstance(port.port, str) for rule in (*policy.ingress, *policy.egress) for port in rule.ports)


@dataclass(frozen=True, slots=True)
class PodDifference:
    """From every pod of `sources` to every pod of `destinations`, over `family`: what is `gained` and `lost`."""

    sources: Bits
    destinations: Bits
    family: Family
    gained: PortSet
    lost: PortSet


@dataclass(frozen=True, slots=True)
class AddressDifference:
    """Between every pod of `pods` and each of `addresses` outside the cluster: what is `gained` and `lost`."""

    direction: Direction
    pods: Bits
    addresses: AddressSet
    gained: PortSet
    lost: PortSet


@dataclass(frozen=True, slots=True)
class _Pair:
    """Pods that are of one class before and of one class after, and whom these treat alike at the other end."""

    members: Bits
    parts: tuple[tuple[Bits, FamilyPorts, FamilyPorts], ...]
    changed: Bits  # the peers with which this end allows other ports than before


def pod_differences(world: OpenWorld, before: Ends, after: Ends, concerned: Bits) -> Iterator[PodDifference]:
    """All differences between pods of which one end at least is in `concerned`, in disjoint blocks.

    An end by itself may differ without any effect, where the other end forbids the connection before and after.
    """
    universe = world.universe
    leaving = list(_pairs(before.egress, after.egress, universe.everyone))
    entering = list(_pairs(before.ingress, after.ingress, universe.everyone))
    entering_otherwise = [item for item in entering if item.changed]
    for out in leaving:
        for into in entering if out.changed else entering_otherwise:
            blocks = (
                (out.members, into.members & out.changed),
                (out.members & into.changed, without(into.members, out.changed)),
            )
            for sources, destinations in blocks:
                for block in _concerned(sources, destinations, concerned):
                    for some, others in world.consistent(*block):
                        yield from _differing(world, out, into, some, others)


def address_differences(world: OpenWorld, before: Ends, after: Ends, concerned: Bits) -> Iterator[AddressDifference]:
    """All differences between pods of `concerned` and addresses outside the cluster, which forbid nothing."""
    for direction in Direction:
        for old in before.of(direction):
            for new in after.of(direction):
                pods = old.members & new.members & concerned
                if pods and old.addresses != new.addresses:
                    yield from _differing_addresses(world, direction, pods, old, new)


def _pairs(before: Iterable[TrafficClass], after: Iterable[TrafficClass], everyone: Bits) -> Iterator[_Pair]:
    later = list(after)
    for old in before:
        for new in later:
            common = old.members & new.members
            if not common:
                continue
            parts = tuple(_parts(old, new, everyone))
            changed: Bits = 0
            for bits, old_ports, new_ports in parts:
                if old_ports != new_ports:
                    changed |= bits
            yield _Pair(common, parts, changed)


def _parts(old: TrafficClass, new: TrafficClass, everyone: Bits) -> Iterator[tuple[Bits, FamilyPorts, FamilyPorts]]:
    """Everybody at the other end, by what is open to them before and after; those left out to whom nothing ever is."""
    if old.pods == new.pods:
        yield from ((bits, ports, ports) for ports, bits in old.pods)
        return
    new_parts = [*new.pods, (_NOTHING, without(everyone, new.peers()))]
    for ports, bits in (*old.pods, (_NOTHING, without(everyone, old.peers()))):
        for new_ports, new_bits in new_parts:
            if bits & new_bits and (ports or new_ports):
                yield bits & new_bits, ports, new_ports


def _concerned(sources: Bits, destinations: Bits, concerned: Bits) -> Iterator[tuple[Bits, Bits]]:
    for some, others in (
        (sources & concerned, destinations),
        (without(sources, concerned), destinations & concerned),
    ):
        if some and others:
            yield some, others


def _differing(world: OpenWorld, out: _Pair, into: _Pair, sources: Bits, destinations: Bits) -> Iterator[PodDifference]:
    """The differences in a block of which both ends are one class each, before and after."""
    for reached, out_before, out_after in out.parts:
        to = destinations & reached
        if not to:
            continue
        for taken, in_before, in_after in into.parts:
            from_ = sources & taken
            old, new = (out_before & in_before, out_after & in_after) if from_ else (_NOTHING, _NOTHING)
            if old == new:
                continue
            for family in FAMILIES:
                gained = new.of_family(family) - old.of_family(family)
                lost = old.of_family(family) - new.of_family(family)
                of_family = world.universe.of_family(family)
                if (gained or lost) and from_ & of_family and to & of_family:
                    yield PodDifference(from_ & of_family, to & of_family, family, gained, lost)


def _differing_addresses(
    world: OpenWorld, direction: Direction, pods: Bits, old: TrafficClass, new: TrafficClass
) -> Iterator[AddressDifference]:
    for ports, addresses in _with_rest(old):
        for new_ports, new_addresses in _with_rest(new):
            if ports == new_ports:
                continue
            common = addresses & new_addresses
            for family in common.families():
                some = pods & world.universe.of_family(family)
                if some:
                    gained, lost = new_ports - ports, ports - new_ports
                    yield AddressDifference(direction, some, common.only(family), gained, lost)


def _with_rest(item: TrafficClass) -> Iterator[tuple[PortSet, AddressSet]]:
    """All addresses by the ports that are open to them, those to which none is included."""
    yield from item.addresses
    rest = ALL_ADDRESSES - AddressSet.union(addresses for _, addresses in item.addresses)
    if rest:
        yield NO_PORTS, rest
