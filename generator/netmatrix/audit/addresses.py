"""Addresses that installing looked up, in the cluster's policies and as the cluster has them now.

Install and upgrade grant the addresses of a Service's EndpointSlices, each slice in a rule of its own; offline, no such
rule is rendered. Here those rules are told from others by their form, and compared with the slices of today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from netmatrix.audit.live import Live
from netmatrix.document import KeyPath
from netmatrix.matrix.model import Endpoint
from netmatrix.policy.addresses import Cidr, CidrError, address_text, host_port, parse_address
from netmatrix.policy.decode_policy import port_number, protocol
from netmatrix.policy.fields import Fields
from netmatrix.policy.labels import Selector
from netmatrix.policy.objects import Direction, IPBlock, NetworkPolicy, Peer, Port, Rule
from netmatrix.policy.ports import Protocol
from netmatrix.proof.grants import Discovered, Granted

_SERVICE = "kubernetes.io/service-name"
"""The label by which an EndpointSlice names its Service (Kubernetes documentation, EndpointSlices, "Ownership")."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address and a TCP port."""

    address: Cidr
    port: int

    def __str__(self) -> str:
        return host_port(address_text(self.address.family, self.address.first), self.port)

    @property
    def discovered(self) -> Discovered:
        """As an input of what is granted."""
        return Discovered(self.address.addresses(), self.port)


@dataclass(frozen=True, slots=True)
class Looked:
    """An endpoint that is looked up, the rows that may reach it, and what its Service's slices have now."""

    endpoint: Endpoint
    rows: frozenset[tuple[str, Selector]]  # a namespace and the pods of one row in it
    now: frozenset[Target]


def looked_up(granted: Granted, live: Live) -> tuple[Looked, ...]:
    """The endpoints of the matrix that values have looked up, as the cluster has them now."""
    found = []
    for name in granted.undiscovered:
        endpoint = granted.matrix.endpoints[name]
        flows = {
            flow.source.id
            for flow in granted.matrix.flows.values()
            if flow.destination is endpoint and any(grant.name == flow.id for grant in granted.grants)
        }
        rows = frozenset(
            (_home(row.selection.namespaces), row.selection.pods) for row in granted.rows if row.pod.id in flows
        )
        found.append(Looked(endpoint, rows, frozenset(_targets_now(endpoint, live))))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Parted:
    """A policy as offline, what was discovered for it, and by looking up what; None where nothing can be."""

    static: NetworkPolicy
    targets: frozenset[Target] = frozenset()
    looked: Looked | None = None


def parted(policy: NetworkPolicy, wanted: NetworkPolicy | None, known: Iterable[Looked]) -> Parted:
    """A policy without the rules that installing has discovered, and what these grant.

    Such a rule leads from a row that may reach a looked-up endpoint to single addresses, on TCP ports that the matrix
    allows there; and it is none of those that are rendered offline.
    """
    mine = next((item for item in known if (policy.namespace, policy.pod_selector) in item.rows), None)
    if mine is None or Direction.EGRESS not in policy.types:
        return Parted(policy)
    rendered = set(wanted.egress) if wanted else set()
    static: list[Rule] = []
    targets: set[Target] = set()
    for rule in policy.egress:
        found = _targets(rule, mine.endpoint) if rule not in rendered else frozenset()
        targets |= found
        if not found:
            static.append(rule)
    return Parted(replace(policy, egress=tuple(static)), frozenset(targets), mine)


def with_targets(policy: NetworkPolicy, targets: Iterable[Target]) -> NetworkPolicy:
    """A policy that grants these addresses too, each in a rule of its own."""
    rules = tuple(
        Rule(peers=(Peer(ip_block=IPBlock(item.address)),), ports=(Port(Protocol.TCP, item.port),))
        for item in sorted(targets, key=str)
    )
    return replace(policy, egress=(*policy.egress, *rules)) if rules else policy


def _home(selector: Selector) -> str:
    """The namespace that a selector of one namespace by its name selects."""
    return selector.requirements[0].values[0]


def _targets(rule: Rule, endpoint: Endpoint) -> frozenset[Target]:
    """What a rule grants that has the form of a discovered one; nothing of any other rule."""
    allowed = set(endpoint.ceiling.ports) if endpoint.ceiling else set()
    ports = [item.port for item in rule.ports]
    blocks = [item.ip_block for item in rule.peers]
    if not ports or not blocks or any(port not in allowed for port in ports):
        return frozenset()
    if any(item.protocol is not Protocol.TCP or item.end_port is not None for item in rule.ports):
        return frozenset()
    if any(block is None or block.excepts or block.cidr.first != block.cidr.last for block in blocks):
        return frozenset()
    return frozenset(Target(block.cidr, port) for block in blocks if block for port in ports if isinstance(port, int))


def _targets_now(endpoint: Endpoint, live: Live) -> Iterator[Target]:
    """The addresses of the Service's slices, each on that slice's own TCP ports, as the chart looks them up."""
    assert endpoint.discovery is not None, "it is looked up"
    for item in live.of_kind("discovery.k8s.io", "EndpointSlice"):
        if item.namespace == endpoint.discovery.namespace:
            service, targets = live.read(item, _slice)
            if service == endpoint.discovery.service:
                yield from targets


def _slice(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> tuple[str | None, list[Target]]:
    """The Service that an EndpointSlice is of, and its addresses with its ports."""
    labels_path = (*path, "metadata", "labels")
    labels = fields.mapping(fields.mapping(data.get("metadata"), labels_path[:-1]).get("labels"), labels_path)
    ports = [
        _tcp_port(fields, fields.mapping(entry, at), at)
        for at, entry in fields.each(data.get("ports"), (*path, "ports"))
    ]
    addresses = [
        _address(fields.string_at(text, at))
        for within, entry in fields.each(data.get("endpoints"), (*path, "endpoints"))
        for at, text in fields.each(fields.mapping(entry, within).get("addresses"), (*within, "addresses"))
    ]
    targets = [Target(address, port) for address in addresses for port in ports if address and port]
    return fields.string(labels, _SERVICE, labels_path), targets


def _tcp_port(fields: Fields, entry: Mapping[str, Any], path: KeyPath) -> int | None:
    port = fields.integer(entry, "port", path)
    if port is not None:
        port_number(fields, port, (*path, "port"))
    return port if protocol(fields, entry, path) is Protocol.TCP else None


def _address(text: str) -> Cidr | None:
    """One address as a range; None for a name (`addressType: FQDN`), of which the chart makes nothing."""
    try:
        return next(parse_address(text).cidrs())
    except CidrError:
        return None
