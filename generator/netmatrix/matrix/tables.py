"""The documented tables, derived from the flows: a row per pod with its ingress and its egress."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netmatrix.matrix.model import Basis, Endpoint, Flow, Matrix, Network, Pod

DENY_ALL = "Deny All"
HEADINGS = ("Pod", "Ingress", "Egress")


@dataclass(frozen=True, slots=True)
class Row:
    """One pod in one environment's table."""

    pod: str
    ingress: str
    egress: str

    def cells(self) -> tuple[str, str, str]:
        """The row's cells in the order of HEADINGS."""
        return (self.pod, self.ingress, self.egress)


def table(matrix: Matrix, environment: str) -> tuple[Row, ...]:
    """The table of `environment`: its TABLE flows alone, rows in the matrix's order, ports in rising order."""
    flows = matrix.flows_in(environment, Basis.TABLE)
    return tuple(
        Row(
            pod=pod.titles[environment],
            ingress=_ingress(flow for flow in flows if flow.destination is pod),
            egress=_egress(flow for flow in flows if flow.source is pod),
        )
        for pod in matrix.documented_pods()
    )


def _ingress(flows: Iterable[Flow]) -> str:
    """Port numbers alone: the documented tables do not say who connects."""
    numbers: set[int] = set()
    for flow in flows:
        ports = flow.numbers()
        if ports is None:
            return "any"
        numbers |= {port.number for port in ports}
    return ", ".join(str(number) for number in sorted(numbers)) or DENY_ALL


def _egress(flows: Iterable[Flow]) -> str:
    """Each port with who is reached on it; a flow of any port is its destination alone, at the end."""
    cells: set[tuple[int, str]] = set()
    whole: list[str] = []
    for flow in flows:
        ports = flow.numbers()
        if ports is None:
            whole.append(_destination(flow.destination))
        else:
            cells |= {(port.number, flow.destination.short) for port in ports}
    return ", ".join([f"{number} ({short})" for number, short in sorted(cells)] + whole) or DENY_ALL


def _destination(party: Pod | Endpoint) -> str:
    if isinstance(party, Pod) or not party.cidrs:
        return party.short
    ranges = ", ".join(str(cidr) for cidr in party.cidrs)
    return f"{ranges} except {', '.join(_short(cidr) for cidr in party.excepts)}" if party.excepts else ranges


def _short(cidr: Network) -> str:
    """A range of one address without its prefix length, as the documentation writes it."""
    return str(cidr.network_address) if cidr.num_addresses == 1 else str(cidr)
