"""Where things stand in a picture: boxes and routes, and the file that keeps what a layout engine found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from netmatrix.document import Finding, KeyPath, Place
from netmatrix.document.reader import Document
from netmatrix.graph.rules import UNUSABLE, LayoutError

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rect:
    """An upright rectangle; y grows downwards, as in SVG."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def centre(self) -> Point:
        return (self.x + self.width / 2, self.y + self.height / 2)

    def grown(self, by: float) -> Rect:
        """The rectangle with a margin all around."""
        return Rect(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def sides(self) -> Iterator[Rect]:
        """Its four borders, as rectangles without breadth."""
        yield from (Rect(self.x, y, self.width, 0) for y in (self.y, self.bottom))
        yield from (Rect(x, self.y, 0, self.height) for x in (self.x, self.right))

    def overlaps(self, other: Rect) -> bool:
        """Whether the two share more than a border."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom


@dataclass(frozen=True, slots=True)
class Route:
    """An edge's way from its source's border to its destination's, and the room of its label."""

    points: tuple[Point, ...]
    label: Rect

    def segments(self) -> Iterator[Rect]:
        """The straight pieces, each as a rectangle without breadth (pieces are upright or level)."""
        for (x, y), (to_x, to_y) in pairwise(self.points):
            yield Rect(min(x, to_x), min(y, to_y), abs(to_x - x), abs(to_y - y))


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of groups and nodes by id, and of edges by key.

    A namespace has more than one box where a pod has no place beside its neighbours. `page` is room to keep, also where
    nothing stands: pictures from the same coordinates then have everything in the same place.
    """

    groups: Mapping[str, tuple[Rect, ...]]
    nodes: Mapping[str, Rect]
    edges: Mapping[str, Route]
    page: Rect | None = None

    def bounds(self) -> Rect:
        """The smallest rectangle around everything."""
        boxes = [*self.nodes.values(), *(box for boxes in self.groups.values() for box in boxes)]
        boxes += [route.label for route in self.edges.values()] + ([self.page] if self.page else [])
        corners = [(box.x, box.y) for box in boxes] + [(box.right, box.bottom) for box in boxes]
        corners += [point for route in self.edges.values() for point in route.points]
        return around(corners)


NOTHING = Layout({}, {}, {})


def around(points: Iterable[Point]) -> Rect:
    """The smallest rectangle around some points."""
    xs, ys = zip(*points, strict=True)
    return Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def layout_yaml(layout: Layout, header: str) -> str:
    """The file's text: a line for each box and each route."""
    lines = [f"# {header}", "", "groups:"]
    lines += [f"  {_text(id_)}: {_boxes(boxes)}" for id_, boxes in layout.groups.items()]
    lines += ["", "nodes:", *(f"  {_text(id_)}: {_box(box)}" for id_, box in layout.nodes.items())]
    lines += ["", "edges:"]
    for key, route in layout.edges.items():
        points = ", ".join(f"[{_number(x)}, {_number(y)}]" for x, y in route.points)
        lines.append(f"  {_text(key)}: {{label: {_box(route.label)}, points: [{points}]}}")
    return "\n".join(lines) + "\n"


def layout_of(document: Document) -> Layout:
    """What a file of `layout_yaml` says. Raises LayoutError where it says something else."""
    reader = _Reader(document)
    edges = {
        key: Route(tuple(reader.points(("edges", key, "points"))), reader.box(("edges", key, "label")))
        for key in reader.keys("edges")
    }
    return Layout(
        {id_: tuple(reader.boxes(("groups", id_))) for id_ in reader.keys("groups")},
        {id_: reader.box(("nodes", id_)) for id_ in reader.keys("nodes")},
        edges,
    )


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document

    def keys(self, section: str) -> list[str]:
        found = self.document.data.get(section)
        if not isinstance(found, dict):
            raise self.refused((section,), "a map")
        return list(found)

    def boxes(self, path: KeyPath) -> Iterator[Rect]:
        for number in range(len(self.list(path))):
            yield self.box((*path, number))

    def box(self, path: KeyPath) -> Rect:
        numbers = self.numbers(path, 4)
        return Rect(*numbers)

    def points(self, path: KeyPath) -> Iterator[Point]:
        found = self.list(path)
        if len(found) < 2:
            raise self.refused(path, "two points or more")
        for number in range(len(found)):
            x, y = self.numbers((*path, number), 2)
            yield (x, y)

    def numbers(self, path: KeyPath, count: int) -> list[float]:
        found = self.list(path)
        good = [item for item in found if isinstance(item, (int, float)) and not isinstance(item, bool)]
        if len(found) != count or len(good) != count or not all(-1e6 < item < 1e6 for item in good):
            raise self.refused(path, f"{count} numbers")
        return good

    def list(self, path: KeyPath) -> list[Any]:
        value: Any = self.document.data
        for key in path:
            value = value[key] if isinstance(key, int) or (isinstance(value, dict) and key in value) else None
        if not isinstance(value, list):
            raise self.refused(path, "a list")
        return value

    def refused(self, path: KeyPath, wanted: str) -> LayoutError:
        place: Place = self.document.place(path)
        hint = "lay the pictures out anew: `make graphs`, or `netmatrix graph --arrange`"
        return LayoutError([Finding(UNUSABLE, f"these are no coordinates: there must be {wanted}", place, path, hint)])


def _text(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _boxes(boxes: Iterable[Rect]) -> str:
    return f"[{', '.join(map(_box, boxes))}]"


def _box(box: Rect) -> str:
    return f"[{', '.join(map(_number, (box.x, box.y, box.width, box.height)))}]"


def _number(value: float) -> str:
    """A coordinate to a tenth; whole numbers without a point."""
    return f"{value:.1f}".removesuffix(".0")
