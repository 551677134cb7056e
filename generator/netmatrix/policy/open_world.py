"""Every pod that could ever exist, at any address, as far as selectors and address ranges tell them apart.

"Sources and destinations" of a proof are not the pods that run today: whoever may create a pod may give it any label,
and whoever may create a namespace any name. Here each class of such pods is one bit of a Universe.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from netmatrix.policy.addresses import ALL_ADDRESSES, FAMILIES, AddressSet, Family
from netmatrix.policy.bits import Bits, members, without
from netmatrix.policy.classes import label_classes
from netmatrix.policy.labels import EVERYTHING, NAMESPACE_NAME, Operator, Requirement, Selector
from netmatrix.policy.objects import Direction, Namespace, NetworkPolicy
from netmatrix.policy.ports import FIRST_PORT, LAST_PORT, PortSet, Protocol
from netmatrix.policy.universe import Group, Universe

_ANOTHER = "another-namespace"


@dataclass(frozen=True, slots=True)
class Selection:
    """Pods by the labels of their namespace AND their own: the only way in which anything here speaks of pods."""

    namespaces: Selector
    pods: Selector


@dataclass(frozen=True, slots=True)
class Mentioned:
    """What an open world must tell apart."""

    selections: frozenset[Selection]
    addresses: frozenset[AddressSet]

    def __or__(self, other: Mentioned) -> Mentioned:
        return Mentioned(self.selections | other.selections, self.addresses | other.addresses)


class _AnyNames(Universe):
    """The same pods, each of which calls any of its ports by any name."""

    def with_port(self, name: str, protocol: Protocol) -> Mapping[PortSet, Bits]:  # noqa: ARG002
        return {PortSet.of(protocol, FIRST_PORT, LAST_PORT): self.everyone}


class OpenWorld:
    """A universe of all pods that could exist, in which an address is part of what a pod is.

    A pod class has an address of one family, since a connection runs within one family; what a pod may have in the
    other one is another class. What a pod calls its ports is not known: in `universe` no name stands for any port, in
    `universe_of_any_names` each may stand for any.
    """

    def __init__(self, mentioned: Mentioned, namespaces: Mapping[str, Namespace]) -> None:
        """`namespaces` are those of which labels are known; others, and further labels, may be anything.

        Raises TooManyClassesError where selectors overlap so much that the classes cannot be gone through.
        """
        self.blocks = address_classes(mentioned.addresses)
        names = _names(mentioned.selections) | namespaces.keys()
        keyed = dict(_namespace_classes(mentioned.selections, names, namespaces))
        groups: list[Group] = []
        for key, namespace in keyed.items():
            selectors = [item.pods for item in mentioned.selections if item.namespaces.matches(namespace.labels)]
            for labels in label_classes(selectors):
                groups += [Group(key, labels, block) for block in self.blocks]
        self.universe = Universe(keyed, groups)
        self.universe_of_any_names = _AnyNames(keyed, groups)
        self._names = frozenset(names)
        self._alternatives = _alternatives(keyed, names)

    @property
    def pod_classes(self) -> int:
        """How many classes of pods there are, addresses aside."""
        return len(self.universe.groups) // len(self.blocks)

    def is_nameless(self, namespace: Namespace) -> bool:
        """Whether it stands for all namespaces that nobody names."""
        return namespace.name not in self._names

    def consistent(self, sources: Bits, destinations: Bits) -> Iterable[tuple[Bits, Bits]]:
        """The pairs without those that cannot be together: one namespace under two sets of labels."""
        for alternatives in self._alternatives:
            for key in alternatives:
                here = sources & self.universe.with_namespace_key(key)
                if not here:
                    continue
                elsewhere = destinations
                for other in alternatives:
                    if other != key:
                        elsewhere = without(elsewhere, self.universe.with_namespace_key(other))
                sources = without(sources, here)
                if elsewhere:
                    yield here, elsewhere
        if sources:
            yield sources, destinations

    def without_addresses(self, bits: Bits) -> dict[int, tuple[AddressSet, ...]]:
        """The pod classes in `bits`, by number (see `pod_class`), each with the address classes that it has there."""
        found: dict[int, list[AddressSet]] = defaultdict(list)
        for index in members(bits):
            found[index // len(self.blocks)].append(self.blocks[index % len(self.blocks)])
        return {number: tuple(blocks) for number, blocks in found.items()}

    def pod_class(self, number: int) -> tuple[Namespace, Mapping[str, str]]:
        """Namespace and labels of a pod class."""
        group = self.universe.groups[number * len(self.blocks)]
        return self.universe.namespaces[group.namespace], group.labels


def mentioned_in(policies: Iterable[NetworkPolicy]) -> Mentioned:
    """All that the policies select, and all ranges that they name."""
    selections: set[Selection] = set()
    addresses: set[AddressSet] = set()
    for policy in policies:
        home = named(policy.namespace)
        selections.add(Selection(home, policy.pod_selector))
        for direction in Direction:
            for rule in policy.rules(direction):
                for peer in rule.peers:
                    if peer.ip_block is not None:
                        addresses.add(peer.ip_block.addresses())
                    else:
                        selections.add(Selection(peer.namespace_selector or home, peer.pod_selector or EVERYTHING))
    return Mentioned(frozenset(selections), frozenset(addresses))


def named(namespace: str) -> Selector:
    """A selector of the one namespace of this name (Kubernetes documentation, "Targeting a Namespace by its name")."""
    return Selector((Requirement(NAMESPACE_NAME, Operator.IN, (namespace,)),))


def address_classes(sets: Iterable[AddressSet]) -> tuple[AddressSet, ...]:
    """All addresses, cut into classes of one family each that every one of `sets` holds wholly or not at all."""
    distinct = sorted(set(sets), key=lambda item: (item.ipv4, item.ipv6))
    found: list[AddressSet] = []
    for family in FAMILIES:
        by_sets: dict[frozenset[int], list[AddressSet]] = defaultdict(list)
        for inside, piece in _pieces(distinct, family):
            by_sets[inside].append(piece)
        found += [AddressSet.union(pieces) for pieces in by_sets.values()]
    return tuple(found)


def _pieces(sets: list[AddressSet], family: Family) -> Iterable[tuple[frozenset[int], AddressSet]]:
    """All addresses of a family from boundary to boundary, with the numbers of the sets that hold each piece."""
    ((lowest, highest),) = ALL_ADDRESSES.of_family(family)
    changes: dict[int, set[int]] = defaultdict(set)
    changes[lowest] |= set()
    for number, item in enumerate(sets):
        for first, last in item.of_family(family):
            changes[first] ^= {number}
            changes[last + 1] ^= {number}
    starts = sorted(start for start in changes if start <= highest)
    inside: frozenset[int] = frozenset()
    for start, following in zip(starts, [*starts[1:], highest + 1], strict=True):
        inside ^= changes[start]
        pair = ((start, following - 1),)
        yield inside, AddressSet(ipv4=pair) if family is Family.IPV4 else AddressSet(ipv6=pair)


def _names(selections: Iterable[Selection]) -> set[str]:
    return {
        value
        for item in selections
        for requirement in item.namespaces.requirements
        if requirement.key == NAMESPACE_NAME
        for value in requirement.values
    }


def _namespace_classes(
    selections: Iterable[Selection], names: Set[str], known: Mapping[str, Namespace]
) -> Iterable[tuple[str, Namespace]]:
    """Every namespace that is spoken of and one that is not, each with every set of labels that selectors tell apart.

    Labels that a namespace is known to have are its own; what is not known of one may be set by anybody who may label
    namespaces, so that both cases count.
    """
    selectors = {item.namespaces for item in selections}
    another = _ANOTHER
    while another in names:
        another += "-"
    for name in (*sorted(names), another):
        fixed = {**(known[name].labels if name in known else {}), NAMESPACE_NAME: name}
        for number, labels in enumerate(label_classes(selectors, fixed)):
            key = f"{name}/{number}"  # no name of a namespace has a slash
            yield key, Namespace(name, labels, declared=name in known)


def _alternatives(keyed: Mapping[str, Namespace], names: Set[str]) -> tuple[tuple[str, ...], ...]:
    """The keys of each named namespace that has several. Of namespaces that nobody names there may be many."""
    keys: dict[str, list[str]] = defaultdict(list)
    for key, namespace in keyed.items():
        if namespace.name in names:
            keys[namespace.name].append(key)
    return tuple(tuple(found) for found in keys.values() if len(found) > 1)
