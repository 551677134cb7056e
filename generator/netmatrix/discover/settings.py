"""Settings that clusters keep in ConfigMaps, in arguments of their programs and in annotations, read as data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from netmatrix.cluster import Item, Snapshot
from netmatrix.discover import objects
from netmatrix.discover.wanted import SYSTEM
from netmatrix.document.reader import DocumentError, parse_mapping

_NODE_ARGS = ("k3s.io/node-args", "rke2.io/node-args")


def config_map(snapshot: Snapshot, namespace: str, name: str) -> Item | None:
    """A ConfigMap by name."""
    return snapshot.one("ConfigMap", name, namespace=namespace)


def yaml_in(item: Item, key: str) -> dict[str, Any]:
    """The YAML that a ConfigMap holds under a key; empty where there is none, or where it cannot be read."""
    written = objects.text(item, "data", key)
    try:
        return parse_mapping(written.encode(), key).data
    except DocumentError:
        return {}


def unreadable(snapshot: Snapshot) -> Iterator[Item]:
    """The ConfigMaps of kubeadm whose YAML cannot be read, so that nothing was learned of it."""
    for name, key in (("kubeadm-config", "ClusterConfiguration"), ("kubelet-config", "kubelet")):
        kept = config_map(snapshot, SYSTEM, name)
        if kept is not None and objects.text(kept, "data", key) and not yaml_in(kept, key):
            yield kept


def json_in(item: Item, *path: objects.Path) -> Any:
    """The JSON that a string holds; None where there is none, or where it cannot be read."""
    try:
        return json.loads(objects.text(item, *path))
    except (ValueError, RecursionError):
        return None


def cluster_dns(snapshot: Snapshot) -> list[str]:
    """The addresses that kubelets give pods for names, where kubeadm keeps their configuration.

    "clusterDNS is a list of IP addresses for the cluster DNS server" (KubeletConfiguration, v1beta1).
    """
    kept = config_map(snapshot, SYSTEM, "kubelet-config")
    found = yaml_in(kept, "kubelet").get("clusterDNS") if kept else None
    return [item for item in found or [] if isinstance(item, str) and _is_address(item)]


def program_options(snapshot: Snapshot, program: str, name: str) -> Iterator[tuple[str, Item]]:
    """The values of an option of one of Kubernetes' own programs, where it runs as a pod, as kubeadm has it."""
    for pod in snapshot.all("Pod", namespace=SYSTEM):
        if objects.labels(pod, "metadata", "labels").get("component") == program:
            for path in objects.containers(pod, "spec"):
                given = objects.option(objects.arguments(pod, *path), name)
                if given:
                    yield given, pod


def server_arguments(snapshot: Snapshot) -> list[tuple[list[str], Item]]:
    """The command lines of k3s and RKE2 servers, which they write to an annotation of their node."""
    found: list[tuple[list[str], Item]] = []
    for node in snapshot.all("Node"):
        for name in _NODE_ARGS:
            line = json_in(node, "metadata", "annotations", name)
            if isinstance(line, list) and line[:1] == ["server"]:
                found.append(([word for word in line if isinstance(word, str)], node))
    return found


def _is_address(written: str) -> bool:
    try:
        objects.as_address(written)
    except ValueError:
        return False
    return True
