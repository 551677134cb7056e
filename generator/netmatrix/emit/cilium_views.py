"""What the chart's Cilium templates are told of a flow: the same rows as its NetworkPolicies, in the words of helpers.

Kubernetes' own facts decide what Cilium has other words for: the Service `kubernetes` of `default` is the API server,
which is an entity; pods that listen on port 53 serve names, so that their rules say DNS.
"""

from __future__ import annotations

from dataclasses import dataclass

from netmatrix.matrix.model import Basis, Endpoint, EndpointKind, Flow, Matrix, Party, Pod, Port

_DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class CiliumRuleView:
    """The rules of one flow in one direction. All but `flow`, `field` and `who` are template text.

    `switch` are the arguments of the helper that tells whether the flow is on, `given` those of the one that prints.
    """

    flow: Flow
    field: str  # "from" or "to"
    who: str
    switch: str
    given: str
    discovered: str  # the endpoint whose addresses are looked up, if any


@dataclass(frozen=True, slots=True)
class CiliumDirectionView:
    """One CiliumNetworkPolicy of a pod: a direction, and its rules in an order that values never change."""

    field: str  # the policy's list: "ingress" or "egress"
    rules: tuple[CiliumRuleView, ...]


def cilium_views(matrix: Matrix, pod: Pod) -> tuple[CiliumDirectionView, ...]:
    """The two policies of a pod: all flows that end or start at it, the documented ones first."""
    flows = sorted(matrix.flows.values(), key=lambda flow: flow.basis is not Basis.TABLE)
    return (
        CiliumDirectionView("ingress", tuple(_rule(matrix, flow, "from") for flow in flows if flow.destination is pod)),
        CiliumDirectionView("egress", tuple(_rule(matrix, flow, "to") for flow in flows if flow.source is pod)),
    )


def api_servers(matrix: Matrix) -> tuple[str, ...]:
    """The endpoints that are the API server."""
    return tuple(endpoint.id for endpoint in matrix.endpoints.values() if endpoint.is_api_server)


def _rule(matrix: Matrix, flow: Flow, field: str) -> CiliumRuleView:
    other: Party = flow.source if field == "from" else flow.destination
    chart = matrix.chart_name
    words = {"field": f'"{field}"', "peers": _peers(chart, other), **_ports(chart, flow)}
    discovered = ""
    if isinstance(other, Endpoint):
        if other.kind is EndpointKind.ANYONE:
            words["anyone"] = f'(include "{chart}.anyone" (list $ "{other.id}"))'
        if other.is_api_server:
            words["entities"] = '(list "kube-apiserver")'
        if field == "to" and other.kind is EndpointKind.PODS and all(p.number == _DNS_PORT for p in other.ports):
            words["dns"] = "true"
        if field == "to" and other.discovery:
            discovered = other.id
    return CiliumRuleView(
        flow=flow,
        field=field,
        who=f"{flow.source.id} -> {flow.destination.id}",
        switch=" ".join(f'"{word}"' for word in (flow.id, *flow.environments)),
        given=" ".join(f'"{key}" {value}' for key, value in words.items()),
        discovered=discovered,
    )


def _peers(chart: str, party: Party) -> str:
    if isinstance(party, Pod):
        return f'(include "{chart}.podPeerIn" (list $ "{party.id}"))'
    return f'(include "{chart}.endpoint.{party.id}" $)'


def _ports(chart: str, flow: Flow) -> dict[str, str]:
    """`any`, or `ports` as a list of maps; an endpoint's are those that values give it."""
    if flow.ports is None:
        return {"any": "true"}
    destination = flow.destination
    found: list[str] = []
    for port in flow.ports:
        if isinstance(port, Port):
            found.append(f'(list (dict "protocol" "{port.protocol}" "port" "{port.number}"))')
        elif isinstance(destination, Pod):
            number = f'(include "{chart}.port" (list $ "{destination.id}" "{port}"))'
            found.append(f'(list (dict "protocol" "{destination.ports[port].protocol}" "port" {number}))')
        else:
            found.append(f'(include "{chart}.endpointPorts" (list $ "{destination.id}") | fromYamlArray)')
    return {"ports": f"(concat {' '.join(found)})"}
