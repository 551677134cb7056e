"""Every connection that is open, granted or told of between two nodes, and what may never be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from netmatrix.page.nodes import Node, Nodes
from netmatrix.policy.objects import NetworkPolicy
from netmatrix.policy.ports import ALL_PORTS, NO_PORTS, PortSet
from netmatrix.proof.deviations import Deviation
from netmatrix.proof.grants import Granted
from netmatrix.proof.reachability import Part, Reachability
from netmatrix.proof.verify import Verdict


class State(StrEnum):
    """What a connection is, the gravest first."""

    EXTRA = "not granted"
    MISSING = "not allowed"
    EXCEPTION = "exception"
    OPERATION = "operational"
    TABLE = "table"
    CONDITIONAL = "conditional"


@dataclass(frozen=True, slots=True)
class Connection:
    """What leads from `source` to `destination`.

    `parts` are the ports with what decides them. `conditional` is granted only where ipBlocks match pods' addresses.
    `deviating` are the verdict's counter-examples between the two, with those that need a special address.
    """

    source: Node
    destination: Node
    parts: tuple[Part, ...]
    conditional: tuple[Deviation, ...]
    deviating: tuple[Deviation, ...]

    @property
    def anchor(self) -> str:
        """Its id in the page."""
        return f"{self.source.anchor}--to--{self.destination.anchor}"

    @property
    def ports(self) -> PortSet:
        """The ports that are open, whatever the network plugin; where none is, those that should be."""
        told = [(part.ports, part.allowed) for part in self.parts]
        told += [(item.ports, item.gained) for item in self.deviating]
        opened = [ports for ports, is_open in told if is_open]
        return PortSet.union(opened or [ports for ports, _ in told])

    @property
    def conditional_ports(self) -> PortSet:
        """Those that are open besides where the network plugin lets an ipBlock match pods; all, if all are then."""
        more = PortSet.union(item.ports for item in self.conditional)
        if not more - self.ports:
            return NO_PORTS
        return ALL_PORTS if more | self.ports == ALL_PORTS else more

    @property
    def state(self) -> State:
        """The gravest thing that can be said of it."""
        return min(self._states(), key=list(State).index)

    def _states(self) -> Iterable[State]:
        yield from (State.EXTRA if item.gained else State.MISSING for item in self.deviating)
        for part in self.parts:
            for answer in part.answers:
                if answer.allowed != answer.granted:
                    yield State.EXTRA if answer.allowed else State.MISSING
            yield from (_OF_GRANTS[grant.kind] for grant in part.grants)
        yield State.CONDITIONAL


_OF_GRANTS = {"table": State.TABLE, "operation": State.OPERATION, "exception": State.EXCEPTION}

Pair = tuple[str, str]
"""The anchors of a source and a destination."""


@dataclass(frozen=True, slots=True)
class Network:
    """All connections between nodes, by their ends; and the `never` lines that forbid some, by the ends they forbid."""

    nodes: Nodes
    connections: Mapping[Pair, Connection]
    never: Mapping[Pair, tuple[str, ...]]

    @staticmethod
    def is_claimed(source: Node, destination: Node) -> bool:
        """Whether the matrix has a say: one end at least is under default-deny."""
        return source.governed or destination.governed


def network(granted: Granted, policies: Iterable[NetworkPolicy], verdict: Verdict, nodes: Nodes) -> Network:
    """Ask for every pair of nodes of which one end is governed."""
    reachability = Reachability(granted, tuple(policies))
    conditional = _by_names(verdict.model_dependent)
    deviating = _by_names(item.deviation for item in verdict.counter_examples)
    found: dict[Pair, Connection] = {}
    never: dict[Pair, tuple[str, ...]] = {}
    for source, destination in product(nodes.sources, nodes.destinations):
        if not Network.is_claimed(source, destination):
            continue
        pair = source.anchor, destination.anchor
        ends = list(product(source.examples, destination.examples))
        connection = Connection(
            source,
            destination,
            tuple(part for one, other in ends for part in reachability.between(one, other)),
            _between(conditional, source, destination),
            _between(deviating, source, destination),
        )
        if connection.parts or connection.conditional or connection.deviating:
            found[pair] = connection
        if granted.never:
            forbidden = dict.fromkeys(line for one, other in ends for line in reachability.never(one, other))
            never.update({pair: tuple(forbidden)} if forbidden else {})
    return Network(nodes, found, never)


_ByNames = Mapping[tuple[str, str], list[Deviation]]


def _by_names(found: Iterable[Deviation]) -> _ByNames:
    by_names: dict[tuple[str, str], list[Deviation]] = defaultdict(list)
    for item in found:
        by_names[item.source, item.destination].append(item)
    return by_names


def _between(by_names: _ByNames, source: Node, destination: Node) -> tuple[Deviation, ...]:
    pairs = product(sorted(source.known_as), sorted(destination.known_as))
    return tuple(item for pair in pairs for item in by_names.get(pair, ()))
