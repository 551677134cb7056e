"""ClusterNetworkPolicies by brute force: one packet at a time, from the plain data of manifests.

Written from the comments of the API's types (`clusternetworkpolicy_types.go`), and as `brute_force`, without a line of
the product.
"""

from __future__ import annotations

from typing import Any

from tests.policy.brute_force import (
    Data,
    Packet,
    World,
    address,
    applies,
    enters,
    is_selected,
    leaves,
    namespace_labels,
    namespace_of,
    network,
    policy_types,
)


def arrives(world: World, clusters: list[Data], packet: Packet) -> bool:
    """Both ends must allow it."""
    out = allows(world, clusters, packet, "egress", packet.source, packet.destination, packet.destination_ip)
    into = allows(world, clusters, packet, "ingress", packet.destination, packet.source, packet.source_ip)
    return out and into


def allows(
    world: World, clusters: list[Data], packet: Packet, end: str, own: Data | None, other: Data | None, ip: str
) -> bool:
    """One end: the Admin tier, then NetworkPolicies where one selects the pod, else the Baseline tier, else yes."""
    if own is None:
        return True
    decided = tier(world, clusters, packet, "Admin", end, own, other, ip)
    if decided in ("Accept", "Deny"):
        return decided == "Accept"
    if any(applies(policy, own) and end.title() in policy_types(policy) for policy in world.policies):
        return leaves(world, packet) if end == "egress" else enters(world, packet)
    return tier(world, clusters, packet, "Baseline", end, own, other, ip) != "Deny"


def tier(
    world: World, clusters: list[Data], packet: Packet, name: str, end: str, own: Data, other: Data | None, ip: str
) -> str | None:
    """The action of the first rule that matches, the lowest priority first."""
    for policy in sorted(clusters, key=lambda item: item["spec"]["priority"]):
        spec = policy["spec"]
        if spec["tier"] != name or not names(world, spec["subject"], own):
            continue
        for rule in spec.get(end) or []:
            peers = rule["from" if end == "ingress" else "to"]
            if any(is_peer(world, peer, other, ip) for peer in peers) and on_port(rule, packet):
                action: str = rule["action"]
                return action
    return None


def names(world: World, subject: Data, pod: Data) -> bool:
    """Whether a subject, or a peer of pods, is that pod."""
    labels = namespace_labels(world, namespace_of(pod))
    if "namespaces" in subject:
        return is_selected(subject["namespaces"], labels)
    pods = subject["pods"]
    own = pod["metadata"].get("labels") or {}
    return is_selected(pods.get("namespaceSelector") or {}, labels) and is_selected(pods["podSelector"], own)


def is_peer(world: World, peer: Data, pod: Data | None, ip: str) -> bool:
    """Networks are matched by the address, whoever has it."""
    if "networks" in peer:
        return any(address(ip) in network(item) for item in peer["networks"])
    return pod is not None and names(world, peer, pod)


def on_port(rule: Data, packet: Packet) -> bool:
    """Without `protocols`, every port."""
    if "protocols" not in rule:
        return True
    for item in rule["protocols"]:
        ((protocol, match),) = item.items()
        port: Any = match["destinationPort"]
        first, last = (port["number"],) * 2 if "number" in port else (port["range"]["start"], port["range"]["end"])
        if protocol.upper() == packet.protocol and first <= packet.port <= last:
            return True
    return False
