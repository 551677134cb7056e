"""A graph in Graphviz's language, for `dot -Tsvg` and the tools that read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netmatrix.graph.model import Edge, EdgeKind, Graph, Node, NodeKind
from netmatrix.graph.shapes import ports_text
from netmatrix.graph.words import heading, kind_words

_STYLES: Mapping[EdgeKind, str] = {
    EdgeKind.DOCUMENTED: "style=solid",
    EdgeKind.ENVIRONMENT: 'style=solid color="#0b57c4:#0b57c4" fontcolor="#0b57c4"',
    EdgeKind.OPERATIONAL: 'style=dashed color="#8a4600" fontcolor="#8a4600"',
    EdgeKind.EXCEPTION: 'style=bold color="#a40e26" fontcolor="#a40e26" arrowhead=normalnormal',
}


def dot(graph: Graph) -> str:
    """The graph as a `digraph`; every text is a quoted string in which nothing is read as markup or escape."""
    lines = [
        f"digraph {_quoted(heading(graph))} {{",
        f"  graph [label={_quoted(heading(graph))} labelloc=t fontname=sans rankdir=TB];",
        '  node [shape=box fontname=sans style="filled,rounded" fillcolor=white];',
        "  edge [fontname=sans fontsize=11];",
    ]
    for group in graph.groups:
        members = [node for node in graph.nodes if node.group == group.id]
        if members:
            lines.append(f"  subgraph {_quoted(f'cluster_{group.id}')} {{")
            lines.append(f"    label={_quoted(f'namespace {group.name}')};")
            lines += [f"    {_node(node)}" for node in members]
            lines.append("  }")
    lines += [f"  {_node(node)}" for node in graph.nodes if node.group is None]
    lines += [f"  {text}" for text in _edges(graph)]
    return "\n".join([*lines, "}"]) + "\n"


def _node(node: Node) -> str:
    label = "\n".join(filter(None, (node.title, node.detail)))
    ours = "" if node.kind is NodeKind.POD else ' style="filled,dashed" fillcolor="#e4ebf3"'
    return f"{_quoted(node.id)} [label={_quoted(label)} tooltip={_quoted(node.description or node.title)}{ours}];"


def _edges(graph: Graph) -> Iterator[str]:
    for edge in graph.edges:
        tooltip = _quoted(f"{kind_words(edge, graph)}: {', '.join(flow.id for flow in edge.flows)}")
        ends = f"{_quoted(edge.source)} -> {_quoted(edge.destination)}"
        yield f"{ends} [label={_quoted(_label(edge))} {_style(edge)} tooltip={tooltip}];"


def _label(edge: Edge) -> str:
    ports = ports_text(edge.ports())
    return f"{ports} until {edge.until}" if edge.until else ports


def _style(edge: Edge) -> str:
    return _STYLES[edge.kind] if edge.on else 'style=dotted color="#59636e" fontcolor="#59636e" arrowhead=empty'


def _quoted(text: str) -> str:
    """A double-quoted string. A backslash would begin an escape such as `\\N`, which stands for the node's name."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
