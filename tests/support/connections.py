"""A reader of NetworkPolicies of its own, for tests: what each policy's rules say, as flat tuples.

It shares no code with the product, and knows only the shapes that the chart may render: anything else fails the test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tests.support.rendering import Object

ANYONE = "anyone"
ANY = "any"
NAMESPACE_LABEL = "kubernetes.io/metadata.name"


class Connection(NamedTuple):
    """One port that one rule opens: `pod` is whom the policy selects, `peer` who stands at the other end."""

    pod: str
    direction: str  # "ingress" or "egress"
    peer: str
    protocol: str
    port: str


Names = Mapping[tuple[str, frozenset[tuple[str, str]]], str]
"""What pods are called, by namespace and labels."""


def names(pods: Mapping[str, tuple[str, Mapping[str, str]]]) -> Names:
    """`{"ui": ("stalker", {"app": "ui"})}` turned round, to look pods up."""
    return {(namespace, frozenset(labels.items())): name for name, (namespace, labels) in pods.items()}


def connections(objects: Iterable[Object], known: Names) -> list[Connection]:
    """All that the policies open, sorted; what two rules open stands there twice."""
    found: list[Connection] = []
    for item in objects:
        if item["kind"] == "NetworkPolicy":
            found.extend(_of_policy(item, known))
    return sorted(found)


def rules(policy: Object) -> list[dict[str, Any]]:
    """The rules of a policy of one direction; of a default-deny, none."""
    spec = policy["spec"]
    return [*spec.get("ingress", []), *spec.get("egress", [])]


def _of_policy(policy: Object, known: Names) -> Iterable[Connection]:
    spec, namespace = policy["spec"], policy["metadata"]["namespace"]
    assert spec.keys() <= {"podSelector", "policyTypes", "ingress", "egress"}
    for direction, end in (("ingress", "from"), ("egress", "to")):
        for rule in spec.get(direction, []):
            assert rule.keys() <= {end, "ports"}
            assert rule.get(end) != []
            assert rule.get("ports") != []
            pod = _pod(namespace, spec["podSelector"], known)
            peers = [_peer(namespace, peer, known) for peer in rule[end]] if end in rule else [ANYONE]
            ports = [_port(port) for port in rule["ports"]] if "ports" in rule else [(ANY, ANY)]
            for peer in peers:
                for protocol, port in ports:
                    yield Connection(pod, direction, peer, protocol, port)


def _peer(namespace: str, peer: Mapping[str, Any], known: Names) -> str:
    match sorted(peer):
        case ["ipBlock"]:
            block = peer["ipBlock"]
            assert block.keys() <= {"cidr", "except"}
            assert block.get("except") != []
            excepts = f" except {', '.join(block['except'])}" if "except" in block else ""
            return f"{block['cidr']}{excepts}"
        case ["podSelector"]:
            return _pod(namespace, peer["podSelector"], known)
        case ["namespaceSelector", "podSelector"]:
            labels = _labels(peer["namespaceSelector"])
            assert list(labels) == [NAMESPACE_LABEL]
            return _pod(labels[NAMESPACE_LABEL], peer["podSelector"], known)
        case shape:
            raise AssertionError(f"a peer of {shape}")


def _pod(namespace: str, selector: Mapping[str, Any], known: Names) -> str:
    labels = _labels(selector)
    text = f"{namespace}/{','.join(f'{key}={value}' for key, value in labels.items())}"
    return known.get((namespace, frozenset(labels.items())), text)


def _labels(selector: Mapping[str, Any]) -> dict[str, str]:
    assert list(selector) == ["matchLabels"], f"a selector of {sorted(selector)}"
    labels: dict[str, str] = selector["matchLabels"]
    assert labels, "an empty selector is everyone"
    return labels


def _port(port: Mapping[str, Any]) -> tuple[str, str]:
    assert sorted(port) == ["port", "protocol"]
    assert isinstance(port["port"], int)
    return port["protocol"], str(port["port"])
