"""What an operator should know although nothing is wrong (NM280, NM281)."""

from __future__ import annotations

from collections.abc import Iterator

from netmatrix.document import Finding, KeyPath, Severity
from netmatrix.matrix.model import Endpoint, EndpointKind
from netmatrix.values import rules
from netmatrix.values.context import Context, enumeration


def discovery_is_offline(context: Context) -> Iterator[Finding]:
    """NM280. `helm template` sees no cluster, so its look-ups find nothing."""
    for endpoint in context.matrix.endpoints.values():
        path: KeyPath = ("endpoints", endpoint.id, "discover")
        if endpoint.discovery is not None and context.get(*path) is True:
            cidrs = [str(item) for item in context.items("endpoints", endpoint.id, "cidrs")]
            known = enumeration(cidrs, "and") or "no address"
            message = f"{endpoint.id!r} is looked up in the cluster; rendering without one grants {known} alone"
            hint = (
                "so it is under Argo CD, which asks no cluster: name all addresses under `cidrs` there; "
                "set `discover: false` where the look-up is forbidden"
            )
            yield context.finding(rules.DISCOVERY_OFFLINE, message, path, hint, severity=Severity.NOTE)


def flows_lead_somewhere(context: Context) -> Iterator[Finding]:
    """NM281."""
    for endpoint in context.matrix.endpoints.values():
        flows = [flow.id for flow in context.enabled_flows() if endpoint in (flow.source, flow.destination)]
        if flows and _is_nowhere(context, endpoint):
            path: KeyPath = ("endpoints", endpoint.id)
            message = f"{endpoint.id!r} has no {_sources(endpoint)}, so that no rule is rendered for {', '.join(flows)}"
            hint = "say what it stands for in this cluster, or switch the flow off"
            yield context.finding(rules.NO_DESTINATION, message, path, hint, severity=Severity.WARNING)


def _is_nowhere(context: Context, endpoint: Endpoint) -> bool:
    peers = context.get("endpoints", endpoint.id, "peers")
    cidrs = context.get("endpoints", endpoint.id, "cidrs")
    if endpoint.kind is EndpointKind.ANYONE:
        return bool(peers == {}) and context.get("endpoints", endpoint.id, "anyone") is False
    if endpoint.kind is EndpointKind.PODS:
        return bool(peers == {} and cidrs == [])
    discovered = context.get("endpoints", endpoint.id, "discover") is True
    return endpoint.retargetable and bool(cidrs == []) and not discovered


def _sources(endpoint: Endpoint) -> str:
    if endpoint.kind is EndpointKind.ANYONE:
        return "peers and is closed to anyone else"
    return "peers and no cidrs" if endpoint.kind is EndpointKind.PODS else "cidrs and is not discovered"


CHECKS = (discovery_is_offline, flows_lead_somewhere)
