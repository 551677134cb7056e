"""What a picture says of its connections in words: the legend, a tooltip, and the whole as text."""

from __future__ import annotations

from collections.abc import Iterator

from netmatrix.graph.model import Edge, EdgeKind, FlowLine, Graph
from netmatrix.graph.shapes import ports_text

PORTS_NOTE = "Numbers are TCP ports, unless UDP or SCTP is named."
CAPTION = "Who may connect to whom. From and to the namespaces drawn, everything else is denied."


def heading(graph: Graph) -> str:
    """The picture's name."""
    return f"{graph.title}: {graph.environment}"


def kind_words(edge: Edge, graph: Graph) -> str:
    """What an edge of that kind is, for the legend."""
    if edge.kind is EdgeKind.OPERATIONAL:
        return "needed to run, switched on" if edge.on else "needed to run, off until values switch it on"
    if not edge.on:
        return "documented, switched off"
    if edge.kind is EdgeKind.EXCEPTION:
        return "exception to the matrix, until the day named"
    if edge.kind is EdgeKind.DOCUMENTED:
        return "in every environment"
    # With more than two, a flow that is not in all of them may yet be in others.
    return f"in {graph.environment}{' only' if len(graph.environments) <= 2 else ', not in every environment'}"


def connection(graph: Graph, edge: Edge) -> str:
    """One edge as a sentence without a full stop."""
    source, destination = (graph.node(id_).title for id_ in (edge.source, edge.destination))
    return f"{source} to {destination}: {ports_text(edge.ports())} ({kind_words(edge, graph)})"


def explained(graph: Graph, edge: Edge) -> str:
    """An edge with each flow that it rests on, a line each."""
    return "\n".join([connection(graph, edge), *map(_flow, edge.flows)])


def described(graph: Graph) -> str:
    """All connections in words, for those who do not see the picture."""
    return "\n".join([CAPTION, PORTS_NOTE, *_lines(graph)])


def _lines(graph: Graph) -> Iterator[str]:
    for group in graph.groups:
        pods = ", ".join(node.title for node in graph.nodes if node.group == group.id)
        yield f"Namespace {group.name}: {pods or 'no pod of the matrix'}."
    yield from (f"{connection(graph, edge)}." for edge in graph.edges)


def _flow(flow: FlowLine) -> str:
    reason = f": {flow.reason}" if flow.reason else ""
    owner = f" (owner {flow.owner}, until {flow.expires})" if flow.expires else ""
    return f"{flow.id}{reason}{owner}"
