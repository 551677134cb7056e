"""What the cluster is: its version, its nodes, and whose platform it runs on, by what the nodes carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from netmatrix.cluster import Snapshot
from netmatrix.discover import objects
from netmatrix.discover.facts import About, Fact, Learned, counted, some


class Platform(StrEnum):
    """Platforms that make a difference to a policy."""

    AWS = "AWS"
    AZURE = "Azure"
    GOOGLE = "Google Cloud"
    K3S = "k3s"
    RKE2 = "RKE2"
    MINIKUBE = "minikube"
    KIND = "kind"
    OPENSHIFT = "OpenShift"


_PROVIDERS = {
    "aws://": Platform.AWS,
    "azure://": Platform.AZURE,
    "gce://": Platform.GOOGLE,
    "k3s://": Platform.K3S,
    "rke2://": Platform.RKE2,
    "kind://": Platform.KIND,
}
"""`spec.providerID` of a node, `<provider>://...`: a cloud controller writes it (API reference, NodeSpec), or whatever
made the node."""

_LABELS = {
    "minikube.k8s.io/version": Platform.MINIKUBE,
    "node.openshift.io/os_id": Platform.OPENSHIFT,
}
"""Labels that minikube's `start` (pkg/minikube/node) and OpenShift's kubelet configuration put on every node."""


def platforms(snapshot: Snapshot) -> frozenset[Platform]:
    """Whose platform it is; several where, say, OpenShift runs on AWS."""
    return frozenset(_platforms(snapshot))


def about_cluster(snapshot: Snapshot) -> Iterator[Learned]:
    """The nodes, by their versions."""
    nodes = snapshot.all("Node")
    versions = Counter(objects.text(node, "status", "nodeInfo", "kubeletVersion") for node in nodes)
    if nodes:
        told = some([f"{counted(number, 'node')} of {version or 'no version'}" for version, number in versions.items()])
        found = sorted(platforms(snapshot))
        where = f", on {some(found)} by what the nodes carry" if found else ""
        yield Fact(About.CLUSTER, f"Kubernetes: {told}{where}.", ("Nodes",))


def node_addresses(snapshot: Snapshot, kind: str = "InternalIP") -> Iterator[objects.Address]:
    """The addresses of the nodes, of a kind: InternalIP in the cluster's network, ExternalIP on the Internet."""
    for node in snapshot.all("Node"):
        for path in objects.paths(node, "status", "addresses"):
            written = objects.text(node, *path, "address")
            if objects.text(node, *path, "type") == kind and written:
                yield objects.address(node, written, *path)


def _platforms(snapshot: Snapshot) -> Iterator[Platform]:
    for node in snapshot.all("Node"):
        provider = objects.text(node, "spec", "providerID")
        yield from (platform for start, platform in _PROVIDERS.items() if provider.startswith(start))
        carried = objects.labels(node, "metadata", "labels")
        yield from (platform for label, platform in _LABELS.items() if label in carried)
        version = objects.text(node, "status", "nodeInfo", "kubeletVersion")
        if "+k3s" in version:
            yield Platform.K3S
        if "+rke2" in version:
            yield Platform.RKE2
