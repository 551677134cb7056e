"""A way for one more edge through a picture that is laid out: around boxes and labels, across lines, never along.

A search for the cheapest way over a grid (A*), where a bend and a crossing cost more than a step.
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from netmatrix.graph.layout import Point, Rect, Route
from netmatrix.graph.shapes import Size

_STEP = 6.0
_BOX_MARGIN, _LABEL_MARGIN, _LINE_MARGIN = 14.0, 5.0, 8.0
"""How near a line may come to a box that is not its end, to a label, and to a line that runs beside it."""
_BEND, _CROSSING = 8, 4
_CORNER = 9.0
"""How near to its corner a line may leave a box."""

_Cell = tuple[int, int]
_Way = tuple[int, int]
_State = tuple[_Cell, _Way, bool]
_LEVEL, _UPRIGHT = 0, 1
_WAYS: tuple[_Way, ...] = ((1, 0), (-1, 0), (0, 1), (0, -1))


@dataclass(frozen=True, slots=True)
class _Gate:
    """Where a line may leave or enter a box: the point on its border, the cell before it, and the way outwards."""

    point: Point
    cell: _Cell
    way: _Way


@dataclass(slots=True)
class Plane:
    """What stands in a picture so far. `room` is where lines may run."""

    room: Rect
    boxes: list[Rect]
    labels: list[Rect] = field(default_factory=list)
    lines: list[Rect] = field(default_factory=list)
    ends: list[Point] = field(default_factory=list)

    def add(self, route: Route) -> None:
        """Keep the room of a way that has been found."""
        self.labels.append(route.label)
        self.lines += route.segments()
        self.ends += (route.points[0], route.points[-1])

    def route(self, source: Rect, destination: Rect, label: Size) -> Route | None:
        """A way from one box to another with room for a label on it; None where there is none."""
        found = _Search(self, label).way(source, destination)
        if found is None:
            return None
        pieces = [piece for piece in found.segments() if not _holds(piece, found.label)]
        return None if any(piece.overlaps(found.label) for piece in pieces) else found


class _Search:
    """A grid over the plane, with what may not be entered level and upright, and where a label may lie.

    A state is a cell, the way that led there, and whether the label has been passed: it is one long straight step.
    """

    def __init__(self, plane: Plane, label: Size) -> None:
        self.plane = plane
        self.label = label
        self.columns = int(plane.room.width // _STEP) + 1
        self.rows = int(plane.room.height // _STEP) + 1
        size = self.columns * self.rows
        self.closed = (bytearray(size), bytearray(size))
        self.taken = bytearray(size)
        for line in plane.lines:
            self._mark(self.closed[_LEVEL if _is_level(line) else _UPRIGHT], line.grown(_LINE_MARGIN))
            self._mark(self.taken, line.grown(_LABEL_MARGIN))
        self.beside = tuple(bytes(closed) for closed in self.closed)
        for solid in (
            *(box.grown(_BOX_MARGIN) for box in plane.boxes),
            *(one.grown(_LABEL_MARGIN) for one in plane.labels),
        ):
            for marked in (*self.closed, self.taken):
                self._mark(marked, solid)

    def way(self, source: Rect, destination: Rect) -> Route | None:
        """The cheapest way that has the label on it."""
        starts = {(gate.cell, gate.way, False): gate for gate in self._gates(source)}
        goals = {(gate.cell, _turned(gate.way), True): gate for gate in self._gates(destination)}
        states = self._cheapest(starts, goals, destination)
        if not states:
            return None
        bends = [self._at(one[0]) for one, other in pairwise(states) if one[1] != other[1]]
        points = (starts[states[0]].point, *bends, goals[states[-1]].point)
        before, after = next((one, other) for one, other in pairwise(states) if one[2] != other[2])
        (x, y), (to_x, to_y), (width, height) = self._at(before[0]), self._at(after[0]), self.label
        return Route(points, Rect((x + to_x - width) / 2, (y + to_y - height) / 2, width, height))

    def _cheapest(self, starts: Iterable[_State], goals: Container[_State], destination: Rect) -> list[_State]:
        """The states of the cheapest way from any start to any goal; none where there is no way.

        What lies nearer to the destination is looked at first: no way from a cell is shorter than its distance.
        """
        costs = dict.fromkeys(starts, 0)
        before: dict[_State, _State] = {}
        queue = [(self._distance(state[0], destination), 0, state) for state in costs]
        heapq.heapify(queue)
        while queue:
            _, cost, state = heapq.heappop(queue)
            if cost > costs[state]:
                continue
            if state in goals:
                return _followed(state, before)
            for following, price in self._steps(state):
                total = cost + price
                if total < costs.get(following, total + 1):
                    costs[following] = total
                    before[following] = state
                    heapq.heappush(queue, (total + self._distance(following[0], destination), total, following))
        return []

    def _distance(self, cell: _Cell, destination: Rect) -> int:
        """The steps from a cell to a box, at least."""
        x, y = self._at(cell)
        across = max(destination.x - x, x - destination.right, 0.0)
        down = max(destination.y - y, y - destination.bottom, 0.0)
        reach = _BOX_MARGIN + 2 * _STEP  # a goal lies that far before the box, at most
        return int(max(across + down - reach, 0.0) // _STEP)

    def _steps(self, state: _State) -> Iterator[tuple[_State, int]]:
        (column, row), way, labelled = state
        for turn in _WAYS:
            if turn == _turned(way):
                continue
            cell = (column + turn[0], row + turn[1])
            axis = _axis(turn)
            if not self._is_open(cell, axis) or (turn != way and not self._is_open((column, row), axis)):
                continue
            crossing = self.beside[1 - axis][self._index(cell)]
            yield (cell, turn, labelled), 1 + (_BEND if turn != way else 0) + (_CROSSING if crossing else 0)
        if not labelled:
            steps = self._past_label((column, row), way)
            if steps:
                yield ((column + way[0] * steps, row + way[1] * steps), way, True), steps

    def _past_label(self, cell: _Cell, way: _Way) -> int:
        """How many steps lead straight past a label that begins beyond this cell; 0 where it has no room there."""
        if self.taken[self._index(cell)]:
            return 0
        along, across = (self.label[axis] for axis in ((0, 1) if way[1] == 0 else (1, 0)))
        steps, sides = int(along // _STEP) + 4, int(across / 2 // _STEP) + 1
        end = (cell[0] + way[0] * steps, cell[1] + way[1] * steps)
        columns, rows = (sorted(pair) for pair in zip(cell, end, strict=True))
        if way[1] == 0:
            rows = [rows[0] - sides, rows[1] + sides]
        else:
            columns = [columns[0] - sides, columns[1] + sides]
        if columns[0] < 0 or rows[0] < 0 or columns[1] >= self.columns or rows[1] >= self.rows:
            return 0
        for row in range(rows[0], rows[1] + 1):
            start = row * self.columns
            if self.taken.find(1, start + columns[0], start + columns[1] + 1) >= 0:
                return 0
        return steps

    def _gates(self, box: Rect) -> Iterator[_Gate]:
        """Every place on the border of a box where a line may begin and has its first steps free."""
        for way in _WAYS:
            across = range(self.columns) if way[0] == 0 else range(self.rows)
            for number in across:
                along = self._at((number, number))[0 if way[0] == 0 else 1]
                low, high = (box.x, box.right) if way[0] == 0 else (box.y, box.bottom)
                if not low + _CORNER <= along <= high - _CORNER:
                    continue
                gate = self._gate(box, way, along)
                if gate and not any(_near(gate.point, end) for end in self.plane.ends):
                    yield gate

    def _gate(self, box: Rect, way: _Way, along: float) -> _Gate | None:
        """The gate at `along` on one side; the cell is the first beyond the box's margin."""
        if way[0] == 0:
            border = (along, box.bottom if way[1] > 0 else box.y)
        else:
            border = (box.right if way[0] > 0 else box.x, along)
        reach = _BOX_MARGIN + _STEP
        beyond = (border[0] + way[0] * reach, border[1] + way[1] * reach)
        cell = self._cell(beyond, way)
        if not self._is_open(cell, _axis(way)):
            return None
        x, y = self._at(cell)
        stub = Rect(min(border[0], x), min(border[1], y), abs(border[0] - x), abs(border[1] - y)).grown(1)
        others = (other for other in self.plane.boxes if other != box)
        beside = (line for line in self.plane.lines if _is_level(line) == (way[1] == 0))
        taken = [*others, *self.plane.labels, *(line.grown(_LINE_MARGIN) for line in beside)]
        return None if any(stub.overlaps(other) for other in taken) else _Gate(border, cell, way)

    def _mark(self, marked: bytearray, rect: Rect) -> None:
        """Mark the cells whose points lie in a rectangle."""
        left, right = (int((x - self.plane.room.x) // _STEP) for x in (rect.x, rect.right))
        top, bottom = (int((y - self.plane.room.y) // _STEP) for y in (rect.y, rect.bottom))
        first, last = max(left + 1, 0), min(right, self.columns - 1)
        if first <= last:
            for row in range(max(top + 1, 0), min(bottom, self.rows - 1) + 1):
                start = row * self.columns
                marked[start + first : start + last + 1] = bytes([1]) * (last + 1 - first)

    def _is_open(self, cell: _Cell, axis: int) -> bool:
        column, row = cell
        return 0 <= column < self.columns and 0 <= row < self.rows and not self.closed[axis][self._index(cell)]

    def _index(self, cell: _Cell) -> int:
        return cell[1] * self.columns + cell[0]

    def _at(self, cell: _Cell) -> Point:
        return (self.plane.room.x + cell[0] * _STEP, self.plane.room.y + cell[1] * _STEP)

    def _cell(self, point: Point, way: _Way) -> _Cell:
        """The cell at a point, the one further out where it lies between two."""
        column, row = ((point[0] - self.plane.room.x) / _STEP, (point[1] - self.plane.room.y) / _STEP)
        return (round(column + way[0] * 0.49), round(row + way[1] * 0.49))


def _followed(state: _State, before: Mapping[_State, _State]) -> list[_State]:
    """The states that led to this one, from the first on."""
    states = [state]
    while states[-1] in before:
        states.append(before[states[-1]])
    return states[::-1]


def _holds(piece: Rect, label: Rect) -> bool:
    """Whether a label lies upon this piece."""
    x, y = label.centre
    return piece.x <= x <= piece.right and piece.y <= y <= piece.bottom


def _is_level(line: Rect) -> bool:
    return line.width >= line.height


def _axis(way: _Way) -> int:
    return _LEVEL if way[1] == 0 else _UPRIGHT


def _turned(way: _Way) -> _Way:
    return (-way[0], -way[1])


def _near(one: Point, other: Point) -> bool:
    return abs(one[0] - other[0]) < _LINE_MARGIN + 2 and abs(one[1] - other[1]) < _LINE_MARGIN + 2
