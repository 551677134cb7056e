"""CiliumNetworkPolicies by brute force: one packet at a time, from the plain data of manifests.

Written from Cilium's documentation (Policy Enforcement Modes, Layer 3 and Layer 4 Policies, Kubernetes: namespaces),
and as `brute_force`, without a line of the product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.policy.brute_force import Data, Packet, World, address, is_selected, namespace_labels, namespace_of, network

NAMESPACE = "io.kubernetes.pod.namespace"
OF_NAMESPACE = "io.cilium.k8s.namespace.labels."
Where = Callable[[str], bool]
"""Whether the API server is at an address."""


def arrives(world: World, policies: list[Data], packet: Packet, api_server: Where) -> bool:
    """Both ends must allow it. `ipblock_matches_pods` of the world is policyCIDRMatchMode=pods."""
    out = allows(
        world, policies, packet, "egress", packet.source, (packet.destination, packet.destination_ip), api_server
    )
    into = allows(world, policies, packet, "ingress", packet.destination, (packet.source, packet.source_ip), api_server)
    return out and into


def allows(
    world: World,
    policies: Iterable[Data],
    packet: Packet,
    end: str,
    own: Data | None,
    other: tuple[Data | None, str],
    api_server: Where,
) -> bool:
    """A direction is open until a policy with rules for it selects the pod, and then what some rule allows is."""
    if own is None:
        return True
    home = namespace_of(own)
    mine = selecting(world, policies, end, own)
    if not mine:
        return True
    return any(
        is_peer(world, rule, "from" if end == "ingress" else "to", home, other, api_server) and on_port(rule, packet)
        for policy in mine
        for rule in policy["spec"][end]
    )


def selecting(world: World, policies: Iterable[Data], end: str, own: Data) -> list[Data]:
    """The policies that close a pod in a direction."""
    return [
        policy
        for policy in policies
        if namespace_of(policy) == namespace_of(own)
        and policy["spec"].get(end)
        and is_selected(unsourced(policy["spec"]["endpointSelector"]), identity(world, own))
    ]


def is_peer(world: World, rule: Data, word: str, home: str, other: tuple[Data | None, str], api_server: Where) -> bool:
    """Without peers a rule names everybody on its ports; with neither, nobody."""
    pod, ip = other
    given = [key for key in rule if key.startswith(word) and key != "toPorts"]
    if not given:
        return "toPorts" in rule
    (key,) = given
    if key.endswith("Entities"):
        return "all" in rule[key] or ("kube-apiserver" in rule[key] and pod is None and api_server(ip))
    if key.endswith("Endpoints"):
        return pod is not None and any(is_endpoint(world, item, home, pod) for item in rule[key])
    if pod is not None and not world.ipblock_matches_pods:
        return False
    blocks = [{"cidr": item} if isinstance(item, str) else item for item in rule[key]]
    return any(
        address(ip) in network(item["cidr"])
        and not any(address(ip) in network(out) for out in item.get("except") or [])
        for item in blocks
    )


def is_endpoint(world: World, selector: Data, home: str, pod: Data) -> bool:
    """A selector that says nothing of namespaces is about the policy's own."""
    bare = unsourced(selector)
    keys = [*(bare.get("matchLabels") or {}), *(item["key"] for item in bare.get("matchExpressions") or [])]
    if not any(key == NAMESPACE or key.startswith(OF_NAMESPACE) for key in keys) and namespace_of(pod) != home:
        return False
    return is_selected(bare, identity(world, pod))


def identity(world: World, pod: Data) -> dict[str, str]:
    """The labels by which Cilium knows a pod: its own, its namespace's name and its namespace's labels."""
    name = namespace_of(pod)
    of_namespace = {f"{OF_NAMESPACE}{key}": value for key, value in namespace_labels(world, name).items()}
    return {**(pod["metadata"].get("labels") or {}), NAMESPACE: name, **of_namespace}


def unsourced(selector: Data) -> Data:
    """The selector without the sources of its labels, which are Kubernetes' in all that is tried here."""
    return {
        "matchLabels": {key.removeprefix("k8s:"): value for key, value in (selector.get("matchLabels") or {}).items()},
        "matchExpressions": [
            {**item, "key": item["key"].removeprefix("k8s:")} for item in selector.get("matchExpressions") or []
        ],
    }


def on_port(rule: Data, packet: Packet) -> bool:
    """Port 0 is every port, and no protocol any of the three."""
    if "toPorts" not in rule:
        return True
    for entry in rule["toPorts"]:
        for item in entry["ports"]:
            if item.get("protocol", "ANY") in ("ANY", packet.protocol):
                first = int(item["port"])
                if first == 0 or first <= packet.port <= (item.get("endPort") or first):
                    return True
    return False
