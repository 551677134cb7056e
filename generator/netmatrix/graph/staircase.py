"""A layout without an engine: every party on a step of its own, as in an N-squared chart.

Each party has a row and a column that no other box stands in. A connection leaves its source along the source's row and
enters its destination along the destination's column, on a lane of its own: so no line ever crosses a box or lies upon
another, whatever the graph. Labels stand beside the source, where no column's lanes pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from netmatrix.graph.layout import Layout, Rect, Route
from netmatrix.graph.model import Edge, Graph, Node
from netmatrix.graph.shapes import GROUP_HEAD, GROUP_PADDING, Size, label_lines, label_size, node_size

_GAP = 16.0
_LANE = 12.0
"""Between two lines that run side by side."""
_STUB = 10.0
"""From a box to the label of what it starts."""
_NAME_ROOM = 120.0
"""Left of a namespace's first box, so that its name has a place that no line crosses."""


_NOWHERE = Rect(0, 0, 0, 0)


@dataclass(slots=True)
class _Step:
    """A party, what starts and ends at it, and its box once that has a place.

    What leaves to the right goes down to a party further on; what leaves to the left goes up to an earlier one.
    """

    node: Node
    to_right: list[Edge] = field(default_factory=list)
    to_left: list[Edge] = field(default_factory=list)
    from_above: list[Edge] = field(default_factory=list)
    from_below: list[Edge] = field(default_factory=list)
    to_itself: list[Edge] = field(default_factory=list)
    box: Rect = field(default=_NOWHERE)

    def size(self) -> Size:
        """A box with room for a lane at its sides for each line."""
        width, height = node_size(self.node)
        right, left = ([_pitch(edge) for edge in edges] for edges in (self.to_itself + self.to_right, self.to_left))
        lanes = max(len(self.from_above), len(self.from_below)) + 1
        return (max(width, lanes * _LANE), max(height, sum(right), sum(left)))

    def left_room(self) -> float:
        return _room(self.to_left, _STUB)

    def right_room(self) -> float:
        return max(_room(self.to_right, _STUB), _room(self.to_itself, _STUB + _LANE))


def staircase(graph: Graph) -> Layout:
    """The layout of any graph."""
    steps = _steps(graph)
    groups = _place(graph, steps)
    routes = {key: route for step in steps.values() for key, route in _routes(step, steps)}
    return Layout(groups, {id_: step.box for id_, step in steps.items()}, routes)


def _steps(graph: Graph) -> dict[str, _Step]:
    """Who only starts connections, then the namespaces, then the rest; every list in the order that crosses least."""
    ends = {edge.destination for edge in graph.edges}
    groups = [group.id for group in graph.groups]
    order = {group: number for number, group in enumerate(groups, start=1)}

    def rank(node: Node) -> int:
        if node.group is not None:
            return order[node.group]
        return len(groups) + 1 if node.id in ends else 0

    steps = {node.id: _Step(node) for node in sorted(graph.nodes, key=rank)}
    position = {id_: number for number, id_ in enumerate(steps)}
    for edge in graph.edges:
        source, destination = steps[edge.source], steps[edge.destination]
        if source is destination:
            source.to_itself.append(edge)
        elif position[edge.source] < position[edge.destination]:
            source.to_right.append(edge)
            destination.from_above.append(edge)
        else:
            source.to_left.append(edge)
            destination.from_below.append(edge)
    for step in steps.values():
        step.to_right.sort(key=lambda edge: -position[edge.destination])
        step.to_left.sort(key=lambda edge: -position[edge.destination])
        step.from_above.sort(key=lambda edge: -position[edge.source])
        step.from_below.sort(key=lambda edge: -position[edge.source])
    return steps


def _place(graph: Graph, steps: Mapping[str, _Step]) -> dict[str, tuple[Rect, ...]]:
    """Give every step its box, one below and right of the other, and every namespace with pods its frame."""
    frames: dict[str, tuple[Rect, ...]] = {}
    x = y = 0.0
    parties = list(steps.values())
    while parties:
        group = parties[0].node.group
        members = [step for step in parties if step.node.group == group] if group is not None else parties[:1]
        parties = parties[len(members) :]
        start_x, start_y = x, y
        if group is not None:
            x += max(_NAME_ROOM - members[0].left_room(), GROUP_PADDING)
            y += GROUP_HEAD + GROUP_PADDING / 2
        for step in members:
            width, height = step.size()
            x += step.left_room()
            step.box = Rect(x, y, width, height)
            x += width + step.right_room() + _GAP
            y += height + _GAP
        if group is not None:
            frames[group] = (Rect(start_x, start_y, x - start_x, y - start_y),)
            x += _GAP
            y += _GAP
    return {item.id: frames[item.id] for item in graph.groups if item.id in frames}


def _routes(step: _Step, steps: Mapping[str, _Step]) -> Iterator[tuple[str, Route]]:
    box = step.box
    for edge, middle in _lanes(box, step.to_itself + step.to_right):
        width, height = label_size(label_lines(edge))
        other, label = steps[edge.destination], Rect(box.right + _STUB, middle - height / 2, width, height)
        if other is step:
            far = box.right + _STUB
            corners = ((far, middle - _LANE / 2), (far, middle + _LANE / 2))
            loop = ((box.right, middle - _LANE / 2), *corners, (box.right, middle + _LANE / 2))
            yield edge.key, Route(loop, replace(label, x=far + _STUB / 2))
        else:
            lane = _lane(other, other.from_above.index(edge))
            yield edge.key, Route(((box.right, middle), (lane, middle), (lane, other.box.y)), label)
    for edge, middle in _lanes(box, step.to_left):
        width, height = label_size(label_lines(edge))
        other, label = steps[edge.destination], Rect(box.x - _STUB - width, middle - height / 2, width, height)
        lane = _lane(other, other.from_below.index(edge))
        yield edge.key, Route(((box.x, middle), (lane, middle), (lane, other.box.bottom)), label)


def _lanes(box: Rect, edges: Iterable[Edge]) -> Iterator[tuple[Edge, float]]:
    """The height at which each edge leaves a box, from its top down."""
    y = box.y
    for edge in edges:
        yield edge, y + _pitch(edge) / 2
        y += _pitch(edge)


def _lane(step: _Step, number: int) -> float:
    return step.box.x + (number + 1) * _LANE


def _pitch(edge: Edge) -> float:
    """The height that an edge takes beside its source."""
    return max(label_size(label_lines(edge))[1], 2 * _LANE) + 4


def _room(edges: Iterable[Edge], stub: float) -> float:
    """The width that the labels of edges take beside their source."""
    return max((label_size(label_lines(edge))[0] + stub + _STUB for edge in edges), default=0.0)
