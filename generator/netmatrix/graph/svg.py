"""A graph as SVG: a picture that stands alone, or that a page takes in and works on by its classes and `data-` names.

Text is put into the document's tree and escaped when it is written, so that no label can be markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from netmatrix.graph.layout import Layout, Point, Rect, Route
from netmatrix.graph.measure import fitted, text_width
from netmatrix.graph.model import Edge, EdgeKind, Graph, Group, Node, NodeKind
from netmatrix.graph.shapes import (
    DETAIL_SIZE,
    GROUP_HEAD,
    LABEL_LINE,
    LABEL_SIZE,
    detail_of,
    group_name,
    label_lines,
    label_size,
    title_of,
)
from netmatrix.graph.style import stylesheet
from netmatrix.graph.words import CAPTION, PORTS_NOTE, described, explained, heading, kind_words

Element = ElementTree.Element

_MARGIN = 16.0
_HEADER = 64.0
_NARROWEST = text_width(CAPTION, LABEL_SIZE) + 2 * _MARGIN
_HEADING_SIZE = 18 * 1.14
"""Bold letters are wider than others, by less than a seventh."""
_HEAD_LENGTH, _HEAD_BREADTH = 9.0, 4.5
_KEY_LINE, _KEY_ROW, _KEY_GAP = 44.0, 22.0, 28.0
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold (section 2.2)."""


def svg(graph: Graph, layout: Layout, *, header: str = "", prefix: str = "") -> str:
    """The picture. `layout` has a place for all of `graph`; `header` becomes a comment on the first line.

    Ids begin with `prefix`, or with the environment's name, so that a page can hold several pictures. A namespace is
    `g.namespace[data-namespace]`, a party `g.pod[data-pod]` or `g.endpoint[data-endpoint]`, a connection
    `g.flow[data-source][data-destination][data-kind]` with its flows' ids in `data-flow`, parted by spaces.
    """
    return _Picture(graph, layout, prefix or f"network-{graph.environment}").text(header)


class _Picture:
    def __init__(self, graph: Graph, layout: Layout, prefix: str) -> None:
        self.graph = graph
        self.layout = layout
        self.prefix = prefix
        self.bounds = layout.bounds()
        self.width = max(self.bounds.width + 2 * _MARGIN, _NARROWEST)

    def text(self, header: str) -> str:
        legend, legend_height = self.legend()
        height = _HEADER + self.bounds.height + _MARGIN + legend_height + _MARGIN / 2
        root = Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "class": "netmatrix-graph",
                "id": self.prefix,
                "role": "img",
                "aria-labelledby": f"{self.prefix}-title {self.prefix}-description",
                "viewBox": f"0 0 {_number(self.width)} {_number(height)}",
                "width": _number(self.width),
                "height": _number(height),
            },
        )
        _words(root, "title", heading(self.graph), id=f"{self.prefix}-title")
        _words(root, "desc", described(self.graph), id=f"{self.prefix}-description")
        _words(root, "style", stylesheet())
        _add(root, "rect", {"class": "canvas", "width": "100%", "height": "100%"})
        _write(root, "heading", fitted(heading(self.graph), _HEADING_SIZE, self.width - 2 * _MARGIN), _MARGIN, 28)
        _write(root, "key note", CAPTION, _MARGIN, 46)
        root.append(self.network())
        legend.set("transform", f"translate({_number(_MARGIN)} {_number(_HEADER + self.bounds.height + _MARGIN)})")
        root.append(legend)
        ElementTree.indent(root)
        comment = f"<!-- {_clean(header).replace('--', '- -')} -->\n" if header else ""
        return f"{comment}{ElementTree.tostring(root, encoding='unicode')}\n"

    def network(self) -> Element:
        """Namespaces below, connections upon them, then parties, and labels on top of everything."""
        x = (self.width - self.bounds.width) / 2 - self.bounds.x
        network = Element("g", {"transform": f"translate({_number(x)} {_number(_HEADER - self.bounds.y)})"})
        for group in self.graph.groups:
            for box in self.layout.groups.get(group.id, ()):
                network.append(self.namespace(group, box))
        for edge in self.graph.edges:
            network.append(self.flow(edge))
        for node in self.graph.nodes:
            network.append(self.party(node))
        return network

    def namespace(self, group: Group, box: Rect) -> Element:
        drawn = Element("g", {"class": "namespace", "data-namespace": group.id})
        _words(drawn, "title", group_name(group))
        _rect(drawn, box, 8)
        wanted = text_width(group_name(group), DETAIL_SIZE)
        start, room = _free_of_lines(self.layout.edges.values(), box, wanted)
        name = fitted(group_name(group), DETAIL_SIZE, room)
        if name:
            _write(drawn, "name", name, start, box.y + 17)
        return drawn

    def party(self, node: Node) -> Element:
        box = self.layout.nodes[node.id]
        ours = node.kind is NodeKind.POD
        kind = "pod" if ours else "endpoint"
        names = {"class": f"{kind} {node.kind}", "id": f"{self.prefix}-{kind}-{node.id}", f"data-{kind}": node.id}
        drawn = Element("g", {name: _clean(value) for name, value in names.items()})
        told = [node.title, node.detail, node.description]
        _words(drawn, "title", "\n".join(filter(None, told)))
        _rect(drawn, box, 5 if ours else 16)
        x, y = box.centre
        detail = detail_of(node, box.width)
        _write(drawn, "title centred", title_of(node, box.width), x, y + (-2 if detail else 5))
        if detail:
            _write(drawn, "detail centred", detail, x, y + 14)
        return drawn

    def flow(self, edge: Edge) -> Element:
        route = self.layout.edges[edge.key]
        names = {
            "class": f"flow {_classes(edge)}",
            "id": f"{self.prefix}-{edge.kind}-{edge.flows[0].id}",
            "data-flow": " ".join(flow.id for flow in edge.flows),
            "data-source": edge.source,
            "data-destination": edge.destination,
            "data-kind": str(edge.kind),
        }
        drawn = Element("g", {name: _clean(value) for name, value in names.items()})
        _words(drawn, "title", explained(self.graph, edge))
        _arrow(drawn, route.points, doubled=_is_doubled(edge))
        self.label(drawn, edge, route)
        return drawn

    def label(self, drawn: Element, edge: Edge, route: Route) -> None:
        lines = label_lines(edge)
        width, height = label_size(lines)
        x, y = route.label.centre
        label = _add(drawn, "g", {"class": "label"})
        _rect(label, Rect(x - width / 2, y - height / 2, width, height), 3)
        for number, line in enumerate(lines):
            _write(label, "ports centred", line, x, y + (number - (len(lines) - 1) / 2) * LABEL_LINE + 4)

    def legend(self) -> tuple[Element, float]:
        """A sample of each kind of connection that is drawn, and the height that they take."""
        legend = Element("g", {"class": "legend"})
        x, y, room = 0.0, 12.0, self.width - 2 * _MARGIN
        kinds = {_classes(edge): edge for edge in self.graph.edges}
        for edge in sorted(kinds.values(), key=lambda edge: (not edge.on, list(EdgeKind).index(edge.kind))):
            words = kind_words(edge, self.graph)
            width = _KEY_LINE + 8 + text_width(words, LABEL_SIZE)
            if x and x + width > room:
                x, y = 0.0, y + _KEY_ROW
            sample = _add(legend, "g", {"class": _classes(edge)})
            _arrow(sample, ((x, y), (x + _KEY_LINE, y)), doubled=_is_doubled(edge))
            _write(sample, "key", words, x + _KEY_LINE + 8, y + 4)
            x += width + _KEY_GAP
        y += _KEY_ROW
        _write(legend, "key note", PORTS_NOTE, 0, y + 4)
        return legend, y + 12


def _free_of_lines(routes: Iterable[Route], box: Rect, wanted: float) -> tuple[float, float]:
    """Where a namespace's name may begin in the strip at the top of its box, and how much room it has there.

    The first place with the room that is wanted, else the one with the most.
    """
    strip = Rect(box.x + 10, box.y + 2, box.width - 20, GROUP_HEAD - 4)
    taken = [segment.grown(8) for route in routes for segment in (*route.segments(), route.label)]
    spans = sorted((item.x, item.right) for item in taken if item.overlaps(strip))
    gaps, start = [], strip.x
    for left, right in (*spans, (strip.right, strip.right)):
        gaps.append((start, left - start))
        start = max(start, right)
    return next((gap for gap in gaps if gap[1] >= wanted), max(gaps, key=lambda gap: gap[1]))


def _is_doubled(edge: Edge) -> bool:
    return edge.on and edge.kind is EdgeKind.ENVIRONMENT


def _classes(edge: Edge) -> str:
    return str(edge.kind) if edge.on else f"{edge.kind} off"


def _arrow(parent: Element, points: Sequence[Point], *, doubled: bool) -> None:
    """A line that ends in an arrowhead, drawn as a shape: markers would need ids that a page might hold already."""
    (x, y), (tip_x, tip_y) = points[-2:]
    along = (_sign(tip_x - x), _sign(tip_y - y))
    base = (tip_x - along[0] * _HEAD_LENGTH, tip_y - along[1] * _HEAD_LENGTH)
    path = "M" + " L".join(f"{_number(x)} {_number(y)}" for x, y in (*points[:-1], base))
    _add(parent, "path", {"class": "line", "d": path})
    if doubled:
        _add(parent, "path", {"class": "core", "d": path})
    sides = [(base[0] + side * along[1] * _HEAD_BREADTH, base[1] + side * along[0] * _HEAD_BREADTH) for side in (1, -1)]
    corners = " ".join(f"{_number(x)},{_number(y)}" for x, y in ((tip_x, tip_y), *sides))
    _add(parent, "polygon", {"class": "head", "points": corners})


def _rect(parent: Element, box: Rect, radius: float) -> None:
    sides = {"x": box.x, "y": box.y, "width": box.width, "height": box.height, "rx": radius}
    _add(parent, "rect", {name: _number(value) for name, value in sides.items()})


def _write(parent: Element, classes: str, text: str, x: float, y: float) -> None:
    _add(parent, "text", {"class": classes, "x": _number(x), "y": _number(y)}).text = _clean(text)


def _words(parent: Element, tag: str, text: str, **attributes: str) -> None:
    _add(parent, tag, attributes).text = _clean(text)


def _add(parent: Element, tag: str, attributes: dict[str, str]) -> Element:
    return ElementTree.SubElement(parent, tag, attributes)


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
