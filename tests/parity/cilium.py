"""An independent judge of Cilium's policies: each says no more than the NetworkPolicies that are rendered beside it.

Both are taken apart into single grants: whose pods, which way, with whom, on which port. Cilium's may say the API
server by name beside its addresses; that is no grant of its own where those pods may use that port.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.parity.shapes import demand, labels_of

NAMESPACE = "k8s:io.kubernetes.pod.namespace"
WORDS = {"ingress": "from", "egress": "to"}
Grant = tuple[str, str, str, str, str]
"""Namespace, labels, direction, peer and port, as text."""
DNS = {"dns": [{"matchPattern": "*"}]}


def check_cilium(items: list[Any], policies: list[Any]) -> None:
    """Raises Trespass for a grant that no NetworkPolicy makes, or a shape that is not known."""
    plain = {grant for policy in policies for grant in of_network_policy(policy)}
    ports = {(*grant[:3], grant[4]) for grant in plain}
    for item in items:
        demand(item.keys() == {"apiVersion", "kind", "metadata", "spec"}, "a field of a Cilium policy")
        demand(item["apiVersion"] == "cilium.io/v2", "a version")
        for grant in of_cilium(item):
            if grant[3] == "kube-apiserver":
                demand((*grant[:3], grant[4]) in ports, f"the API server on a port that is not granted: {grant}")
            else:
                demand(grant in plain, f"Cilium grants what no NetworkPolicy does: {grant}")


def of_network_policy(policy: Any) -> Iterator[Grant]:
    namespace, spec = policy["metadata"]["namespace"], policy["spec"]
    own = text(spec["podSelector"].get("matchLabels", {}))
    for direction, word in WORDS.items():
        for rule in spec.get(direction) or []:
            ports = [f"{port['protocol']} {port['port']}" for port in rule.get("ports", ())] or ["any"]
            for peer in [plain_peer(item, namespace) for item in rule.get(word, ())] or ["everybody"]:
                yield from ((namespace, own, direction, peer, port) for port in ports)


def plain_peer(peer: Any, home: str) -> str:
    if "ipBlock" in peer:
        return text(peer["ipBlock"])
    namespace = peer.get("namespaceSelector", {"matchLabels": {"kubernetes.io/metadata.name": home}})
    return text([namespace["matchLabels"]["kubernetes.io/metadata.name"], peer["podSelector"]["matchLabels"]])


def of_cilium(item: Any) -> Iterator[Grant]:
    namespace, spec = item["metadata"]["namespace"], item["spec"]
    demand(spec.keys() <= {"endpointSelector", "ingress", "egress"} and len(spec) > 1, "a field of its spec")
    own = spec["endpointSelector"]
    labels = text(bare(own["matchLabels"])) if own else text({})
    demand(own == {} or own.keys() == {"matchLabels"}, "its selector")
    for direction, word in WORDS.items():
        if direction not in spec:
            continue
        demand(isinstance(spec[direction], list) and spec[direction], "rules that are none")
        for rule in spec[direction]:
            demand(rule != {} or spec[direction] == [{}], "nobody among others")
            for peer in peers(rule, word) if rule else ():
                yield from ((namespace, labels, direction, peer, port) for port in numbers(rule))


def peers(rule: Any, word: str) -> Iterator[str]:
    given = rule.keys() - {"toPorts"}
    demand(len(given) == 1, f"peers of {sorted(given)}")
    (kind,) = given
    demand(isinstance(rule[kind], list) and rule[kind], "peers that are none")
    for item in rule[kind]:
        if kind == f"{word}Entities":
            demand(item in ("all", "kube-apiserver"), f"entity {item!r}")
            yield "everybody" if item == "all" else item
        elif kind == f"{word}CIDRSet":
            yield text(item)
        else:
            demand(kind == f"{word}Endpoints" and item.keys() == {"matchLabels"}, f"peer {item!r}")
            labels = dict(item["matchLabels"])
            yield text([labels.pop(NAMESPACE, None), bare(labels)])


def bare(labels: Any) -> dict[str, str]:
    demand(all(key.startswith("k8s:") for key in labels), f"labels {labels!r}")
    return labels_of({key.removeprefix("k8s:"): value for key, value in labels.items()})


def numbers(rule: Any) -> list[str]:
    if "toPorts" not in rule:
        return ["any"]
    (entry,) = rule["toPorts"]
    demand(entry.keys() <= {"ports", "rules"} and entry.get("rules", DNS) == DNS, f"ports {entry!r}")
    demand(isinstance(entry["ports"], list) and entry["ports"], "ports that are none")
    for port in entry["ports"]:
        demand(port.keys() == {"port", "protocol"} and isinstance(port["port"], str), f"port {port!r}")
    return [f"{port['protocol']} {port['port']}" for port in entry["ports"]]


def text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
