"""What a NetworkPolicy says, rule by rule, each as a small function with its source.

"Docs" is the Kubernetes documentation, Network Policies; "API" the reference of networking.k8s.io/v1. Pods are sets of
bits of a Universe, so that each function speaks of all pods at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from netmatrix.policy.addresses import ALL_ADDRESSES, NO_ADDRESSES, AddressSet, Family
from netmatrix.policy.bits import Bits
from netmatrix.policy.labels import EVERYTHING
from netmatrix.policy.objects import Direction, NetworkPolicy, Peer, Port, Rule
from netmatrix.policy.ports import ALL_PORTS, FIRST_PORT, LAST_PORT, NO_PORTS, PortSet, Protocol
from netmatrix.policy.universe import Universe


@dataclass(frozen=True, slots=True)
class Model:
    """What Kubernetes leaves to the network plugin.

    `ipblock_matches_pods`: whether an ipBlock matches the address of a pod. "These should be cluster-external IPs,
    since Pod IPs are ephemeral and unpredictable" (Docs, on ipBlock), but nothing forbids it: Calico, kube-router and
    OVN match pods as well, Cilium does not.
    `host_network_as_pods`: Docs, "NetworkPolicy and hostNetwork pods": either policies apply to pods on the host's
    network as to any other, or (the common case) the plugin ignores them and takes their traffic for the node's.
    """

    ipblock_matches_pods: bool = False
    host_network_as_pods: bool = False


@dataclass(frozen=True, slots=True)
class Admission:
    """What one rule lets through: whom, by family of the address that is used, and to which destination ports."""

    pods: tuple[Bits, Bits]  # over IPv4, over IPv6
    addresses: AddressSet
    ports: PortSet
    port_names: frozenset[tuple[str, Protocol]]


def selected_pods(policy: NetworkPolicy, universe: Universe) -> Bits:
    """The pods that the policy is about.

    "Each NetworkPolicy includes a podSelector which selects the grouping of pods to which the policy applies. [...] An
    empty podSelector selects all pods in the namespace" (Docs). A policy never selects a pod of another namespace.
    """
    return universe.in_namespace(policy.namespace) & universe.with_labels(policy.pod_selector)


def isolates(policy: NetworkPolicy, direction: Direction) -> bool:
    """Whether the policy isolates the pods that it selects in that direction.

    "A pod is isolated for egress if there is any NetworkPolicy that both selects the pod and has "Egress" in its
    policyTypes", and so for ingress (Docs, "The two sorts of pod isolation"). Rules of another direction do nothing.
    """
    return direction in policy.types


def admission(rule: Rule, home: str, universe: Universe, model: Model) -> Admission:
    """What a rule of a policy in the namespace `home` lets through.

    "The traffic must match both ports and from" (API, NetworkPolicyIngressRule), and so for `to`.
    """
    ports, names = rule_ports(rule)
    return Admission(rule_pods(rule, home, universe, model), rule_addresses(rule), ports, names)


def rule_pods(rule: Rule, home: str, universe: Universe, model: Model) -> tuple[Bits, Bits]:
    """The pods that the peers of a rule name, by family.

    "Items in this list are combined using a logical OR operation. If this field is empty or missing, this rule matches
    all sources" (API, `from`; `to` likewise).
    """
    if not rule.peers:
        return universe.everyone, universe.everyone
    over_ipv4: Bits = 0
    over_ipv6: Bits = 0
    for peer in rule.peers:
        found = peer_pods(peer, home, universe, model)
        over_ipv4 |= found[0]
        over_ipv6 |= found[1]
    return over_ipv4, over_ipv6


def peer_pods(peer: Peer, home: str, universe: Universe, model: Model) -> tuple[Bits, Bits]:
    """The pods that one peer names, by family of the address that they use."""
    if peer.ip_block is not None:
        if peer.ip_block.outside or not model.ipblock_matches_pods:
            return 0, 0
        addresses = peer.ip_block.addresses()
        return universe.with_address_in(addresses, Family.IPV4), universe.with_address_in(addresses, Family.IPV6)
    found = selected_peers(peer, home, universe)
    return found, found


def selected_peers(peer: Peer, home: str, universe: Universe) -> Bits:
    """The pods that a peer's selectors select.

    With both selectors, "the pods matching podSelector in the Namespaces selected by NamespaceSelector"; with a
    podSelector alone, "the pods matching podSelector in the policy's own namespace"; with a namespaceSelector alone,
    "all pods in the namespaces selected by namespaceSelector" (API, NetworkPolicyPeer). An empty selector selects all.
    """
    if peer.namespace_selector is None:
        return universe.in_namespace(home) & universe.with_labels(peer.pod_selector or EVERYTHING)
    namespaces = universe.in_namespaces(peer.namespace_selector)
    return namespaces if peer.pod_selector is None else namespaces & universe.with_labels(peer.pod_selector)


def rule_addresses(rule: Rule) -> AddressSet:
    """The addresses outside the cluster that the peers of a rule name; all of them where there are no peers."""
    if not rule.peers:
        return ALL_ADDRESSES
    return AddressSet.union(peer_addresses(peer) for peer in rule.peers)


def peer_addresses(peer: Peer) -> AddressSet:
    """The addresses outside the cluster that one peer names. Selectors name pods, and no address."""
    return peer.ip_block.addresses() if peer.ip_block is not None else NO_ADDRESSES


def rule_ports(rule: Rule) -> tuple[PortSet, frozenset[tuple[str, Protocol]]]:
    """The ports of a rule: numbers, and names that each destination resolves for itself.

    "Each item in this list is combined using a logical OR. If this field is empty or missing, this rule matches all
    ports (traffic not restricted by port)" (API, `ports`).
    """
    if not rule.ports:
        return ALL_PORTS, frozenset()
    names = frozenset((port.port, port.protocol) for port in rule.ports if isinstance(port.port, str))
    return PortSet.union(port_numbers(port) for port in rule.ports), names


def port_numbers(port: Port) -> PortSet:
    """The numbers that one entry of `ports` says by itself.

    "If this field is not provided, this matches all port names and numbers" of the protocol; `endPort` "indicates that
    the range of ports from port to endPort if set, inclusive, should be allowed" (API, NetworkPolicyPort).
    """
    if port.port is None:
        return PortSet.of(port.protocol, FIRST_PORT, LAST_PORT)
    if isinstance(port.port, str):
        return NO_PORTS
    return PortSet.of(port.protocol, port.port, port.end_port)
