"""What is wrong with a picture, read from the SVG alone: what overlaps, what runs through what, what lies outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from xml.etree import ElementTree

from netmatrix.graph.measure import text_width

SVG = "{http://www.w3.org/2000/svg}"
SIZES = {"heading": 18.0, "title": 14.0, "ports": 12.0, "key": 12.0, "detail": 11.0, "name": 11.0}
BOLD = 1.13  # a bold text is wider, by less than this
TOUCH = 0.5  # what is nearer than this touches

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass
class Picture:
    """The shapes of a picture in the coordinates of its viewBox, by the id of what they belong to."""

    size: tuple[float, float]
    frames: dict[str, Box] = field(default_factory=dict)
    boxes: dict[str, Box] = field(default_factory=dict)
    labels: dict[str, Box] = field(default_factory=dict)
    lines: dict[str, list[Box]] = field(default_factory=dict)
    ends: dict[str, set[str]] = field(default_factory=dict)
    texts: list[tuple[str, str, Box]] = field(default_factory=list)


def read(svg: str) -> Picture:
    """The shapes of a picture."""
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    picture = Picture((width, height))
    for owner, x, y in _groups(root, 0.0, 0.0):
        classes = owner.attrib.get("class", "").split()
        name = owner.attrib.get("data-pod") or owner.attrib.get("data-endpoint") or owner.attrib.get("id", "")
        name = name or f"namespace {owner.attrib.get('data-namespace', 'none')}, frame {len(picture.frames)}"
        if "flow" in classes:
            picture.ends[name] = {owner.attrib["data-source"], owner.attrib["data-destination"]}
            picture.lines[name] = list(_lines(owner, x, y))
            (picture.labels[name],) = (_rect(item, x, y) for item in owner.iter(f"{SVG}rect"))
        elif "namespace" in classes:
            picture.frames[name] = next(_rect(item, x, y) for item in owner.iter(f"{SVG}rect"))
        elif "data-pod" in owner.attrib or "data-endpoint" in owner.attrib:
            picture.boxes[name] = next(_rect(item, x, y) for item in owner.iter(f"{SVG}rect"))
        depth = ".//" if "flow" in classes else "./"
        if "label" not in classes:
            picture.texts += [(name, item.text or "", _text(item, x, y)) for item in owner.findall(f"{depth}{SVG}text")]
    return picture


def faults(svg: str) -> list[str]:
    """Every fault in words; an empty list for a picture that can be printed."""
    picture = read(svg)
    return [fault for check in (_shapes, _lines_and_boxes, _lines_and_lines, _words, _edge) for fault in check(picture)]


def _shapes(picture: Picture) -> Iterator[str]:
    for (one, its), (other, others) in combinations({**picture.boxes, **picture.labels}.items(), 2):
        if _overlap(its, others):
            yield f"{one} and {other} overlap"


def _lines_and_boxes(picture: Picture) -> Iterator[str]:
    for name, box in _pieces(picture):
        yield from (f"{name} runs through {other}" for other in picture.boxes if _enters(picture, name, box, other))
        for other, label in picture.labels.items():
            if other != name and _overlap(box, label):
                yield f"{name} runs through the label of {other}"


def _lines_and_lines(picture: Picture) -> Iterator[str]:
    for (one, its), (other, others) in combinations(picture.lines.items(), 2):
        if any(_run_together(a, b) for a in its for b in others):
            yield f"{one} and {other} run upon each other"


def _words(picture: Picture) -> Iterator[str]:
    solid = {**picture.boxes, **picture.labels}
    for owner, text, box in picture.texts:
        if not inside(box, {**picture.frames, **solid}.get(owner, (0.0, 0.0, *picture.size))):
            yield f"the text {text!r} leaves {owner}"
        if owner in picture.frames:
            yield from (
                f"{name} runs through the name {text!r}" for name, line in _pieces(picture) if _overlap(line, box)
            )
            yield from (f"{name} lies upon the name {text!r}" for name, place in solid.items() if _overlap(place, box))
    for (one, text, box), (other, words, place) in combinations(picture.texts, 2):
        if _overlap(box, place):
            yield f"the texts {text!r} of {one} and {words!r} of {other} overlap"


def _edge(picture: Picture) -> Iterator[str]:
    shapes = {**picture.frames, **picture.boxes, **picture.labels}
    for name, box in (*shapes.items(), *_pieces(picture)):
        if not inside(box, (0.0, 0.0, *picture.size)):
            yield f"{name} leaves the picture"


def _pieces(picture: Picture) -> Iterator[tuple[str, Box]]:
    return ((name, piece) for name, pieces in picture.lines.items() for piece in pieces)


def _enters(picture: Picture, name: str, line: Box, other: str) -> bool:
    """Whether a line runs through a box: its own ends it may touch, and no other may it."""
    left, top, right, bottom = picture.boxes[other]
    if other in picture.ends[name]:
        return _overlap(line, (left + TOUCH, top + TOUCH, right - TOUCH, bottom - TOUCH))
    return _overlap(line, (left - TOUCH, top - TOUCH, right + TOUCH, bottom + TOUCH))


def _run_together(one: Box, other: Box) -> bool:
    """Whether two pieces lie on each other for a length, rather than cross."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return (width > 2 and height > -3) or (height > 2 and width > -3)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def inside(box: Box, room: Box) -> bool:
    """Whether a box lies in another, borders included."""
    return box[0] >= room[0] and box[1] >= room[1] and box[2] <= room[2] and box[3] <= room[3]


def _groups(element: ElementTree.Element, x: float, y: float) -> Iterator[tuple[ElementTree.Element, float, float]]:
    move = re.fullmatch(r"translate\((-?[\d.]+) (-?[\d.]+)\)", element.attrib.get("transform", "translate(0 0)"))
    assert move is not None
    x, y = x + float(move[1]), y + float(move[2])
    yield element, x, y
    for child in element.findall(f"{SVG}g"):
        yield from _groups(child, x, y)


def _lines(owner: ElementTree.Element, x: float, y: float) -> Iterator[Box]:
    """A flow's line piece by piece, and its head."""
    (path,) = (item for item in owner.findall(f"{SVG}path") if item.attrib["class"] == "line")
    (head,) = owner.findall(f"{SVG}polygon")
    points = [(float(a) + x, float(b) + y) for a, b in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.attrib["d"])]
    for (a, b), (c, d) in pairwise(points):
        assert a == c or b == d, "lines are upright or level"
        yield (min(a, c), min(b, d), max(a, c), max(b, d))
    corners = [(float(a) + x, float(b) + y) for a, b in re.findall(r"(-?[\d.]+),(-?[\d.]+)", head.attrib["points"])]
    xs, ys = zip(*corners, strict=True)
    yield (min(xs), min(ys), max(xs), max(ys))


def _rect(element: ElementTree.Element, x: float, y: float) -> Box:
    left, top, width, height = (float(element.attrib[name]) for name in ("x", "y", "width", "height"))
    return (left + x, top + y, left + width + x, top + height + y)


def _text(element: ElementTree.Element, x: float, y: float) -> Box:
    """The room of a text in the widest font, from the height of its capitals to its baseline."""
    classes = element.attrib["class"].split()
    size = SIZES[classes[0]]
    width = text_width(element.text or "", size) * (BOLD if classes[0] == "heading" else 1)
    left = float(element.attrib["x"]) + x - (width / 2 if "centred" in classes else 0)
    base = float(element.attrib["y"]) + y
    return (left, base - 0.76 * size, left + width, base)
