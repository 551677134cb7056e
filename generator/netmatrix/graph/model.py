"""The graph of one environment under one set of values: namespaces, parties, and who connects to whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from netmatrix.matrix.model import Port


class NodeKind(StrEnum):
    """What a party is: a POD of ours, PODS of other namespaces, ADDRESSES outside the cluster, or ANYONE."""

    POD = "pod"
    PODS = "pods"
    ADDRESSES = "addresses"
    ANYONE = "anyone"


class EdgeKind(StrEnum):
    """Why a connection may be made.

    DOCUMENTED: in the tables of every environment. ENVIRONMENT: in the tables of some, this one among them.
    OPERATIONAL: needed to run, off by default. EXCEPTION: beyond the matrix, declared in the values.
    """

    DOCUMENTED = "documented"
    ENVIRONMENT = "environment"
    OPERATIONAL = "operational"
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True)
class Group:
    """A namespace under default-deny: its id in the matrix, and its name under the values."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Node:
    """A party. `group` is the id of the namespace that a pod of ours is in; `detail` says in a few words who it is."""

    id: str
    kind: NodeKind
    title: str
    detail: str = ""
    description: str = ""
    group: str | None = None


@dataclass(frozen=True, slots=True)
class FlowLine:
    """One flow of the matrix, or one exception: what a connection rests on. `ports` is None for any port."""

    id: str
    ports: tuple[Port, ...] | None
    reason: str = ""
    owner: str = ""
    expires: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """All flows of one kind between two parties. `on` is False for what the values do not switch on."""

    source: str
    destination: str
    kind: EdgeKind
    on: bool
    flows: tuple[FlowLine, ...]

    @property
    def lane(self) -> str:
        """What names its way in a layout, whether it is on or off."""
        return f"{self.source} > {self.destination}: {self.kind}"

    @property
    def key(self) -> str:
        """What tells it from every other edge of a graph."""
        return self.lane if self.on else f"{self.lane}, off"

    def ports(self) -> tuple[Port, ...] | None:
        """All ports of its flows in rising order; None where one of them opens any port."""
        found: set[Port] = set()
        for flow in self.flows:
            if flow.ports is None:
                return None
            found.update(flow.ports)
        return tuple(sorted(found, key=lambda port: (port.number, port.protocol)))

    @property
    def until(self) -> str:
        """The day on which the first of its exceptions ends; empty for flows of the matrix."""
        return min((flow.expires for flow in self.flows if flow.expires), default="")


@dataclass(frozen=True, slots=True)
class Graph:
    """Who may connect to whom in `environment`; nodes and edges in the order of the matrix, exceptions last.

    `environments` are all that the matrix has.
    """

    title: str
    environment: str
    environments: tuple[str, ...]
    groups: tuple[Group, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def node(self, id_: str) -> Node:
        """The party of that id."""
        return next(node for node in self.nodes if node.id == id_)
