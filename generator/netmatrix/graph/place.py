"""A place for everything in a graph: where a layout engine put it, or where there is room."""

from __future__ import annotations

from dataclasses import dataclass

from netmatrix.graph.layout import Layout, Rect
from netmatrix.graph.model import Edge, Graph, Node
from netmatrix.graph.route import Plane
from netmatrix.graph.shapes import GROUP_HEAD, GROUP_PADDING, group_width, label_lines, label_size, node_size
from netmatrix.graph.staircase import staircase

_MOST = 24
"""How many parties and edges may be added to a layout, before the whole is better drawn in another way."""
_COLUMN_GAP, _ROW_GAP = 48.0, 36.0
_AROUND = 48.0
"""The room around everything in which added lines may run."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A layout with all of a graph, and nothing else.

    `missing` are the parties and edges that the committed coordinates have no place for; `anew` tells that the whole
    was therefore laid out without them.
    """

    layout: Layout
    missing: tuple[str, ...] = ()
    anew: bool = False


def placed(graph: Graph, committed: Layout) -> Placed:
    """Where everything of `graph` stands.

    What the committed coordinates have stays where it is, and the rest is put beside it. Where that does not go, or
    where there are no coordinates, the whole is drawn as a staircase, which needs no engine.
    """
    kept = _kept(graph, committed)
    missing = (
        *(node.id for node in graph.nodes if node.id not in kept.nodes),
        *(edge.key for edge in graph.edges if edge.key not in kept.edges),
    )
    if not missing:
        return Placed(kept)
    extended = _extended(graph, kept) if len(missing) <= _MOST and kept.nodes else None
    return Placed(extended, missing) if extended else Placed(staircase(graph), missing, anew=True)


def _extended(graph: Graph, kept: Layout) -> Layout | None:
    """The layout with the rest in a column of its own to the right, and ways for the edges that have none."""
    lines = [edge for edge in graph.edges if edge.key not in kept.edges]
    labels = {edge.key: label_size(label_lines(edge)) for edge in lines}
    page = kept.bounds()
    x = page.right + max((width for width, _ in labels.values()), default=0.0) + _COLUMN_GAP
    nodes, groups = _column(graph, kept, x, page.y)
    everything = {**kept.nodes, **nodes}
    frames = {id_: (*kept.groups.get(id_, ()), *groups.get(id_, ())) for id_ in (*kept.groups, *groups)}
    column = Layout(groups, nodes, {}, page=page).bounds()
    plane = Plane(column.grown(_AROUND), list(everything.values()))
    plane.lines += [side for boxes in frames.values() for box in boxes for side in box.sides()]
    for route in kept.edges.values():
        plane.add(route)
    routes = dict(kept.edges)
    for edge in lines:
        found = plane.route(everything[edge.source], everything[edge.destination], labels[edge.key])
        if found is None:
            return None
        plane.add(found)
        routes[edge.key] = found
    return Layout(frames, everything, routes, page=page)


def _column(graph: Graph, kept: Layout, x: float, y: float) -> tuple[dict[str, Rect], dict[str, tuple[Rect, ...]]]:
    """Boxes one below the other for the nodes without a place, those of a namespace in a frame with its name."""
    nodes: dict[str, Rect] = {}
    groups: dict[str, tuple[Rect, ...]] = {}
    for group in (*graph.groups, None):
        members = [
            node for node in graph.nodes if node.id not in kept.nodes and node.group == (group.id if group else None)
        ]
        if not members:
            continue
        top, padding = y, GROUP_PADDING if group else 0.0
        y += GROUP_HEAD + 8 if group else 0.0
        for node in members:
            width, height = node_size(node)
            nodes[node.id] = Rect(x + padding, y, width, height)
            y += height + _ROW_GAP
        if group:
            widest = max(nodes[node.id].width for node in members)
            width = max(widest + 2 * padding, group_width(group))
            groups[group.id] = (Rect(x, top, width, y - _ROW_GAP + padding - top),)
            y += padding
    return nodes, groups


def _kept(graph: Graph, committed: Layout) -> Layout:
    """What of the graph has a place in the committed coordinates, and fits there."""
    nodes = {
        node.id: box
        for node in graph.nodes
        if (box := committed.nodes.get(node.id)) is not None
        and _fits(node_size(node), box)
        and _is_at_home(node, box, committed)
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


def _is_at_home(node: Node, box: Rect, committed: Layout) -> bool:
    """Whether a box stands in its party's namespace and in no other: a row of the matrix may have moved since."""
    inside = {id_ for id_, frames in committed.groups.items() if any(box.overlaps(frame) for frame in frames)}
    return inside == (set() if node.group is None else {node.group})


def _fits(size: tuple[float, float], box: Rect) -> bool:
    return size[0] <= box.width and size[1] <= box.height
