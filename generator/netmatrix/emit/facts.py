"""The matrix's limits in the form in which the chart's templates carry them."""

from __future__ import annotations

import json
from typing import Any

from netmatrix.emit.schema import bare_schema, values_schema
from netmatrix.matrix.model import Endpoint, Matrix

_WIDTH = 160


def matrix_facts(matrix: Matrix) -> str:
    """JSON: what _requirements.tpl and _discovery.tpl judge values by."""
    sections: dict[str, Any] = {
        "environments": list(matrix.environments),
        "namespaces": [{"id": n.id, "name": n.name, "fixed": n.fixed} for n in matrix.namespaces.values()],
        "pods": [
            {
                "id": pod.id,
                "namespace": pod.namespace,
                "labels": dict(pod.labels),
                "ports": [{"name": name, "protocol": str(port.protocol)} for name, port in pod.ports.items()],
                **({"purpose": str(pod.purpose)} if pod.purpose else {}),
            }
            for pod in matrix.pods.values()
        ],
        "endpoints": {id_: _endpoint(endpoint) for id_, endpoint in matrix.endpoints.items()},
        "flows": {id_: list(flow.environments) for id_, flow in matrix.without_audit().flows.items()},
        "never": [
            {
                "id": line.id,
                "from": line.source.id,
                "to": line.destination.id,
                "environments": list(line.environments),
                "reason": line.reason,
            }
            for line in matrix.never.values()
        ],
    }
    return _lines(sections)


def schema_facts(matrix: Matrix) -> str:
    """The values' schema without descriptions, as JSON of short lines."""
    return _lines(bare_schema(values_schema(matrix)))


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": str(endpoint.kind)}
    if endpoint.cidrs and not endpoint.retargetable:
        facts["cidrs"] = [str(cidr) for cidr in endpoint.cidrs]
    if endpoint.ceiling:
        facts["ceiling"] = {
            "ports": [str(port) for port in endpoint.ceiling.ports],
            "cidrs": endpoint.ceiling.cidrs,
            "prefix": {f"ipv{version}": prefix for version, prefix in endpoint.ceiling.shortest_prefix.items()},
        }
    if endpoint.discovery:
        facts["discover"] = {"namespace": endpoint.discovery.namespace, "service": endpoint.discovery.service}
    return facts


def _lines(value: Any, indent: str = "") -> str:
    """JSON: what fits a line stands on one, so that a row of the matrix is a line or a few, and a diff can be read."""
    line = _compact(value)
    if not value or not isinstance(value, (dict, list)) or len(indent + line) <= _WIDTH:
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        items = [f"{inner}{_compact(key)}: {_lines(item, inner)}" for key, item in value.items()]
    else:
        items = [inner + _lines(item, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(items) + f"\n{indent}{closing}"


def _compact(value: Any) -> str:
    """JSON that a Helm template passes through unread: its own delimiters are broken up by a space."""
    text = json.dumps(value, ensure_ascii=True)
    return text.replace("{{", "{ {").replace("}}", "} }")
