"""What the policies of one direction let through, for classes of pods that they treat alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from netmatrix.policy.addresses import ALL_ADDRESSES, FAMILIES, AddressSet, Family
from netmatrix.policy.bits import Bits, members, without
from netmatrix.policy.intervals import Intervals
from netmatrix.policy.objects import Direction, NetworkPolicy
from netmatrix.policy.ports import ALL_PORTS, NO_PORTS, PortSet, Protocol, UnionOfSome
from netmatrix.policy.semantics import Admission, Model, admission, isolates, selected_pods
from netmatrix.policy.universe import Universe

PortName = tuple[str, Protocol]
Selections = dict[Bits, set[Admission]]
"""Sets of pods that are isolated, each with all that is let through to or from its pods."""


@dataclass(frozen=True, slots=True)
class FamilyPorts:
    """The ports that are open between two pods, over each family: where ipBlocks match pods, they may differ."""

    ipv4: PortSet
    ipv6: PortSet

    def of_family(self, family: Family) -> PortSet:
        """The ports that are open over one family."""
        return self.ipv4 if family is Family.IPV4 else self.ipv6

    def __or__(self, other: FamilyPorts) -> FamilyPorts:
        return FamilyPorts(_either(self.ipv4, other.ipv4), _either(self.ipv6, other.ipv6))

    def __and__(self, other: FamilyPorts) -> FamilyPorts:
        return FamilyPorts(_both(self.ipv4, other.ipv4), _both(self.ipv6, other.ipv6))

    def __bool__(self) -> bool:
        return bool(self.ipv4 or self.ipv6)


@dataclass(frozen=True, slots=True)
class TrafficClass:
    """Pods that the policies of one direction treat alike.

    `pods` says who is let through at the other end, and `addresses` which addresses outside the cluster; each lists
    disjoint sets, none twice with the same ports, and nothing that is let through on no port.
    """

    members: Bits
    pods: tuple[tuple[FamilyPorts, Bits], ...]
    addresses: tuple[tuple[PortSet, AddressSet], ...]

    def peers(self) -> Bits:
        """All pods that are let through at the other end, on some port."""
        found: Bits = 0
        for _, bits in self.pods:
            found |= bits
        return found


def traffic_classes(
    policies: Iterable[NetworkPolicy], direction: Direction, universe: Universe, model: Model
) -> tuple[TrafficClass, ...]:
    """All pods of the universe, classed by what the policies of `direction` let through.

    "By default, a pod is non-isolated for egress; all outbound connections are allowed. [...] When a pod is isolated
    for egress, the only allowed connections from the pod are those allowed by the egress list of some NetworkPolicy
    that applies to the pod for egress. [...] The effects of those egress lists combine additively", and so for ingress
    (Kubernetes documentation, Network Policies, "The two sorts of pod isolation").
    """
    selections: Selections = {}
    for policy in policies:
        if isolates(policy, direction):
            admissions = selections.setdefault(selected_pods(policy, universe), set())
            for rule in policy.rules(direction):
                admissions.add(admission(rule, policy.namespace, universe, model))
    return classes_of(selections, direction, universe)


def classes_of(selections: Selections, direction: Direction, universe: Universe) -> tuple[TrafficClass, ...]:
    """All pods of the universe, classed by what the selections that they are in let through; all else is free."""
    classes: list[TrafficClass] = []
    isolated: Bits = 0
    for selecting, bits in _by_selections(list(selections)).items():
        isolated |= bits
        admissions = set().union(*(selections[selection] for selection in selecting))
        if direction is Direction.INGRESS:
            classes += _ingress_classes(bits, admissions, universe)
        else:
            classes.append(_egress_class(bits, admissions, universe))
    free = without(universe.everyone, isolated)
    if free:
        everything = ((FamilyPorts(ALL_PORTS, ALL_PORTS), universe.everyone),)
        classes.append(TrafficClass(free, everything, ((ALL_PORTS, ALL_ADDRESSES),)))
    return tuple(classes)


def _by_selections(selections: list[Bits]) -> Mapping[tuple[Bits, ...], Bits]:
    """The selected pods, by the selections that they are in."""
    containing: dict[int, list[Bits]] = defaultdict(list)
    for selection in selections:
        for pod in members(selection):
            containing[pod].append(selection)
    alike: dict[tuple[Bits, ...], Bits] = defaultdict(int)
    for pod, found in containing.items():
        alike[tuple(found)] |= 1 << pod
    return alike


def _ingress_classes(bits: Bits, admissions: Iterable[Admission], universe: Universe) -> Iterator[TrafficClass]:
    """Classes of isolated pods. A port name stands for the pods' own ports, so that it may tell them apart."""
    names = sorted({name for item in admissions for name in item.port_names})
    parts: list[tuple[Bits, dict[PortName, PortSet]]] = [(bits, {})]
    for name in names:
        split: list[tuple[Bits, dict[PortName, PortSet]]] = []
        for part, known in parts:
            unnamed = part
            for numbers, having in universe.with_port(*name).items():
                if part & having:
                    split.append((part & having, {**known, name: numbers}))
                    unnamed = without(unnamed, having)
            if unnamed:
                split.append((unnamed, known))
        parts = split
    for part, known in parts:
        entries = [
            (item, PortSet.union([item.ports, *(known.get(name, NO_PORTS) for name in item.port_names)]))
            for item in admissions
        ]
        yield _class(part, [(item.pods, ports) for item, ports in entries], entries)


def _egress_class(bits: Bits, admissions: Iterable[Admission], universe: Universe) -> TrafficClass:
    """The class of isolated pods. A port name stands for each destination's own ports, and for none of an address."""
    to_pods: list[tuple[tuple[Bits, Bits], PortSet]] = []
    to_addresses: list[tuple[Admission, PortSet]] = []
    for item in admissions:
        to_pods.append((item.pods, item.ports))
        to_addresses.append((item, item.ports))
        for name in item.port_names:
            for numbers, having in universe.with_port(*name).items():
                to_pods.append(((item.pods[0] & having, item.pods[1] & having), numbers))
    return _class(bits, to_pods, to_addresses)


def _class(
    bits: Bits,
    pods: Iterable[tuple[tuple[Bits, Bits], PortSet]],
    addresses: Iterable[tuple[Admission, PortSet]],
) -> TrafficClass:
    open_to: dict[Bits, list[FamilyPorts]] = defaultdict(list)
    for (over_ipv4, over_ipv6), ports in pods:
        if over_ipv4 == over_ipv6:
            open_to[over_ipv4].append(FamilyPorts(ports, ports))
        else:
            open_to[over_ipv4].append(FamilyPorts(ports, NO_PORTS))
            open_to[over_ipv6].append(FamilyPorts(NO_PORTS, ports))
    reachable: dict[AddressSet, list[PortSet]] = defaultdict(list)
    for item, ports in addresses:
        reachable[item.addresses].append(ports)
    return TrafficClass(
        bits,
        tuple(disjoint_pods((found, _all_of(ports)) for found, ports in open_to.items())),
        tuple(disjoint_addresses((found, PortSet.union(ports)) for found, ports in reachable.items())),
    )


def disjoint_pods(entries: Iterable[tuple[Bits, FamilyPorts]]) -> Iterator[tuple[FamilyPorts, Bits]]:
    """Overlapping sets of pods as disjoint ones, each with all ports that are open to it."""
    by_ports: dict[FamilyPorts, Bits] = defaultdict(int)
    for bits, ports in entries:
        if bits and ports:
            by_ports[ports] |= bits
    if len(by_ports) == 1:
        yield from by_ports.items()
        return
    # Of each disjoint set, the entries that it lies in are kept as bits and their ports put together once, at the end.
    entries_of: dict[Bits, Bits] = {}
    for number, bits in enumerate(by_ports.values()):
        before, entries_of = entries_of, {}
        rest = bits
        for entries_before, known_bits in before.items():
            if common := known_bits & bits:
                entries_of[entries_before | 1 << number] = common
                rest = without(rest, common)
            if left := without(known_bits, bits):
                entries_of[entries_before] = left
        if rest:
            entries_of[1 << number] = rest
    all_ports = list(by_ports)
    disjoint: dict[FamilyPorts, Bits] = defaultdict(int)
    for numbers, bits in entries_of.items():
        disjoint[_all_of([all_ports[number] for number in members(numbers)])] |= bits
    yield from disjoint.items()


def disjoint_addresses(entries: Iterable[tuple[AddressSet, PortSet]]) -> Iterator[tuple[PortSet, AddressSet]]:
    """Overlapping sets of addresses as disjoint ones, each with all ports that are open to it."""
    overlapping: dict[PortSet, list[AddressSet]] = defaultdict(list)
    for addresses, ports in entries:
        if addresses and ports:
            overlapping[ports].append(addresses)
    by_ports = [(ports, AddressSet.union(overlapping[ports])) for ports in sorted(overlapping)]
    if len(by_ports) <= 1:
        yield from by_ports
        return
    pieces: dict[PortSet, list[AddressSet]] = defaultdict(list)
    for family in FAMILIES:
        for first, last, ports in _swept([(found.of_family(family), ports) for ports, found in by_ports]):
            pair = ((first, last),)
            pieces[ports].append(AddressSet(ipv4=pair) if family is Family.IPV4 else AddressSet(ipv6=pair))
    for ports, found in pieces.items():
        yield ports, AddressSet.union(found)


def _swept(entries: list[tuple[Intervals, PortSet]]) -> Iterator[tuple[int, int, PortSet]]:
    """Pieces between the boundaries of all ranges, in order, with the ports of all ranges that cover each.

    `entries` are in the order of their ports, so that many together are still a short list of ranges.
    """
    changes: dict[int, set[int]] = defaultdict(set)
    for index, (pairs, _) in enumerate(entries):
        for first, last in pairs:
            changes[first].add(index)
            changes[last + 1].add(index)
    open_ports = UnionOfSome([ports for _, ports in entries])
    start = 0
    for at in sorted(changes):
        if open_ports.whole:
            yield start, at - 1, open_ports.whole
        open_ports.toggle(changes[at])
        start = at


def _all_of(ports: list[FamilyPorts]) -> FamilyPorts:
    if len(ports) == 1:
        return ports[0]
    return FamilyPorts(PortSet.union(item.ipv4 for item in ports), PortSet.union(item.ipv6 for item in ports))


@lru_cache(maxsize=65536)
def _either(one: PortSet, other: PortSet) -> PortSet:
    return one | other


@lru_cache(maxsize=65536)
def _both(one: PortSet, other: PortSet) -> PortSet:
    return one & other
