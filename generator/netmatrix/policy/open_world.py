"""Every pod that could ever exist, at any address, as far as selectors and address ranges tell them apart.

"Sources and destinations" of a proof are not the pods that run today: whoever may create a pod may give it any label,
and whoever may create a namespace any name. Here each class of such pods is one bit of a Universe.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace

from netmatrix.policy.addresses import ALL_ADDRESSES, FAMILIES, AddressSet, Family
from netmatrix.policy.bits import Bits, members, without
from netmatrix.policy.classes import TooManyClassesError, label_classes
from netmatrix.policy.labels import EVERYTHING, NAMESPACE_NAME, Operator, Requirement, Selector
from netmatrix.policy.objects import Direction, Namespace, NetworkPolicy
from netmatrix.policy.ports import FIRST_PORT, LAST_PORT, PortSet, Protocol
from netmatrix.policy.traffic import PortName
from netmatrix.policy.universe import Group, Universe

MOST_CLASSES = 50_000
"""Pods by labels, times addresses by ranges: a matrix of hundreds of pods makes some thousands."""

_ANOTHER = "another-namespace"
_NOW, _THEN = "\0now ", "\0then "
"""Before the keys of labels that differ between two sides; no key of a label starts so."""


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


class _PortNames(Universe):
    """The same pods, each of which calls every port of its own by the same names."""

    def __init__(self, universe: Universe, names: Set[PortName] | None) -> None:
        self.__dict__.update(vars(universe))
        self._names = names

    def with_port(self, name: str, protocol: Protocol) -> Mapping[PortSet, Bits]:
        if self._names is not None and (name, protocol) not in self._names:
            return {}
        return {PortSet.of(protocol, FIRST_PORT, LAST_PORT): self.everyone}


def with_port_names(universe: Universe, names: Set[PortName] | None = None) -> Universe:
    """The pods of an open world's `universe`, which call each of their ports by all of `names`; by any, without them.

    A pod that calls some of its ports so is told apart by the ports alone: the others are as in `universe`.
    """
    return _PortNames(universe, names) if names is None or names else universe


class OpenWorld:
    """A universe of all pods that could exist, in which an address is part of what a pod is.

    A pod class has an address of one family, since a connection runs within one family; what a pod may have in the
    other one is another class. What a pod calls its ports is not known: in `universe` no name stands for any port;
    `with_port_names` gives the same pods with names for all of them.
    """

    def __init__(
        self,
        mentioned: Mentioned,
        namespaces: Mapping[str, Namespace],
        earlier: Mapping[str, Namespace] | None = None,
    ) -> None:
        """`namespaces` are those of which labels are known; others, and further labels, may be anything.

        `earlier` are those of what is compared with it, where their labels may be others. `universe` has the same pods
        as `earlier`, in the same order, which differ in nothing but the labels of their namespaces.
        Raises TooManyClassesError where selectors and ranges overlap so much that the classes cannot be gone through.
        """
        self.blocks = address_classes(mentioned.addresses)
        before = namespaces if earlier is None else earlier
        names = _names(mentioned.selections) | namespaces.keys() | before.keys()
        keyed = dict(_namespace_classes(mentioned.selections, names, namespaces, before))
        groups: list[Group] = []
        for key, now_and_then in keyed.items():
            selectors = [
                item.pods
                for item in mentioned.selections
                if any(item.namespaces.matches(namespace.labels) for namespace in now_and_then)
            ]
            for labels in label_classes(selectors):
                groups += [Group(key, labels, block) for block in self.blocks]
                if len(groups) > MOST_CLASSES:
                    raise TooManyClassesError(MOST_CLASSES)
        self.universe = Universe({key: now for key, (now, _) in keyed.items()}, groups)
        changed = any(now.labels != then.labels for now, then in keyed.values())
        self.earlier = Universe({key: then for key, (_, then) in keyed.items()}, groups) if changed else self.universe
        self._then = {_identity(now): then for now, then in keyed.values()}
        self._names = frozenset(names)
        self._said = {name: _labels(name, namespaces).keys() | _labels(name, before).keys() for name in names}
        self._alternatives = _alternatives(self.universe.namespaces, names)

    @property
    def pod_classes(self) -> int:
        """How many classes of pods there are, addresses aside."""
        return len(self.universe.groups) // len(self.blocks)

    def is_nameless(self, namespace: Namespace) -> bool:
        """Whether it stands for all namespaces that nobody names."""
        return namespace.name not in self._names

    def supposed(self, namespace: Namespace) -> Mapping[str, str]:
        """The labels that a namespace has in one of its classes, and that nobody is known to have given it."""
        said = (*self._said.get(namespace.name, ()), NAMESPACE_NAME)
        return {key: value for key, value in namespace.labels.items() if key not in said}

    def as_it_was(self, namespace: Namespace) -> Namespace:
        """A namespace of `universe`, with the labels that it has in `earlier`."""
        return self._then[_identity(namespace)]

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
        by_sets: dict[Bits, list[AddressSet]] = defaultdict(list)
        for inside, piece in _pieces(distinct, family):
            by_sets[inside].append(piece)
        found += [AddressSet.union(pieces) for pieces in by_sets.values()]
    return tuple(found)


def _pieces(sets: list[AddressSet], family: Family) -> Iterable[tuple[Bits, AddressSet]]:
    """All addresses of a family from boundary to boundary, each piece with the numbers of the sets that hold it."""
    ((lowest, highest),) = ALL_ADDRESSES.of_family(family)
    changes: dict[int, Bits] = defaultdict(int, {lowest: 0})
    for number, item in enumerate(sets):
        for first, last in item.of_family(family):
            changes[first] ^= 1 << number
            changes[last + 1] ^= 1 << number
    starts = sorted(start for start in changes if start <= highest)
    inside: Bits = 0
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


def _identity(namespace: Namespace) -> tuple[str, frozenset[tuple[str, str]]]:
    return namespace.name, frozenset(namespace.labels.items())


def _namespace_classes(
    selections: Iterable[Selection],
    names: Set[str],
    known: Mapping[str, Namespace],
    earlier: Mapping[str, Namespace],
) -> Iterable[tuple[str, tuple[Namespace, Namespace]]]:
    """Every namespace that is spoken of and one that is not, each with every set of labels that selectors tell apart.

    Labels that a namespace is known to have are its own; what is not known of one may be set by anybody who may label
    namespaces, so that both cases count. Each stands as it is and as it was.
    """
    selectors = {item.namespaces for item in selections}
    another = _ANOTHER
    while another in names:
        another += "-"
    for name in (*sorted(names), another):
        now, then = ({**_labels(name, side), NAMESPACE_NAME: name} for side in (known, earlier))
        for number, pair in enumerate(_labels_then_and_now(selectors, now, then)):
            key = f"{name}/{number}"  # no name of a namespace has a slash
            first, second = (Namespace(name, labels, declared=name in known) for labels in pair)
            yield key, (first, second)


def _labels(name: str, known: Mapping[str, Namespace]) -> Mapping[str, str]:
    return known[name].labels if name in known else {}


def _labels_then_and_now(
    selectors: Set[Selector], now: Mapping[str, str], then: Mapping[str, str]
) -> Iterable[tuple[Mapping[str, str], Mapping[str, str]]]:
    """The labels that a namespace may have, now and then. What neither side says of it is the same on both."""
    changed = {key for key in now.keys() | then.keys() if now.get(key) != then.get(key)}
    both = {_aside(item, changed, side) for item in selectors for side in (_NOW, _THEN)}
    fixed = {key: value for key, value in now.items() if key not in changed}
    for side, labels in ((_NOW, now), (_THEN, then)):
        fixed |= {side + key: labels[key] for key in changed if key in labels}
    absent = [side + key for side in (_NOW, _THEN) for key in changed if side + key not in fixed]
    for labels in label_classes(both, fixed, absent=absent):
        same = {key: value for key, value in labels.items() if not key.startswith((_NOW, _THEN))}
        yield (
            same | {key: now[key] for key in changed if key in now},
            same | {key: then[key] for key in changed if key in then},
        )


def _aside(selector: Selector, keys: Set[str], side: str) -> Selector:
    """A selector that asks for the labels of one side, where the sides differ."""
    return Selector(
        tuple(replace(item, key=side + item.key) if item.key in keys else item for item in selector.requirements)
    )


def _alternatives(keyed: Mapping[str, Namespace], names: Set[str]) -> tuple[tuple[str, ...], ...]:
    """The keys of each named namespace that has several. Of namespaces that nobody names there may be many."""
    keys: dict[str, list[str]] = defaultdict(list)
    for key, namespace in keyed.items():
        if namespace.name in names:
            keys[namespace.name].append(key)
    return tuple(tuple(found) for found in keys.values() if len(found) > 1)
