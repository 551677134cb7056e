"""Connections as text, JSON, a Markdown table or a Graphviz graph. The same connections always give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from netmatrix.document import Finding
from netmatrix.policy.listing import Connection, connections, names_of_groups
from netmatrix.policy.ports import PortSet, Protocol
from netmatrix.policy.reach import Reach


class ListingFormat(StrEnum):
    """How connections are printed."""

    TEXT = "txt"
    JSON = "json"
    MARKDOWN = "md"
    DOT = "dot"


NOT_CLAIMED = (
    "protocols other than TCP, UDP and SCTP, ICMP among them",
    "a node and its own pods",
    "a pod and itself",
    "established connections when policies change",
    "policies of higher tiers",
    "pods on the host's network",
)
"""What NetworkPolicies leave open, or plugins do differently."""


def listing(reach: Reach, format_: ListingFormat, notes: Sequence[Finding] = ()) -> str:
    """Every connection that is allowed, sorted, in the format asked for. JSON holds the `notes` as well."""
    return _WRITERS[format_](reach, notes)


def _text(reach: Reach, _notes: Sequence[Finding]) -> str:
    lines = sorted(str(item) for item in connections(reach))
    return "".join(f"{line}\n" for line in lines)


def _markdown(reach: Reach, _notes: Sequence[Finding]) -> str:
    rows = [f"| {item.source} | {item.destination} | {_said(item)} |\n" for item in _sorted(reach)]
    return "".join(["| source | destination | connections |\n|---|---|---|\n", *rows])


def _dot(reach: Reach, _notes: Sequence[Finding]) -> str:
    found = _sorted(reach)
    outside = {end for item in found for end in (item.source, item.destination) if "/" not in end}
    nodes = [f"  {_quoted(name)}\n" for name in _workloads(reach)]
    boxes = [f"  {_quoted(end)} [shape=box]\n" for end in sorted(outside)]
    arrows = [
        f"  {_quoted(item.source)} -> {_quoted(item.destination)} [label={_quoted(_said(item))}]\n" for item in found
    ]
    return "".join(["digraph connections {\n", *nodes, *boxes, *arrows, "}\n"])


def _json(reach: Reach, notes: Sequence[Finding]) -> str:
    data = {
        "model": {
            "ipBlockMatchesPods": reach.model.ipblock_matches_pods,
            "hostNetworkAsPods": reach.model.host_network_as_pods,
        },
        "workloads": _workloads(reach),
        "connections": [_json_connection(item) for item in _sorted(reach)],
        "notes": [
            {"rule": note.rule.id, "severity": note.severity, "place": str(note.place), "message": note.message}
            for note in notes
        ],
        "notClaimed": list(NOT_CLAIMED),
    }
    return json.dumps(data, indent=1) + "\n"


def _json_connection(item: Connection) -> dict[str, Any]:
    data: dict[str, Any] = {"source": item.source, "destination": item.destination}
    if item.family is not None:
        data["family"] = str(item.family)
    return {**data, "connections": str(item.ports), "ports": list(_json_ports(item.ports))}


def _json_ports(ports: PortSet) -> Iterable[Mapping[str, Any]]:
    for protocol in Protocol:
        for first, last in ports.of_protocol(protocol):
            yield {"protocol": protocol, "first": first, "last": last}


def _sorted(reach: Reach) -> list[Connection]:
    return sorted(connections(reach), key=lambda item: (item.source, item.destination, str(item.family)))


def _workloads(reach: Reach) -> list[str]:
    return sorted({name for names in names_of_groups(reach) for name in names})


def _said(item: Connection) -> str:
    return f"{item.ports} ({item.family})" if item.family else str(item.ports)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_WRITERS: Mapping[ListingFormat, Callable[[Reach, Sequence[Finding]], str]] = {
    ListingFormat.TEXT: _text,
    ListingFormat.JSON: _json,
    ListingFormat.MARKDOWN: _markdown,
    ListingFormat.DOT: _dot,
}
