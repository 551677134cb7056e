"""Ports: protocols that were not meant, ranges that are everything, names that stand for nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netmatrix.document import Severity
from netmatrix.lint.rule import LintRule, Remark
from netmatrix.lint.subject import RuleOf, Subject
from netmatrix.lint.wording import listed, port_text
from netmatrix.policy.objects import Port
from netmatrix.policy.ports import LAST_PORT, PortSet, Protocol

TCP_BY_DEFAULT = LintRule(
    "NM620",
    "a port of a service that speaks UDP is opened for UDP",
    "Write the protocol.",
    Severity.WARNING,
    "A port without a protocol is TCP; a service that speaks UDP alone is then not reached.",
    "Kubernetes API reference, NetworkPolicyPort, protocol; IANA, Service Name and Port Number Registry",
    ("P5",),
)
WHOLE_PROTOCOL = LintRule(
    "NM621",
    "an entry of ports names a port",
    "Write the port; if every port is meant, acknowledge it.",
    Severity.NOTE,
    "An entry with a protocol alone opens every port of that protocol.",
    "Kubernetes API reference, NetworkPolicyPort, port",
    ("P5",),
)
WIDE_RANGE = LintRule(
    "NM622",
    "a range of ports is smaller than half of all ports",
    "Name the ports that are used.",
    Severity.NOTE,
    "A range as wide opens nearly everything, and a network plugin that ignores endPort opens its first port alone.",
    "Kubernetes documentation, Network Policies, Targeting a range of ports; cilium/cilium#28684",
    ("P6",),
)
NAME_UNKNOWN = LintRule(
    "NM623",
    "a port name is that of a port of some destination",
    "Write the number, or give the container's port that name and protocol.",
    Severity.WARNING,
    "A port name is looked up on the destination's containers, name and protocol; one that no container has opens "
    "nothing.",
    "Kubernetes API reference, NetworkPolicyPort, port; Kubernetes documentation, Services, Port definitions",
    ("P7",),
)
NAME_DIFFERS = LintRule(
    "NM624",
    "a port name stands for one number",
    "Write the numbers if one of them is not meant.",
    Severity.NOTE,
    "The same name stands for different numbers on different destinations, and opens each pod's own.",
    "Kubernetes API reference, NetworkPolicyPort, port; aws/amazon-network-policy-controller-k8s#81",
    ("P7",),
)
NAME_OF_ADDRESS = LintRule(
    "NM625",
    "ports beside address ranges are numbers",
    "Write the number.",
    Severity.WARNING,
    "A port name is looked up on a pod; an address outside the cluster has none, so that nothing is opened.",
    "Kubernetes API reference, NetworkPolicyPort, port: a numerical or named port on a pod",
    ("P7",),
)
MANY_PORTS = LintRule(
    "NM626",
    "a rule with address ranges has no more than 24 ports",
    "Write ranges with endPort, or fewer ports.",
    Severity.NOTE,
    "Amazon's network policy controller keeps no more than 24 combinations of port and protocol for an address range.",
    "aws/amazon-network-policy-controller-k8s#136",
    ("P34",),
)

_UDP_ONLY: Mapping[int, str] = {67: "DHCP", 69: "TFTP", 123: "NTP", 4789: "VXLAN", 51820: "WireGuard"}
_HALF = (LAST_PORT + 1) // 2
_MOST_PORTS = 24


def tcp_by_default(subject: Subject) -> Iterator[Remark]:
    """Ports without a protocol, of services that are never spoken to over TCP."""
    for of, index, port in _ports(subject):
        name = _UDP_ONLY.get(port.port) if isinstance(port.port, int) else None
        as_udp = any(other.port == port.port and other.protocol is Protocol.UDP for other in of.rule.ports)
        if name and "protocol" not in port.written and not as_udp:
            message = f"this opens TCP {port.port}, the protocol where none is written; {name} is UDP"
            yield Remark(TCP_BY_DEFAULT, message, of.port_origin(index), of.policy)


def whole_protocol(subject: Subject) -> Iterator[Remark]:
    """Entries without a port."""
    for of, index, port in _ports(subject):
        if port.port is None:
            yield Remark(WHOLE_PROTOCOL, f"this opens {port_text(port)}", of.port_origin(index), of.policy)


def wide_range(subject: Subject) -> Iterator[Remark]:
    """Ranges over half of all ports and more."""
    for of, index, port in _ports(subject):
        if isinstance(port.port, int) and port.end_port is not None:
            size = port.end_port - port.port + 1
            if size >= _HALF:
                message = f"{port_text(port)} is {size} of the {LAST_PORT} ports"
                yield Remark(WIDE_RANGE, message, of.port_origin(index), of.policy)


def name_unknown(subject: Subject) -> Iterator[Remark]:
    """Names that no destination in the input defines, where there are destinations."""
    for of, index, port, numbers in _resolved(subject):
        if not numbers:
            message = f"{port_text(port)} opens nothing: no container of its {_destinations(of)} has such a port"
            yield Remark(NAME_UNKNOWN, message, of.port_origin(index), of.policy)


def name_differs(subject: Subject) -> Iterator[Remark]:
    """Names that destinations in the input understand differently."""
    for of, index, port, numbers in _resolved(subject):
        if len(numbers) > 1:
            message = f"{port_text(port)} is, depending on the pod, {listed(sorted(map(str, numbers)))}"
            yield Remark(NAME_DIFFERS, message, of.port_origin(index), of.policy)


def name_of_address(subject: Subject) -> Iterator[Remark]:
    """Names in egress rules whose peers are all address ranges."""
    for of, index, port in _ports(subject):
        to_addresses = of.peers_field == "to" and all(peer.ip_block for peer in of.rule.peers) and of.rule.peers
        if isinstance(port.port, str) and to_addresses:
            message = f"{port_text(port)} opens nothing to these addresses: they have no port names"
            yield Remark(NAME_OF_ADDRESS, message, of.port_origin(index), of.policy)


def many_ports(subject: Subject) -> Iterator[Remark]:
    """Rules with more ports than one network plugin keeps."""
    for of in subject.rules:
        if len(of.rule.ports) > _MOST_PORTS and any(peer.ip_block for peer in of.rule.peers):
            at = of.origin.at("ports") if of.origin else None
            yield Remark(MANY_PORTS, f"there are {len(of.rule.ports)} ports beside an address range", at, of.policy)


def _ports(subject: Subject) -> Iterator[tuple[RuleOf, int, Port]]:
    return ((of, index, port) for of in subject.rules for index, port in enumerate(of.rule.ports))


def _resolved(subject: Subject) -> Iterator[tuple[RuleOf, int, Port, set[PortSet]]]:
    """Every port name whose destinations the input has, with the numbers that it stands for on them."""
    for of, index, port in _ports(subject):
        destinations = subject.destinations(of) if isinstance(port.port, str) else 0
        if destinations:
            by_numbers = subject.universe.with_port(str(port.port), port.protocol)
            yield of, index, port, {numbers for numbers, pods in by_numbers.items() if pods & destinations}


def _destinations(of: RuleOf) -> str:
    return "pods" if of.peers_field == "from" else "peers"
