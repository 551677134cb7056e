"""The sizes of boxes and labels, and the text in them: what a layout must make room for."""

from __future__ import annotations

from collections.abc import Iterable

from netmatrix.graph.measure import fitted, text_width, wrapped
from netmatrix.graph.model import Edge, Group, Node, NodeKind
from netmatrix.matrix.model import Port, Protocol

TITLE_SIZE = 14.0
DETAIL_SIZE = 11.0
LABEL_SIZE = 12.0
LABEL_LINE = 14.0
"""From one line of a label to the next."""

GROUP_HEAD = 26.0
"""The strip at the top of a namespace's box, where its name stands."""
GROUP_PADDING = 14.0

_PADDING = 10.0
_NARROWEST, _WIDEST = 84.0, 220.0
_LABEL_ROOM = 76.0
_LABEL_LINES = 4
_LABEL_MARGIN = 3.0
_PORT_ROOM = text_width("65535", LABEL_SIZE)
"""Every label has room for any one port: values may move it."""

Size = tuple[float, float]


def node_size(node: Node) -> Size:
    """The box of a party; who is not one of our pods has a second line in it."""
    width = max(text_width(node.title, TITLE_SIZE), *(text_width(line, DETAIL_SIZE) for line in _reserved(node)))
    return (_rounded(min(max(width + 2 * _PADDING, _NARROWEST), _WIDEST)), 36.0 if node.kind is NodeKind.POD else 46.0)


def group_name(group: Group) -> str:
    """What stands at the top of a namespace's box."""
    return f"namespace {group.name}"


def group_width(group: Group) -> float:
    """The least width of a namespace's box: that of its name, within reason."""
    return _rounded(min(text_width(group_name(group), DETAIL_SIZE) + 2 * GROUP_PADDING, _WIDEST))


def title_of(node: Node, width: float) -> str:
    """The party's name, as much as fits a box of that width."""
    return fitted(node.title, TITLE_SIZE, width - 2 * _PADDING + 4)


def detail_of(node: Node, width: float) -> str:
    """The second line, as much as fits a box of that width."""
    return fitted(node.detail, DETAIL_SIZE, width - 2 * _PADDING + 4)


def label_lines(edge: Edge) -> tuple[str, ...]:
    """What stands on an edge: its ports, and until when where that is limited."""
    lines = wrapped(ports_text(edge.ports()), LABEL_SIZE, _LABEL_ROOM, _LABEL_LINES)
    return (*lines, "until", edge.until) if edge.until else lines


def label_size(lines: Iterable[str]) -> Size:
    """The room that a label takes."""
    found = list(lines)
    width = max(_PORT_ROOM, *(text_width(line, LABEL_SIZE) for line in found))
    return (_rounded(width + 2 * _LABEL_MARGIN), LABEL_LINE * len(found) + _LABEL_MARGIN)


def ports_text(ports: tuple[Port, ...] | None) -> str:
    """`80, 443`, `53 UDP+TCP`, `any port`: TCP goes without saying."""
    if ports is None:
        return "any port"
    protocols: dict[int, list[Protocol]] = {}
    for port in ports:
        protocols.setdefault(port.number, []).append(port.protocol)
    return ", ".join(str(number) + _protocols(found) for number, found in protocols.items())


def _protocols(found: list[Protocol]) -> str:
    if found == [Protocol.TCP]:
        return ""
    return " " + "+".join(sorted(found, reverse=True))


def _reserved(node: Node) -> list[str]:
    """Second lines are often long lists of ranges: they get the room of a few words, and are cut."""
    return [node.detail[:28]]


def _rounded(width: float) -> float:
    return float(-(-width // 2) * 2)
