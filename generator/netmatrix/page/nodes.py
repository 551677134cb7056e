"""Who stands on the grid: the matrix's pods, everybody else that it names, and everybody that it does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from netmatrix.policy.addresses import ALL_ADDRESSES, AddressSet
from netmatrix.policy.objects import Direction, Namespace
from netmatrix.proof.grants import End, Granted, Row
from netmatrix.proof.names import STRANGER, pods_of
from netmatrix.proof.parties import Named, addresses_named, examples, named_party

OTHER_ADDRESS = "any other address"
_SOMEWHERE = "another-namespace"
_NOT_IN_ANCHORS = re.compile(r"[^a-z0-9]+")


class Kind(StrEnum):
    """POD: a row of the matrix; ENDPOINT: named by the matrix or an exception; OTHER: everybody else of a kind."""

    POD = "pod"
    ENDPOINT = "endpoint"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Node:
    """An end of connections. `examples` stand for it; `known_as` are the names that deviations have for it.

    `anchor` is its name as a part of an id in the page, different for each node.
    """

    anchor: str
    name: str
    title: str
    kind: Kind
    facts: tuple[str, ...]
    examples: tuple[Named, ...]
    known_as: frozenset[str]
    governed: bool


@dataclass(frozen=True, slots=True)
class Nodes:
    """Those that connections start at, and those that they end at; the pods are both, and come first."""

    sources: tuple[Node, ...]
    destinations: tuple[Node, ...]

    def all(self) -> tuple[Node, ...]:
        """Each once."""
        return tuple({node.anchor: node for node in (*self.sources, *self.destinations)}.values())


def nodes(granted: Granted, namespaces: Mapping[str, Namespace]) -> Nodes:
    """The pods, the other ends of what is granted or could be, then any other pod and any other address.

    `namespaces` are those whose labels are known. An end that stands for nobody under these values has no node.
    """
    found = _Found(granted, namespaces)
    sides = []
    for direction in (Direction.EGRESS, Direction.INGRESS):
        ends = list(_ends(granted, direction))
        anyone = any(end.everyone for end in ends)
        covered = AddressSet.union([AddressSet(), *(end.addresses for end in ends)])
        side = [*found.pods(), *found.named(ends), found.stranger()]
        if not anyone:
            side += found.other_address(ALL_ADDRESSES - covered)
        sides.append(tuple(side))
    return Nodes(*sides)


def _ends(granted: Granted, direction: Direction) -> Iterator[End]:
    """The ends of grants that are no pods of ours: those that send for egress, else those that receive."""
    for grant in (*granted.grants, *granted.off):
        end = grant.source if direction is Direction.EGRESS else grant.destination
        if end.row is None:
            yield end
    for line in granted.never:
        party = line.source if direction is Direction.EGRESS else line.destination
        if party.id in granted.endpoints:
            yield granted.endpoints[party.id]


class _Found:
    """Makes nodes, the same one for the same end, and gives each an anchor of its own."""

    def __init__(self, granted: Granted, namespaces: Mapping[str, Namespace]) -> None:
        self._granted = granted
        self._namespaces = namespaces
        self._made: dict[str, Node] = {}
        self._anchors: set[str] = set()

    def pods(self) -> list[Node]:
        return [
            self._node(row.pod.id, row.pod.titles[self._granted.environment], Kind.POD, _facts(row), [self._pod(row)])
            for row in self._granted.rows
        ]

    def named(self, ends: Iterable[End]) -> list[Node]:
        """Ends of one name are one node: an endpoint, and what was discovered of it."""
        by_name: dict[str, dict[End, None]] = {}
        for end in ends:
            by_name.setdefault(end.name, {})[end] = None
        return [node for name, same in by_name.items() for node in self._endpoint(name, same)]

    def stranger(self) -> Node:
        """A pod without labels, in a namespace that nobody names."""
        name = _SOMEWHERE
        while name in self._namespaces or name in self._granted.governed:
            name = f"yet-{name}"
        example = named_party(f"{name}/", self._granted, {})
        facts = ("a pod without labels, in a namespace that neither the matrix nor a policy names",)
        return self._node("any other pod", "Any other pod", Kind.OTHER, facts, [example], {STRANGER})

    def other_address(self, addresses: AddressSet) -> list[Node]:
        """An address that is in no end's ranges."""
        example = addresses_named(OTHER_ADDRESS, addresses)
        facts = ("an address that the matrix does not name",)
        return [self._node(OTHER_ADDRESS, "Any other address", Kind.OTHER, facts, [example])] if example else []

    def _pod(self, row: Row) -> Named:
        return named_party(row.pod.id, self._granted, self._namespaces)

    def _endpoint(self, name: str, same: Iterable[End]) -> list[Node]:
        found = [example for end in same for example in examples(name, end, self._namespaces)]
        if not found:
            return []
        endpoint = self._granted.matrix.endpoints.get(name)
        title, facts = (endpoint.short, (endpoint.description,)) if endpoint else (name, ("named by an exception",))
        known_as = {pods_of(name, example.namespace) for example in found if example.namespace}
        return [self._node(name, title, Kind.ENDPOINT, facts, found, known_as)]

    def _node(
        self,
        name: str,
        title: str,
        kind: Kind,
        facts: tuple[str, ...],
        found: list[Named],
        known_as: Iterable[str] = (),
    ) -> Node:
        if name not in self._made:
            inside = (example.namespace.name for example in found if example.namespace)
            governed = any(namespace in self._granted.governed for namespace in inside)
            known = frozenset(known_as) or frozenset({name})
            node = Node(
                self._anchor(name), name, title, kind, tuple(filter(None, facts)), tuple(found), known, governed
            )
            self._made[name] = node
        return self._made[name]

    def _anchor(self, name: str) -> str:
        wanted = _NOT_IN_ANCHORS.sub("-", name.lower()).strip("-") or "node"
        anchor, number = wanted, 1
        while anchor in self._anchors:
            number += 1
            anchor = f"{wanted}-{number}"
        self._anchors.add(anchor)
        return anchor


def _facts(row: Row) -> tuple[str, ...]:
    labels = ", ".join(f"{item.key}={item.values[0]}" for item in row.selection.pods.requirements)
    ports = ", ".join(f"{name} {protocol} {number}" for name, (protocol, number) in row.ports.items())
    (namespace,) = (item.values[0] for item in row.selection.namespaces.requirements)
    return (
        row.pod.description,
        f"namespace {namespace}, pods with {labels}",
        f"ports: {ports}" if ports else "",
    )
