"""Everybody whom policies can select, grouped by what the policies tell apart, and indexed for selectors.

Pods that differ only in labels, ports or addresses that no policy speaks of are one group, and stand as one bit.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netmatrix.policy.addresses import ALL_ADDRESSES, FAMILIES, AddressSet, Family
from netmatrix.policy.bits import Bits
from netmatrix.policy.labels import Operator, Requirement, Selector
from netmatrix.policy.objects import Direction, Namespace, NetworkPolicy, Peer, Workload
from netmatrix.policy.ports import PortSet, Protocol

_OTHER = "\0"
"""Stands for every value of a label that no policy names; no label has it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Workloads that no policy tells apart, or all pods of a kind that could exist (then without `members`).

    `namespace` is a key of the universe's namespaces. `labels` holds only what policies speak of.
    """

    namespace: str
    labels: Mapping[str, str]
    addresses: AddressSet
    members: tuple[Workload, ...] = ()


class Universe:
    """The groups, each a bit, and which of them a selector, a port name or a range of addresses finds.

    The keys of `namespaces` are names where what is known of each is one thing; an open world, which takes a namespace
    of one name with several sets of labels into account, has a key for each of them.
    """

    def __init__(
        self, namespaces: Mapping[str, Namespace], groups: Iterable[Group], port_names: Iterable[str] = ()
    ) -> None:
        self.namespaces = namespaces
        self.groups = tuple(groups)
        self.everyone: Bits = (1 << len(self.groups)) - 1
        self._of_key: dict[str, Bits] = defaultdict(int)
        self._in_namespace: dict[str, Bits] = defaultdict(int)
        self._with_key: dict[str, Bits] = defaultdict(int)
        self._with_label: dict[tuple[str, str], Bits] = defaultdict(int)
        self._with_port: dict[tuple[str, Protocol], dict[PortSet, Bits]] = {}
        self._selected: dict[Selector, Bits] = {}
        self._in_namespaces: dict[Selector, Bits] = {}
        for index, group in enumerate(self.groups):
            bit = 1 << index
            self._of_key[group.namespace] |= bit
            for key, value in group.labels.items():
                self._with_key[key] |= bit
                self._with_label[key, value] |= bit
        for key, bits in self._of_key.items():
            self._in_namespace[namespaces[key].name] |= bits
        self._index_ports(port_names)
        self._points, self._spread = _address_index(self.groups)
        self._of_family = {family: self.with_address_in(ALL_ADDRESSES, family) for family in FAMILIES}

    @classmethod
    def of(
        cls,
        namespaces: Mapping[str, Namespace],
        workloads: Iterable[Workload],
        policies: Iterable[NetworkPolicy],
        *,
        by_address: bool,
    ) -> Universe:
        """The workloads, as far as `policies` tell them apart."""
        mentioned = _Mentioned(policies)
        groups = _grouped(workloads, mentioned, by_address=by_address and mentioned.blocks)
        return cls(namespaces, groups, mentioned.port_names)

    def in_namespace(self, name: str) -> Bits:
        """The pods of a namespace."""
        return self._in_namespace.get(name, 0)

    def with_namespace_key(self, key: str) -> Bits:
        """The pods of what stands under one key of `namespaces`."""
        return self._of_key.get(key, 0)

    def in_namespaces(self, selector: Selector) -> Bits:
        """The pods of all namespaces that `selector` selects."""
        found = self._in_namespaces.get(selector)
        if found is None:
            found = 0
            for key, namespace in self.namespaces.items():
                if selector.matches(namespace.labels):
                    found |= self.with_namespace_key(key)
            self._in_namespaces[selector] = found
        return found

    def with_labels(self, selector: Selector) -> Bits:
        """The pods that `selector` selects, whatever their namespace."""
        found = self._selected.get(selector)
        if found is None:
            found = self.everyone
            for requirement in selector.requirements:
                found &= self._meeting(requirement)
            self._selected[selector] = found
        return found

    def with_port(self, name: str, protocol: Protocol) -> Mapping[PortSet, Bits]:
        """The pods that call a port of that protocol `name`, by the numbers that it stands for on them."""
        return self._with_port.get((name, protocol), {})

    def with_address_in(self, addresses: AddressSet, family: Family) -> Bits:
        """The pods that have, or may have, one of those addresses of that family."""
        found: Bits = 0
        points, bits = self._points[family]
        for first, last in addresses.of_family(family):
            for at in range(bisect_left(points, first), bisect_right(points, last)):
                found |= bits[at]
        if addresses.of_family(family):
            for spread, bit in self._spread.items():
                if (spread & addresses).of_family(family):
                    found |= bit
        return found

    def of_family(self, family: Family) -> Bits:
        """The pods that have, or may have, an address of that family."""
        return self._of_family[family]

    def _meeting(self, requirement: Requirement) -> Bits:
        """The pods that meet one requirement: `Requirement.holds`, for all pods at once."""
        key = requirement.key
        with_value: Bits = 0
        for value in requirement.values:
            with_value |= self._with_label.get((key, value), 0)
        match requirement.operator:
            case Operator.IN:
                return with_value
            case Operator.NOT_IN:
                return self.everyone & ~with_value
            case Operator.EXISTS:
                return self._with_key.get(key, 0)
            case Operator.DOES_NOT_EXIST:
                return self.everyone & ~self._with_key.get(key, 0)

    def _index_ports(self, names: Iterable[str]) -> None:
        wanted = frozenset(names)
        if not wanted:
            return
        for index, group in enumerate(self.groups):
            for (name, protocol), numbers in named_ports(group.members[0], wanted).items():
                by_numbers = self._with_port.setdefault((name, protocol), defaultdict(int))
                by_numbers[numbers] |= 1 << index


def named_ports(workload: Workload, wanted: frozenset[str]) -> dict[tuple[str, Protocol], PortSet]:
    """What the `wanted` port names stand for on a pod.

    "This can either be a numerical or named port on a pod. [...] If present, only traffic on the specified protocol AND
    port will be matched" (API reference, NetworkPolicyPort, `port`): the number is that of the destination pod's port
    of that name and protocol, whichever of its containers has it.
    """
    numbers: dict[tuple[str, Protocol], PortSet] = {}
    for port in workload.ports:
        if port.name in wanted:
            key = (port.name, port.protocol)
            numbers[key] = numbers.get(key, PortSet()) | PortSet.of(port.protocol, port.number)
    return numbers


class _Mentioned:
    """What policies speak of: label keys with the values that they name, port names, and whether any has an ipBlock."""

    def __init__(self, policies: Iterable[NetworkPolicy]) -> None:
        self.values: dict[str, set[str]] = {}
        self.port_names: set[str] = set()
        self.blocks = False
        seen: set[Selector | None] = {None}
        for policy in policies:
            self._selector(policy.pod_selector, seen)
            for direction in Direction:
                for rule in policy.rules(direction):
                    for peer in rule.peers:
                        self._peer(peer, seen)
                    for port in rule.ports:
                        if isinstance(port.port, str):
                            self.port_names.add(port.port)

    def _peer(self, peer: Peer, seen: set[Selector | None]) -> None:
        self.blocks = self.blocks or peer.ip_block is not None
        self._selector(peer.pod_selector, seen)

    def _selector(self, selector: Selector | None, seen: set[Selector | None]) -> None:
        if selector is None or selector in seen:
            return
        seen.add(selector)
        for requirement in selector.requirements:
            self.values.setdefault(requirement.key, set()).update(requirement.values)


def _grouped(workloads: Iterable[Workload], mentioned: _Mentioned, *, by_address: bool) -> tuple[Group, ...]:
    groups: dict[object, tuple[dict[str, str], AddressSet, list[Workload]]] = {}
    names = frozenset(mentioned.port_names)
    for workload in workloads:
        labels: dict[str, str] = {}
        for key, value in workload.labels.items():
            values = mentioned.values.get(key)
            if values is not None:
                labels[key] = value if value in values else _OTHER
        ports = frozenset(named_ports(workload, names).items()) if names and workload.ports else frozenset()
        addresses = workload.addresses if by_address else _everywhere(workload.addresses)
        told_by = (workload.namespace, frozenset(labels.items()), ports, addresses)
        found = groups.get(told_by)
        if found is None:
            groups[told_by] = (labels, addresses, [workload])
        else:
            found[2].append(workload)
    return tuple(
        Group(members[0].namespace, labels, addresses, tuple(members)) for labels, addresses, members in groups.values()
    )


def _everywhere(addresses: AddressSet) -> AddressSet:
    """All addresses of the families that `addresses` has: where only the family matters."""
    if addresses is ALL_ADDRESSES:
        return addresses
    return AddressSet.union(ALL_ADDRESSES.only(family) for family in addresses.families())


_Points = dict[Family, tuple[list[int], list[Bits]]]


def _address_index(groups: Iterable[Group]) -> tuple[_Points, dict[AddressSet, Bits]]:
    """Single addresses sorted, with the bits of their groups; and the groups that may be anywhere in some set."""
    single: dict[Family, dict[int, Bits]] = {family: defaultdict(int) for family in FAMILIES}
    spread: dict[AddressSet, Bits] = defaultdict(int)
    for index, group in enumerate(groups):
        for family in group.addresses.families():
            pairs = group.addresses.of_family(family)
            if all(first == last for first, last in pairs):
                for first, _ in pairs:
                    single[family][first] |= 1 << index
            else:
                spread[group.addresses.only(family)] |= 1 << index
    points: _Points = {}
    for family, by_number in single.items():
        numbers = sorted(by_number)
        points[family] = (numbers, [by_number[number] for number in numbers])
    return points, spread
