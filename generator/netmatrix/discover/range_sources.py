"""Which ranges the addresses of pods, Services and nodes come from, by the objects that say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import collapse_addresses
from typing import Any

from netmatrix.cluster import Item, Snapshot
from netmatrix.discover import objects
from netmatrix.discover.settings import (
    config_map,
    json_in,
    program_options,
    server_arguments,
    yaml_in,
)
from netmatrix.discover.wanted import CALICO, SYSTEM
from netmatrix.matrix.model import Network


class Owner(StrEnum):
    """Whose addresses they are."""

    PODS = "pods"
    SERVICES = "services"
    NODES = "nodes"
    API = "API server"


@dataclass(frozen=True, slots=True)
class Range:
    """A range, whose it is, and who says so. `whole` is false for what is one node's share of something wider."""

    owner: Owner
    network: Network
    source: str
    whole: bool = True


def ranges(snapshot: Snapshot) -> list[Range]:
    """All ranges that are told, each once, by its best source; a node's share of a range that is told is left out."""
    told = [item for source in _SOURCES for item in source(snapshot)]
    whole = list({(item.owner, item.network): item for item in reversed(told) if item.whole}.values())[::-1]
    shares = [
        item
        for item in _joined([item for item in told if not item.whole])
        if not any(wide.owner is item.owner and is_inside(item.network, wide.network) for wide in whole)
    ]
    return [*whole, *shares]


def is_inside(inner: Network, outer: Network) -> bool:
    """Whether a range is a part of another, or all of it."""
    if inner.version == 4 and outer.version == 4:
        return inner.subnet_of(outer)
    if inner.version == 6 and outer.version == 6:
        return inner.subnet_of(outer)
    return False


def _joined(shares: list[Range]) -> list[Range]:
    """The nodes' shares, neighbours joined."""
    found: list[Range] = []
    for version in (4, 6):
        networks: Any = [item.network for item in shares if item.network.version == version]
        found += [Range(Owner.PODS, item, "Nodes, spec.podCIDRs", whole=False) for item in collapse_addresses(networks)]
    return found


def _kubeadm(snapshot: Snapshot) -> Iterator[Range]:
    """kubeadm's ClusterConfiguration (v1beta4): networking.podSubnet and serviceSubnet, two with a comma in between."""
    kept = config_map(snapshot, SYSTEM, "kubeadm-config")
    if kept is not None:
        networking = yaml_in(kept, "ClusterConfiguration").get("networking")
        for owner, key in ((Owner.PODS, "podSubnet"), (Owner.SERVICES, "serviceSubnet")):
            written = networking.get(key) if isinstance(networking, dict) else None
            yield from _split(kept, written, owner, f"ClusterConfiguration.networking.{key}")


def _programs(snapshot: Snapshot) -> Iterator[Range]:
    """Options of kube-apiserver and kube-controller-manager (Kubernetes reference, command line tools)."""
    for program, name, owner in (
        ("kube-apiserver", "service-cluster-ip-range", Owner.SERVICES),
        ("kube-controller-manager", "service-cluster-ip-range", Owner.SERVICES),
        ("kube-controller-manager", "cluster-cidr", Owner.PODS),
    ):
        for given, pod in program_options(snapshot, program, name):
            yield from _split(pod, given, owner, f"--{name}")


def _service_cidrs(snapshot: Snapshot) -> Iterator[Range]:
    """ServiceCIDR objects, stable from Kubernetes 1.33 (API reference, ServiceCIDR)."""
    for item in snapshot.all("ServiceCIDR", group="networking.k8s.io"):
        for path in objects.paths(item, "spec", "cidrs"):
            yield Range(Owner.SERVICES, objects.network(item, objects.text(item, *path), *path), str(item))


def _servers(snapshot: Snapshot) -> Iterator[Range]:
    """k3s and RKE2: `cluster-cidr` (10.42.0.0/16 unless given) and `service-cidr` (10.43.0.0/16) of a server (k3s
    documentation, `k3s server`; RKE2's server configuration reference has the same)."""
    for line, node in server_arguments(snapshot):
        for name, owner, usual in (
            ("cluster-cidr", Owner.PODS, "10.42.0.0/16"),
            ("service-cidr", Owner.SERVICES, "10.43.0.0/16"),
        ):
            yield from _split(node, objects.option(line, name) or usual, owner, f"--{name} of the server")


def _openshift(snapshot: Snapshot) -> Iterator[Range]:
    """OpenShift's network.config/cluster: status.clusterNetwork and status.serviceNetwork (OpenShift API reference)."""
    found = snapshot.one("Network", "cluster", group="config.openshift.io")
    if found is not None:
        for path in objects.paths(found, "status", "clusterNetwork"):
            written = objects.text(found, *path, "cidr")
            yield Range(Owner.PODS, objects.network(found, written, *path, "cidr"), "Network.config cluster")
        for path in objects.paths(found, "status", "serviceNetwork"):
            written = objects.text(found, *path)
            yield Range(Owner.SERVICES, objects.network(found, written, *path), "Network.config cluster")


def _calico(snapshot: Snapshot) -> Iterator[Range]:
    """Calico's pools: spec.cidr (Calico documentation, IPPool). A disabled one may still have pods."""
    for item in (item for group in CALICO for item in snapshot.all("IPPool", group=group)):
        written = objects.text(item, "spec", "cidr")
        yield Range(Owner.PODS, objects.network(item, written, "spec", "cidr"), str(item))


def _cilium(snapshot: Snapshot) -> Iterator[Range]:
    """Cilium's pools: cluster-pool-ipv4-cidr and -ipv6-cidr of cilium-config (Cilium documentation, Cluster Scope), and
    what each CiliumNode has of another IPAM."""
    kept = config_map(snapshot, SYSTEM, "cilium-config")
    for key in ("cluster-pool-ipv4-cidr", "cluster-pool-ipv6-cidr"):
        if kept is not None:
            yield from _split(kept, objects.text(kept, "data", key), Owner.PODS, key)
    for item in snapshot.all("CiliumNode", group="cilium.io"):
        for path in objects.paths(item, "spec", "ipam", "podCIDRs"):
            network = objects.network(item, objects.text(item, *path), *path)
            yield Range(Owner.PODS, network, str(item), whole=False)


def _flannel(snapshot: Snapshot) -> Iterator[Range]:
    """flannel's net-conf.json: Network and IPv6Network (flannel documentation, Configuration)."""
    for namespace in ("kube-flannel", SYSTEM):
        kept = config_map(snapshot, namespace, "kube-flannel-cfg")
        data = json_in(kept, "data", "net-conf.json") if kept else None
        if kept is not None and isinstance(data, dict):
            for key in ("Network", "IPv6Network"):
                yield from _split(kept, data.get(key), Owner.PODS, f"net-conf.json, {key}")


def _shares(snapshot: Snapshot) -> Iterator[Range]:
    for node in snapshot.all("Node"):
        for path in objects.paths(node, "spec", "podCIDRs"):
            network = objects.network(node, objects.text(node, *path), *path)
            yield Range(Owner.PODS, network, str(node), whole=False)


_SOURCES: tuple[Callable[[Snapshot], Iterator[Range]], ...] = (
    _kubeadm,
    _service_cidrs,
    _openshift,
    _servers,
    _programs,
    _calico,
    _cilium,
    _flannel,
    _shares,
)


def _split(item: Item, written: Any, owner: Owner, where: str) -> Iterator[Range]:
    """The ranges in a text, with commas or spaces in between."""
    if isinstance(written, str):
        for part in written.replace(",", " ").split():
            yield Range(owner, objects.network(item, part, "data"), f"{item}, {where}")
