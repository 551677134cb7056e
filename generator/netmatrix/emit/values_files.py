"""The values files: the chart's defaults, one per environment, the operational overlay, one per chart scenario."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Any

from netmatrix.emit.audit_schema import DEFAULTS
from netmatrix.emit.schema import values_schema
from netmatrix.matrix.check_endpoints import is_strictly_inside
from netmatrix.matrix.model import Basis, Endpoint, EndpointKind, Flow, Matrix, Network

_SAMPLES: tuple[Network, ...] = (ip_network("100.64.0.0/10"), ip_network("2001:db8::/32"))
_COMMENT_WIDTH = 150
TEST_IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
"""What the network policy tests of Kubernetes 1.36 run (test/utils/image/manifest.go)."""
_SCHEMA_HINT = "# yaml-language-server: $schema={}"


def chart_defaults(matrix: Matrix) -> dict[str, Any]:
    """The data of chart/values.yaml: every retargetable default, no environment, nothing on."""
    return {
        "environment": "",
        "namespaces": {
            id_: {"name": namespace.name, "create": namespace.create, "lookup": True}
            for id_, namespace in matrix.namespaces.items()
            if not namespace.fixed
        },
        "pods": {
            id_: {"selector": _selector(pod.labels)}
            | ({"ports": {name: port.number for name, port in pod.ports.items()}} if pod.ports else {})
            for id_, pod in matrix.pods.items()
        },
        "endpoints": {id_: _endpoint(endpoint) for id_, endpoint in matrix.endpoints.items()},
        "flows": {},
        "exceptions": {},
        "backends": {"cilium": {"enabled": False}, "clusterNetworkPolicy": {"enabled": False}},
        **({"audit": dict(DEFAULTS)} if matrix.audit_pod else {}),
        "test": {"image": TEST_IMAGE, "pullPolicy": "IfNotPresent"},
    }


def values_yaml(matrix: Matrix, header: str) -> str:
    """The text of chart/values.yaml. What a key is for stands above it, in the schema's words, the first time."""
    told: set[str] = set()
    properties = values_schema(matrix)["properties"]
    lines = [f"# {header}", "---"]
    for key, value in chart_defaults(matrix).items():
        lines += _explained(properties[key], "", told)
        lines += _block(key, value, properties[key].get("properties", {}), told)
    return "\n".join(lines) + "\n"


def _block(key: str, value: Any, schemas: Mapping[str, Any], told: set[str]) -> list[str]:
    """A top-level key; where it holds rows, each row and each key of it on a line of its own."""
    if not isinstance(value, dict) or not value:
        return [f"{key}: {_flow_style(value)}"]
    lines = [f"{key}:"]
    for id_, item in value.items():
        if not isinstance(item, dict):
            lines += [*_explained(schemas[id_], "  ", told), f"  {id_}: {_flow_style(item)}"]
            continue
        lines += [*_explained(schemas[id_], "  ", told), f"  {id_}:"]
        for name, part in item.items():
            lines += [*_explained(schemas[id_]["properties"][name], "    ", told), f"    {name}: {_flow_style(part)}"]
    return lines


def _explained(schema: Mapping[str, Any], indent: str, told: set[str]) -> list[str]:
    text = f"{schema['description'].rstrip('.')}."
    if text in told:
        return []
    told.add(text)
    return [f"{indent}# {line}" for line in textwrap.wrap(text, _COMMENT_WIDTH)]


def environment_yaml(matrix: Matrix, environment: str, header: str) -> str:
    """The text of values/values-<environment>.yaml: the environment and the documented flows that it switches on."""
    lines = [
        f"# {header}",
        _SCHEMA_HINT.format("../schema/override.schema.json"),
        f"# The documented table of {environment}, to the letter. Adjust a cluster in an override of its own.",
        "---",
        f"environment: {environment}",
        *_flows(matrix.flows_in(environment, Basis.TABLE)),
    ]
    return "\n".join(lines) + "\n"


def operational_yaml(matrix: Matrix, header: str) -> str:
    """The text of values/operational.yaml: the flows beyond the documented tables, each with its reason."""
    flows = matrix.operational_flows()
    lines = [
        f"# {header}",
        _SCHEMA_HINT.format("../schema/override.schema.json"),
        "# What running the application needs beyond the documented tables. Add it after an environment file.",
        "---",
    ]
    if not flows:
        return "\n".join([*lines, "flows: {}"]) + "\n"
    lines.append("flows:")
    for flow in flows:
        lines.append(f"  # {flow.reason}.")
        lines.extend(_enabled([flow]))
    return "\n".join(lines) + "\n"


def scenario_yaml(matrix: Matrix, environment: str, header: str, *, everything: bool) -> str:
    """A values file for chart tools that take one file per scenario: the environment alone, or with all there is."""
    flows = [*matrix.flows_in(environment, Basis.TABLE), *(matrix.operational_flows() if everything else ())]
    lines = [f"# {header}", "---", f"environment: {environment}", *_flows(flows)]
    if everything:
        lines += ["endpoints:", *_narrowed(matrix), "exceptions:", *_sample_exceptions(matrix)]
        if matrix.audit_pod:
            lines.append(f"audit: {_flow_style({'enabled': True, 'image': 'registry.example.org/netmatrix-audit:1'})}")
    return "\n".join(lines) + "\n"


def _narrowed(matrix: Matrix) -> list[str]:
    lines: list[str] = []
    for endpoint in matrix.endpoints.values():
        if endpoint.kind is EndpointKind.ANYONE:
            peer = {"namespace": "ingress-nginx", "selector": ["app.kubernetes.io/name=ingress-nginx"]}
            peers = {"ingress": peer, "office": {"cidr": "203.0.113.0/24"}}
            lines.append(f"  {endpoint.id}: {_flow_style({'anyone': False, 'peers': peers})}")
        elif endpoint.kind is EndpointKind.ADDRESSES and not endpoint.retargetable:
            extra = next((range_ for range_ in _SAMPLES if _is_inside(range_, endpoint)), None)
            if extra:
                lines.append(f"  {endpoint.id}: {_flow_style({'additionalExcept': {'example': str(extra)}})}")
        elif endpoint.kind is EndpointKind.PODS and endpoint.ceiling and endpoint.ceiling.cidrs > len(endpoint.cidrs):
            lines.append(f"  {endpoint.id}: {_flow_style({'cidrs': ['169.254.20.10/32']})}")
    return lines or ["  {}"]


def _is_inside(range_: Network, endpoint: Endpoint) -> bool:
    return any(is_strictly_inside(range_, cidr) for cidr in endpoint.cidrs)


def _sample_exceptions(matrix: Matrix) -> list[str]:
    forbidden = {line.source.id for line in matrix.never.values()}
    pod = next((id_ for id_ in matrix.pods if id_ not in forbidden), None)
    if pod is None:
        return ["  {}"]
    exception = {
        "from": {"pod": pod},
        "to": {"cidr": "203.0.113.7/32"},
        "ports": [{"protocol": "TCP", "port": 443}],
        "reason": "Shows what an exception looks like",
        "owner": "platform",
        "expires": "2099-12-31",
    }
    return [f"  example: {_flow_style(exception)}"]


def _flows(flows: Iterable[Flow]) -> list[str]:
    """The `flows` key; an empty map where there are none, since a null would take the chart's default away."""
    lines = _enabled(flows)
    return ["flows:", *lines] if lines else ["flows: {}"]


def _enabled(flows: Iterable[Flow]) -> list[str]:
    return [f"  {flow.id}: {{enabled: true}}" for flow in flows]


def _selector(labels: Any) -> list[str]:
    return [f"{key}={value}" for key, value in labels.items()]


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.kind is EndpointKind.ANYONE:
        return {"anyone": True, "peers": {}}
    if endpoint.kind is EndpointKind.PODS:
        return {
            "peers": {
                name: {"namespace": peer.namespace, "selector": _selector(peer.labels)}
                for name, peer in endpoint.peers.items()
            },
            "cidrs": [str(cidr) for cidr in endpoint.cidrs],
            "ports": {port.protocol.lower(): port.number for port in endpoint.ports},
        }
    if endpoint.retargetable:
        data: dict[str, Any] = {
            "cidrs": [str(cidr) for cidr in endpoint.cidrs],
            "ports": [port.number for port in endpoint.ports],
        }
        return data | ({"discover": True} if endpoint.discovery else {})
    return {"additionalExcept": {}}


def _flow_style(value: Any) -> str:
    """One line of YAML: every string that is not plainly a word is quoted, so that no reader retypes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow_style(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow_style(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
