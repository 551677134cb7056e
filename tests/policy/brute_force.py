"""Who reaches whom, by brute force: one concrete packet at a time, through every policy, rule, peer and port.

Written from the Kubernetes documentation (Network Policies, Labels and Selectors, Sidecar Containers) and the API
reference, on the plain data of manifests. It shares no line with the product, and is slow and simple on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

Data = dict[str, Any]
address, network = cache(ip_address), cache(ip_network)


@dataclass(frozen=True)
class World:
    """Objects as they stand in manifests. `ipblock_matches_pods`: what the network plugin makes of ipBlocks."""

    namespaces: list[Data]
    pods: list[Data]
    policies: list[Data]
    ipblock_matches_pods: bool


@dataclass(frozen=True)
class Packet:
    """The first packet of a connection. An end whose pod is None is outside the cluster."""

    source: Data | None
    source_ip: str
    destination: Data | None
    destination_ip: str
    protocol: str
    port: int


def arrives(world: World, packet: Packet) -> bool:
    """Both ends must allow it. "If either side does not allow the connection, it will not happen"."""
    return leaves(world, packet) and enters(world, packet)


def leaves(world: World, packet: Packet) -> bool:
    """Whether the source's egress policies let the packet out."""
    if packet.source is None:
        return True
    applying = [
        policy for policy in world.policies if applies(policy, packet.source) and "Egress" in policy_types(policy)
    ]
    if not applying:
        return True
    for policy in applying:
        for rule in policy["spec"].get("egress") or []:
            to = rule.get("to") or []
            reached = not to
            for peer in to:
                if is_peer(world, policy, peer, packet.destination, packet.destination_ip):
                    reached = True
            if reached and port_is_open(rule, packet):
                return True
    return False


def enters(world: World, packet: Packet) -> bool:
    """Whether the destination's ingress policies let the packet in."""
    if packet.destination is None:
        return True
    applying = [
        policy for policy in world.policies if applies(policy, packet.destination) and "Ingress" in policy_types(policy)
    ]
    if not applying:
        return True
    for policy in applying:
        for rule in policy["spec"].get("ingress") or []:
            from_ = rule.get("from") or []
            reached = not from_
            for peer in from_:
                if is_peer(world, policy, peer, packet.source, packet.source_ip):
                    reached = True
            if reached and port_is_open(rule, packet):
                return True
    return False


def policy_types(policy: Data) -> list[str]:
    """Without any, "by default Ingress will always be set and Egress will be set if [there are] any egress rules"."""
    given: list[str] = policy["spec"].get("policyTypes") or []
    if given:
        return given
    return ["Ingress", "Egress"] if policy["spec"].get("egress") else ["Ingress"]


def applies(policy: Data, pod: Data) -> bool:
    """The policy's own namespace only; "an empty podSelector selects all pods in the namespace"."""
    if namespace_of(policy) != namespace_of(pod):
        return False
    return is_selected(policy["spec"].get("podSelector") or {}, pod["metadata"].get("labels") or {})


def is_peer(world: World, policy: Data, peer: Data, pod: Data | None, ip: str) -> bool:
    """Whether one entry of `from` or `to` names the other end of a packet."""
    block = peer.get("ipBlock")
    if block is not None:
        if pod is not None and not world.ipblock_matches_pods:
            return False
        if address(ip) not in network(block["cidr"]):
            return False
        return all(address(ip) not in network(excepted) for excepted in block.get("except") or [])
    if pod is None:
        return False
    namespace_selector, pod_selector = peer.get("namespaceSelector"), peer.get("podSelector")
    if namespace_selector is None:
        if namespace_of(pod) != namespace_of(policy):
            return False
    elif not is_selected(namespace_selector, namespace_labels(world, namespace_of(pod))):
        return False
    return pod_selector is None or is_selected(pod_selector, pod["metadata"].get("labels") or {})


def is_selected(selector: Data, labels: dict[str, str]) -> bool:
    """All of matchLabels and all of matchExpressions must hold."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if key not in labels or labels[key] != value:
            return False
    for expression in selector.get("matchExpressions") or []:
        key, values = expression["key"], expression.get("values") or []
        if expression["operator"] == "In" and not (key in labels and labels[key] in values):
            return False
        if expression["operator"] == "NotIn" and key in labels and labels[key] in values:
            return False
        if expression["operator"] == "Exists" and key not in labels:
            return False
        if expression["operator"] == "DoesNotExist" and key in labels:
            return False
    return True


def port_is_open(rule: Data, packet: Packet) -> bool:
    """No `ports`: "this rule matches all ports"; an item's protocol "defaults to TCP"."""
    if not rule.get("ports"):
        return True
    for entry in rule["ports"]:
        if (entry.get("protocol") or "TCP") != packet.protocol:
            continue
        port, end_port = entry.get("port"), entry.get("endPort")
        if port is None:
            return True
        if isinstance(port, str):
            if packet.destination is not None and (port, packet.protocol, packet.port) in named(packet.destination):
                return True
        elif port == packet.port or (end_port is not None and port <= packet.port <= end_port):
            return True
    return False


def named(pod: Data) -> set[tuple[str, str, int]]:
    """Name, protocol and number of the ports of all containers that run while the pod does."""
    running = list(pod["spec"].get("containers") or [])
    running += [item for item in pod["spec"].get("initContainers") or [] if item.get("restartPolicy") == "Always"]
    return {
        (port["name"], port.get("protocol") or "TCP", port["containerPort"])
        for container in running
        for port in container.get("ports") or []
        if port.get("name")
    }


def namespace_labels(world: World, name: str) -> dict[str, str]:
    """A namespace's labels; the control plane sets the one that is its name."""
    for namespace in world.namespaces:
        if namespace["metadata"]["name"] == name:
            return {**(namespace["metadata"].get("labels") or {}), "kubernetes.io/metadata.name": name}
    return {"kubernetes.io/metadata.name": name}


def namespace_of(item: Data) -> str:
    """Where an object lives; without a namespace, in `default`."""
    return str(item["metadata"].get("namespace") or "default")
