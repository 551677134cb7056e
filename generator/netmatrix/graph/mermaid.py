"""A graph in Mermaid's language, which GitHub and GitLab draw inside Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from netmatrix.graph.model import Edge, EdgeKind, Graph, Node, NodeKind
from netmatrix.graph.shapes import ports_text
from netmatrix.graph.words import heading

_ARROWS: Mapping[EdgeKind, str] = {
    EdgeKind.DOCUMENTED: "-->",
    EdgeKind.ENVIRONMENT: "==>",
    EdgeKind.OPERATIONAL: "-.->",
    EdgeKind.EXCEPTION: "==>",
}


def mermaid(graph: Graph) -> str:
    """The graph as a `flowchart`. Names are numbers of our own, and texts are quoted with their markup as entities."""
    names = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["---", f"title: {_yaml(heading(graph))}", "---", "flowchart TB"]
    for number, group in enumerate(graph.groups):
        members = [node for node in graph.nodes if node.group == group.id]
        if members:
            lines.append(f"  subgraph g{number}[{_quoted(f'namespace {group.name}')}]")
            lines += [f"    {names[node.id]}{_box(node)}" for node in members]
            lines.append("  end")
    lines += [f"  {names[node.id]}{_box(node)}" for node in graph.nodes if node.group is None]
    lines += [
        f"  {names[edge.source]} {_arrow(edge)}|{_quoted(_label(edge))}| {names[edge.destination]}"
        for edge in graph.edges
    ]
    return "\n".join([*lines, *_styles(graph)]) + "\n"


def _box(node: Node) -> str:
    text = _quoted(*filter(None, (node.title, node.detail)))
    return f"[{text}]" if node.kind is NodeKind.POD else f"([{text}])"


def _arrow(edge: Edge) -> str:
    return _ARROWS[edge.kind] if edge.on else "-.-o"


def _label(edge: Edge) -> str:
    words = [ports_text(edge.ports())]
    if edge.kind is EdgeKind.EXCEPTION:
        words.append(f"exception until {edge.until}")
    return ", ".join([*words, *([] if edge.on else ["off"])])


def _styles(graph: Graph) -> Iterator[str]:
    """Colours for exceptions, which share their arrow with others; readable on light and on dark ground."""
    numbers = [str(number) for number, edge in enumerate(graph.edges) if edge.kind is EdgeKind.EXCEPTION]
    if numbers:
        yield f"  linkStyle {','.join(numbers)} stroke:#d1495b,stroke-width:3px,stroke-dasharray:9 3"


def _quoted(*lines: str) -> str:
    """A string in which nothing is read as Markdown, HTML or Mermaid: all but letters, digits and a few are entities.

    Mermaid writes a character as `#`, its number and `;` (Flowcharts, "Entity codes to escape characters").
    """
    escaped = (re.sub(r"[^\w .,:/()+=-]", lambda found: f"#{ord(found[0])};", line) for line in lines)
    return '"' + "<br/>".join(escaped) + '"'


def _yaml(text: str) -> str:
    """The title stands in front matter, which is YAML, and is set as text."""
    return "'" + text.replace("'", "''") + "'"
