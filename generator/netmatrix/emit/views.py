"""What the chart's templates are told of a flow: one rule of one direction, in Helm's terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from netmatrix.matrix.model import Basis, Endpoint, EndpointKind, Flow, Matrix, Party, Pod, Port


class RuleKind(StrEnum):
    """How a rule's peers are printed: pods of ours, an endpoint that may be empty, anyone, or looked-up addresses."""

    POD = "pod"
    ENDPOINT = "endpoint"
    ANYONE = "anyone"
    DISCOVERED = "discovered"


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule of a pod's `ingress` or `egress` list.

    `switch` are the arguments of the template helper that tells whether the flow is on; `peer` those of the helper that
    prints a pod's peer; `endpoint` is the id of the party at the other end where it is no pod.
    """

    chart: str
    flow: Flow
    kind: RuleKind
    field: str  # "from" or "to"
    peer: str
    endpoint: str

    @property
    def switch(self) -> str:
        return " ".join(f'"{word}"' for word in (self.flow.id, *self.flow.environments))

    @property
    def who(self) -> str:
        return f"{self.flow.source.id} -> {self.flow.destination.id}"

    @property
    def has_ports(self) -> bool:
        return self.flow.ports is not None

    @property
    def ports_text(self) -> str:
        """The ports as a comment says them, with the numbers that values give them."""
        if self.flow.ports is None:
            return "any port"
        return ", ".join(text for text, _ in self._ports())

    @property
    def ports_lines(self) -> str:
        """The items of the rule's `ports`, as template text."""
        return "\n".join(line for _, line in self._ports())

    def _ports(self) -> Iterator[tuple[str, str]]:
        destination = self.flow.destination
        for port in self.flow.ports or ():
            if isinstance(port, Port):
                yield str(port), _port_line(port, str(port.number))
            elif isinstance(destination, Pod):
                number = f'{{{{ include "{self.chart}.port" (list $ "{destination.id}" "{port}") }}}}'
                yield f"{destination.ports[port].protocol} {number}", _port_line(destination.ports[port], number)
            else:
                arguments = f'(list $ "{destination.id}")'
                text = f'{{{{ include "{self.chart}.endpointPortsText" {arguments} }}}}'
                yield text, f'    {{{{- include "{self.chart}.endpointPorts" {arguments} | trim | nindent 4 }}}}'


def _port_line(port: Port, number: str) -> str:
    return f"    - {{protocol: {port.protocol}, port: {number}}}"


@dataclass(frozen=True, slots=True)
class DirectionView:
    """One policy of a pod: its direction and its rules, in an order that values never change."""

    pod: Pod
    type: str  # the policy type: "Ingress" or "Egress"
    field: str  # the policy's list: "ingress" or "egress"
    namespace: str  # template text
    rules: tuple[RuleView, ...]


def pod_views(matrix: Matrix, pod: Pod) -> tuple[DirectionView, ...]:
    """The two policies of a documented pod: the TABLE flows that end or start at it."""
    flows = [flow for flow in matrix.flows.values() if flow.basis is Basis.TABLE]
    return (
        _direction(matrix, pod, "Ingress", [flow for flow in flows if flow.destination is pod]),
        _direction(matrix, pod, "Egress", [flow for flow in flows if flow.source is pod]),
    )


def flow_views(matrix: Matrix, flow: Flow) -> tuple[DirectionView, ...]:
    """The policies of an operational flow: one for each of its ends that is a pod of ours."""
    ends: list[DirectionView] = []
    if isinstance(flow.source, Pod):
        ends.append(_direction(matrix, flow.source, "Egress", [flow]))
    if isinstance(flow.destination, Pod):
        ends.append(_direction(matrix, flow.destination, "Ingress", [flow]))
    return tuple(ends)


def _direction(matrix: Matrix, pod: Pod, type_: str, flows: list[Flow]) -> DirectionView:
    """Looked-up rules come last: what is found in a cluster must not move the rules that are stated."""
    rules = [_rule(matrix, pod, flow, type_) for flow in flows]
    discovered = [
        RuleView(matrix.chart_name, flow, RuleKind.DISCOVERED, "to", "", flow.destination.id)
        for flow in flows
        if type_ == "Egress" and isinstance(flow.destination, Endpoint) and flow.destination.discovery
    ]
    namespace = f'{{{{ include "{matrix.chart_name}.namespace" (list $ "{pod.namespace}") }}}}'
    return DirectionView(pod, type_, type_.lower(), namespace, (*rules, *discovered))


def _rule(matrix: Matrix, pod: Pod, flow: Flow, type_: str) -> RuleView:
    other: Party = flow.source if type_ == "Ingress" else flow.destination
    field = "from" if type_ == "Ingress" else "to"
    chart = matrix.chart_name
    if isinstance(other, Pod):
        helper = "podPeer" if other.namespace == pod.namespace else "podPeerIn"
        return RuleView(chart, flow, RuleKind.POD, field, f'"{chart}.{helper}" (list $ "{other.id}")', "")
    kind = RuleKind.ANYONE if other.kind is EndpointKind.ANYONE else RuleKind.ENDPOINT
    return RuleView(chart, flow, kind, field, "", other.id)
