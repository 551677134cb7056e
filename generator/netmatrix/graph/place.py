"""A place for everything in a graph: where a layout engine put it, or where there is room."""

from __future__ import annotations

from dataclasses import dataclass

from netmatrix.graph.layout import Layout, Rect
from netmatrix.graph.model import Edge, Graph
from netmatrix.graph.shapes import label_lines, label_size, node_size
from netmatrix.graph.staircase import staircase


@dataclass(frozen=True, slots=True)
class Placed:
    """A layout with all of a graph, and nothing else. `missing` are the ids and keys that the engine's did not have."""

    layout: Layout
    missing: tuple[str, ...]


def placed(graph: Graph, committed: Layout) -> Placed:
    """Where everything of `graph` stands.

    What the committed coordinates have stays where it is. Where they lack something, or what is there has outgrown its
    room, the whole is drawn as a staircase, which needs no engine.
    """
    kept = _kept(graph, committed)
    missing = (
        *(node.id for node in graph.nodes if node.id not in kept.nodes),
        *(edge.key for edge in graph.edges if edge.key not in kept.edges),
    )
    return Placed(staircase(graph) if missing else kept, missing)


def _kept(graph: Graph, committed: Layout) -> Layout:
    """What of the graph has a place in the committed coordinates, and fits there."""
    nodes = {
        node.id: box
        for node in graph.nodes
        if (box := committed.nodes.get(node.id)) is not None and _fits(node_size(node), box)
    }
    groups = {group.id: boxes for group in graph.groups if (boxes := committed.groups.get(group.id)) is not None}
    edges: dict[str, Edge] = {}
    for edge in sorted(graph.edges, key=lambda edge: not edge.on):
        route = committed.edges.get(edge.lane)
        if (
            route is not None
            and {edge.source, edge.destination} <= nodes.keys()
            and edge.lane not in edges
            and _fits(label_size(label_lines(edge)), route.label)
        ):
            edges[edge.lane] = edge
    routes = {edge.key: committed.edges[lane] for lane, edge in edges.items()}
    return Layout(groups, nodes, routes, page=committed.bounds() if committed.nodes else None)


def _fits(size: tuple[float, float], box: Rect) -> bool:
    return size[0] <= box.width and size[1] <= box.height
