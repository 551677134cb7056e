"""The graph of a matrix under values that hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from netmatrix.graph.model import Edge, EdgeKind, FlowLine, Graph, Group, Node, NodeKind
from netmatrix.matrix.model import Basis, Endpoint, EndpointKind, Flow, Matrix, Pod, Port, Protocol
from netmatrix.values.context import Context, port_number
from netmatrix.values.ports import ports_of_flow

_Key = tuple[str, str, EdgeKind, bool]
"""Source, destination, kind, and whether it is on: flows that share them are one edge."""


def network_graph(context: Context, *, with_off: bool = False) -> Graph:
    """Who may connect to whom under values that hold, exceptions included.

    `with_off` adds the flows that the environment knows and the values do not switch on. Every pod is a node, also one
    that nobody may reach; another party is one where a connection leads there.
    """
    matrix, environment = context.matrix, context.environment
    assert environment is not None, "values without an environment do not hold"
    edges = (*_flow_edges(context, environment, with_off=with_off), *_exception_edges(context))
    used = {end for edge in edges for end in (edge.source, edge.destination)}
    nodes = [
        *(_pod(pod, environment) for pod in matrix.pods.values()),
        *(_endpoint(context, endpoint) for endpoint in matrix.endpoints.values() if endpoint.id in used),
        *_parties_of_exceptions(context),
    ]
    groups = tuple(Group(id_, context.namespace_name(id_) or id_) for id_ in matrix.namespaces)
    return Graph(matrix.title, environment, matrix.environments, groups, tuple(nodes), edges)


def _flow_edges(context: Context, environment: str, *, with_off: bool) -> tuple[Edge, ...]:
    """Flows between the same parties and of the same kind are one edge."""
    enabled = {flow.id for flow in context.enabled_flows()}
    merged: dict[_Key, list[FlowLine]] = {}
    for flow in context.matrix.flows_in(environment):
        on = flow.id in enabled and not _is_nobody(context, flow)
        if on or with_off:
            key = (flow.source.id, flow.destination.id, _kind(context.matrix, flow), on)
            line = FlowLine(flow.id, ports_of_flow(context, flow), flow.reason)
            merged.setdefault(key, []).append(line)
    return _edges(merged)


def _edges(merged: Mapping[_Key, Iterable[FlowLine]]) -> tuple[Edge, ...]:
    return tuple(Edge(*key, flows=tuple(lines)) for key, lines in merged.items())


def _kind(matrix: Matrix, flow: Flow) -> EdgeKind:
    if flow.basis is Basis.OPERATION:
        return EdgeKind.OPERATIONAL
    everywhere = set(flow.environments) == set(matrix.environments)
    return EdgeKind.DOCUMENTED if everywhere else EdgeKind.ENVIRONMENT


def _is_nobody(context: Context, flow: Flow) -> bool:
    """Whether values have left an end of the flow without anybody in it: such a flow renders no rule."""
    return any(isinstance(end, Endpoint) and not _who(context, end) for end in (flow.source, flow.destination))


def _exception_edges(context: Context) -> tuple[Edge, ...]:
    merged: dict[_Key, list[FlowLine]] = {}
    for name in context.mapping("exceptions"):
        path = ("exceptions", name)
        source, destination = (_party_id(context.mapping(*path, end)) for end in ("from", "to"))
        texts = (context.text(*path, key) or "" for key in ("reason", "owner", "expires"))
        line = FlowLine(name, tuple(_exception_ports(context, name)), *texts)
        merged.setdefault((source, destination, EdgeKind.EXCEPTION, True), []).append(line)
    return _edges(merged)


def _exception_ports(context: Context, name: str) -> Iterator[Port]:
    for item in context.items("exceptions", name, "ports"):
        number = port_number(item["port"])
        assert number is not None, "values that hold give every port of an exception a number"
        yield Port(number, Protocol(item["protocol"]))


def _party_id(end: Mapping[str, Any]) -> str:
    """The id of an exception's end: a row's, an endpoint's, or what it says; no id has a `/`, as these have."""
    if "namespace" in end:
        return f"{end['namespace']}/{','.join(end['selector'])}"
    return str(end.get("pod") or end.get("endpoint") or end["cidr"])


def _parties_of_exceptions(context: Context) -> Iterator[Node]:
    """The ends of exceptions that the matrix does not know, each once."""
    seen: set[str] = set()
    for name in context.mapping("exceptions"):
        for side in ("from", "to"):
            end = context.mapping("exceptions", name, side)
            id_ = _party_id(end)
            if id_ in seen or "pod" in end or "endpoint" in end:
                continue
            seen.add(id_)
            if "cidr" in end:
                yield Node(id_, NodeKind.ADDRESSES, id_)
            else:
                yield Node(id_, NodeKind.PODS, ", ".join(end["selector"]), f"pods of {end['namespace']}")


def _pod(pod: Pod, environment: str) -> Node:
    return Node(pod.id, NodeKind.POD, pod.titles[environment], description=pod.description, group=pod.namespace)


def _endpoint(context: Context, endpoint: Endpoint) -> Node:
    who = _who(context, endpoint) or "nobody"
    return Node(endpoint.id, NodeKind(endpoint.kind.value), endpoint.short, who, endpoint.description)


def _who(context: Context, endpoint: Endpoint) -> str:
    """Who an endpoint stands for under the values, in a few words; empty for nobody."""
    path = ("endpoints", endpoint.id)
    if endpoint.kind is EndpointKind.ANYONE and context.get(*path, "anyone") is True:
        return "any pod, any address"
    peers = context.mapping(*path, "peers").values()
    namespaces = [
        f"pods of {name}" for name in dict.fromkeys(peer["namespace"] for peer in peers if "cidr" not in peer)
    ]
    ranges = [peer["cidr"] for peer in peers if "cidr" in peer]
    if endpoint.retargetable:
        ranges += context.items(*path, "cidrs")
    else:
        ranges += map(str, endpoint.cidrs)
    found = context.get(*path, "discover") is True
    words = [*namespaces, *map(_short, ranges), *(["discovered"] if found else [])]
    excepts = len(endpoint.excepts) + len(context.mapping(*path, "additionalExcept"))
    if excepts:
        words.append(f"except {excepts} range{'' if excepts == 1 else 's'}")
    return ", ".join(words)


def _short(cidr: str) -> str:
    """A range of one address without its prefix length."""
    address, _, length = cidr.partition("/")
    return address if length == ("128" if ":" in address else "32") else cidr
