"""What the chart's templates are told of a flow: one rule of one direction, in Helm's terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from netmatrix.matrix.model import Basis, Endpoint, EndpointKind, Flow, Matrix, Party, Pod, Port
from netmatrix.matrix.names import ports_in_name


class RuleKind(StrEnum):
    """How a rule's peers are printed: pods of ours, an endpoint that may be empty, or anyone."""

    POD = "pod"
    ENDPOINT = "endpoint"
    ANYONE = "anyone"


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
    """One policy of a pod: its direction and its rules, in an order that values never change.

    `name` is the policy's name without the chart's prefix, `template` that of the template which prints its rules.
    `alone` are the ids of flows of this pod and direction that have policies of their own instead of a rule here.
    """

    pod: Pod
    type: str  # the policy type: "Ingress" or "Egress"
    field: str  # the policy's list: "ingress" or "egress"
    name: str
    template: str
    namespace: str  # template text
    rules: tuple[RuleView, ...]
    alone: tuple[str, ...] = ()

    @property
    def ports(self) -> str:
        """The matrix's own ports of a flow that stands alone, in the form of names; "" where values cannot give others.

        With other ports it is another policy: a data plane that knows a rule by the policy's name and its place would
        let the peers of the new rule through on the ports of the old one for a moment.
        """
        (rule,) = self.rules
        moved = any(isinstance(port, str) for port in rule.flow.ports or ())
        return ports_in_name(rule.flow.numbers() or ()) if moved else ""

    @property
    def discovers(self) -> str:
        """The id of the endpoint at the other end whose addresses are looked up at install time; "" where none are.

        They are granted by policies beside this one, a policy for each port: what is found in a cluster moves no rule.
        """
        (rule,) = self.rules
        destination = rule.flow.destination
        looked_up = self.type == "Egress" and isinstance(destination, Endpoint) and destination.discovery
        return destination.id if looked_up else ""


def pod_views(matrix: Matrix, pod: Pod) -> tuple[DirectionView, ...]:
    """The two policies of a documented pod: the TABLE flows between it and pods.

    What stands in one list moves when a rule before it is switched off, and a data plane that knows rules by their
    places lets the peers of one through on the ports of the next for a moment. Between pods the other end's policy
    refuses all the same. An endpoint has none, so that a flow from or to one is a policy of its own: `flow_views`.
    """
    flows = [flow for flow in matrix.flows.values() if flow.basis is Basis.TABLE]
    return (
        _of_pod(matrix, pod, "Ingress", [flow for flow in flows if flow.destination is pod]),
        _of_pod(matrix, pod, "Egress", [flow for flow in flows if flow.source is pod]),
    )


def lone_views(matrix: Matrix, pod: Pod) -> tuple[DirectionView, ...]:
    """The policies of the TABLE flows between a documented pod and endpoints, one each, in the order of `pod_views`."""
    flows = [id_ for direction in pod_views(matrix, pod) for id_ in direction.alone]
    return tuple(view for id_ in flows for view in flow_views(matrix, matrix.flows[id_]))


def flow_views(matrix: Matrix, flow: Flow) -> tuple[DirectionView, ...]:
    """The policies of a flow that stands alone: one for each of its ends that is a pod of ours."""
    ends: list[DirectionView] = []
    if isinstance(flow.source, Pod):
        ends.append(_of_flow(matrix, flow.source, "Egress", flow))
    if isinstance(flow.destination, Pod):
        ends.append(_of_flow(matrix, flow.destination, "Ingress", flow))
    return tuple(ends)


def _of_pod(matrix: Matrix, pod: Pod, type_: str, flows: list[Flow]) -> DirectionView:
    rules = [_rule(matrix, pod, flow, type_) for flow in flows]
    field = type_.lower()
    return DirectionView(
        pod,
        type_,
        field,
        f"{pod.id}-{field}",
        f"pod.{pod.id}.{field}",
        _namespace(matrix, pod),
        tuple(rule for rule in rules if rule.kind is RuleKind.POD),
        tuple(rule.flow.id for rule in rules if rule.kind is not RuleKind.POD),
    )


def _of_flow(matrix: Matrix, pod: Pod, type_: str, flow: Flow) -> DirectionView:
    rules = (_rule(matrix, pod, flow, type_),)
    field = type_.lower()
    name, template = f"flow-{flow.id}-{field}", f"flow.{flow.id}.{field}"
    return DirectionView(pod, type_, field, name, template, _namespace(matrix, pod), rules)


def _namespace(matrix: Matrix, pod: Pod) -> str:
    return f'{{{{ include "{matrix.chart_name}.namespace" (list $ "{pod.namespace}") }}}}'


def _rule(matrix: Matrix, pod: Pod, flow: Flow, type_: str) -> RuleView:
    other: Party = flow.source if type_ == "Ingress" else flow.destination
    field = "from" if type_ == "Ingress" else "to"
    chart = matrix.chart_name
    if isinstance(other, Pod):
        helper = "podPeer" if other.namespace == pod.namespace else "podPeerIn"
        return RuleView(chart, flow, RuleKind.POD, field, f'"{chart}.{helper}" (list $ "{other.id}")', "")
    kind = RuleKind.ANYONE if other.kind is EndpointKind.ANYONE else RuleKind.ENDPOINT
    return RuleView(chart, flow, kind, field, "", other.id)
