"""The only shapes that a rendered object may have, read strictly: whatever else stands there is a trespass."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import yaml

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}")
NAMESPACE_LABEL = "kubernetes.io/metadata.name"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Pods = tuple[str, dict[str, str]]
"""A namespace, and the labels that pods there are selected by."""


class Trespass(Exception):  # noqa: N818 (it is what it is called)
    """Something that the matrix does not grant, or that has no known form."""


def demand(holds: object, message: str) -> None:
    """Raise Trespass unless something holds."""
    if not holds:
        raise Trespass(message)


class StrictLoader(yaml.CSafeLoader):
    """YAML as the API server reads it: a key twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        demand(len(keys) == len(set(keys)), f"a key twice: {keys}")
        return super().construct_mapping(node, deep)


def read(manifests: bytes) -> list[Any]:
    """The documents of a rendered stream."""
    return [item for item in yaml.load_all(manifests, StrictLoader) if item is not None]


def check_metadata(data: Any, *, namespaced: bool) -> None:
    """Names and labels are strings of the form that the API demands; nothing else is set."""
    known = {"name", "labels", "annotations"} | ({"namespace"} if namespaced else set())
    demand(isinstance(data, dict) and data.keys() <= known, "metadata")
    for key in ("name", "namespace") if namespaced else ("name",):
        demand(isinstance(data.get(key), str) and NAME.fullmatch(data[key]), f"{key} {data.get(key)!r}")
    labels_of(data.get("labels"))
    for key, value in data.get("annotations", {}).items():
        demand(isinstance(key, str) and LABEL.fullmatch(key) and isinstance(value, str), f"annotation {key!r}")


def check_test_pod(item: Any) -> None:
    """The pod of `helm test` has no labels, so that no policy of a row selects it, and is kept in its namespace."""
    metadata, spec = item["metadata"], item["spec"]
    demand(item.keys() == {"apiVersion", "kind", "metadata", "spec"} and item["apiVersion"] == "v1", "a pod's field")
    demand(metadata.keys() == {"name", "namespace", "annotations"}, f"a pod's metadata of {sorted(metadata)}")
    demand(metadata["annotations"].get("helm.sh/hook") == "test", "a pod that is not of `helm test`")
    demand(not {"hostNetwork", "hostPID", "hostIPC", "volumes", "serviceAccountName"} & spec.keys(), "a pod's spec")
    (container,) = spec["containers"]
    demand(container["securityContext"]["allowPrivilegeEscalation"] is False, "a privileged container")
    demand(container["imagePullPolicy"] in ("Always", "IfNotPresent", "Never"), "a pull policy")
    demand(IMAGE.fullmatch(container["image"]), f"image {container['image']!r}")


def check_cluster_policy(item: Any, ours: set[str], name: str) -> None:
    """The one that denies all in our namespaces, beneath NetworkPolicies."""
    demand(item.keys() == {"apiVersion", "kind", "metadata", "spec"}, "a field of a cluster's policy")
    demand(item["apiVersion"] == "policy.networking.k8s.io/v1alpha2", "a version")
    demand(item["metadata"]["name"] == name, "a cluster's policy of another name")
    spec = item["spec"]
    (found,) = spec["subject"]["namespaces"]["matchExpressions"]
    demand(spec.keys() == {"tier", "priority", "subject", "ingress", "egress"}, "a field of its spec")
    demand(spec["subject"] == {"namespaces": {"matchExpressions": [found]}}, "its subject")
    demand((found["key"], found["operator"]) == (NAMESPACE_LABEL, "In") and set(found["values"]) == ours, "its subject")
    demand((spec["tier"], spec["priority"]) == ("Baseline", 100), "its tier")
    everybody: list[dict[str, Any]] = [{"namespaces": {}}]
    addresses = {"networks": ["0.0.0.0/0", "::/0"]}
    deny = {"name": "default-deny", "action": "Deny"}
    demand(spec["ingress"] == [{**deny, "from": everybody}], "its ingress")
    demand(spec["egress"] == [{**deny, "to": [*everybody, addresses]}], "its egress")


def labels_of(labels: Any) -> dict[str, str]:
    """Labels, of which there must be some: none would be everything."""
    demand(isinstance(labels, dict) and labels, f"labels {labels!r}")
    for pair in labels.items():
        demand(all(isinstance(text, str) and LABEL.fullmatch(text) for text in pair), f"label {pair!r}")
    return dict(labels)


def selector_of(selector: Any) -> dict[str, str]:
    """A selector by equal labels alone."""
    demand(isinstance(selector, dict) and selector.keys() == {"matchLabels"}, f"selector {selector!r}")
    return labels_of(selector["matchLabels"])


def pods_of(peer: Any, own: str | None) -> Pods:
    """A peer of pods; its namespace must be named where the policy's `own` one is not meant."""
    demand(isinstance(peer, dict) and peer.keys() <= {"podSelector", "namespaceSelector"}, f"peer {peer!r}")
    labels = selector_of(peer.get("podSelector"))
    if "namespaceSelector" not in peer:
        demand(own is not None, f"peer {peer!r} without a namespace")
        return str(own), labels
    namespace = selector_of(peer["namespaceSelector"])
    demand(namespace.keys() == {NAMESPACE_LABEL} and NAME.fullmatch(namespace[NAMESPACE_LABEL]), "a namespace")
    return namespace[NAMESPACE_LABEL], labels


def is_block(peer: Any) -> bool:
    """Whether a peer is addresses."""
    return isinstance(peer, dict) and "ipBlock" in peer


def block_of(peer: Any) -> tuple[Network, list[Network]]:
    """A peer of addresses: its range and excepts. ::ffff:0:0/96 is none: Go takes it for 0.0.0.0/0."""
    block = peer["ipBlock"]
    demand(peer.keys() == {"ipBlock"} and {"cidr"} <= block.keys() <= {"cidr", "except"}, f"peer {peer!r}")
    texts = [block["cidr"], *block.get("except", ())]
    demand(all(isinstance(text, str) and "/" in text for text in texts), f"range {texts!r} without a prefix")
    try:
        cidr, *excepts = (ipaddress.ip_network(text) for text in texts)
    except ValueError as error:
        raise Trespass(f"range {texts!r}") from error
    demand([str(cidr), *map(str, excepts)] == texts, f"range {texts!r} in another than its canonical form")
    demand(getattr(cidr.network_address, "ipv4_mapped", None) is None, f"{cidr} is IPv4 in disguise")
    for inner in excepts:
        demand(_inside(inner, cidr), f"except {inner} is not inside {cidr}")
    return cidr, excepts


def numbers_of(rule: Any) -> list[tuple[str, int]]:
    """A rule's ports: there must be some, each once, each a protocol and a number."""
    ports = rule.get("ports")
    demand(isinstance(ports, list) and ports, "no ports, which is all of them")
    for port in ports:
        demand(isinstance(port, dict) and port.keys() == {"protocol", "port"}, f"port {port!r}")
        demand(type(port["port"]) is int and 0 < port["port"] < 65536, f"port {port!r}")
        demand(port["protocol"] in ("TCP", "UDP", "SCTP"), f"port {port!r}")
    found = [(port["protocol"], port["port"]) for port in ports]
    demand(len(found) == len(set(found)), "a port twice")
    return found


def _inside(inner: Network, outer: Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner != outer and inner.subnet_of(outer)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network):
        return inner != outer and inner.subnet_of(outer)
    return False
