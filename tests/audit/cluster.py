"""A cluster in which the chart is installed, as `kubectl get --output=json` shows it, to be broken by tests."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from typing import Any

from netmatrix.matrix.names import without_ports
from tests.support.rendering import objects_of

Object = dict[str, Any]

API = ("172.18.0.2", 6443)
"""Where the API server of this cluster listens."""


SERVICE = "10.96.0.1/32"
"""The address of its Service, which is rendered offline too."""


class Cluster:
    """The objects of a cluster by kind, namespace and name."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self.objects = [copy.deepcopy(item) for item in objects]

    def dump(self) -> bytes:
        """What kubectl prints of them."""
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": self.objects}).encode()

    def of_kind(self, kind: str) -> list[Object]:
        """The objects of a kind."""
        return [item for item in self.objects if item["kind"] == kind]

    def policy(self, name: str, namespace: str = "stalker") -> Object:
        """A NetworkPolicy, to be changed."""
        return self.one("NetworkPolicy", name, namespace)

    def one(self, kind: str, name: str, namespace: str = "") -> Object:
        """An object, to be changed."""
        (found,) = (
            item
            for item in self.of_kind(kind)
            if (item["metadata"].get("namespace", ""), item["metadata"]["name"]) == (namespace, name)
        )
        return found

    def add(self, *objects: Object) -> None:
        """Somebody creates objects."""
        self.objects += objects

    def remove(self, item: Object) -> None:
        """Somebody deletes an object."""
        self.objects.remove(item)


def installed(manifests: str, pods: Mapping[str, tuple[str, Mapping[str, str]]], release: str = "red-kite") -> Cluster:
    """The cluster after installing `manifests`, with a pod for each of `pods`: name -> namespace and labels."""
    objects = [_as_the_server_keeps_it(item, release) for item in objects_of(manifests)]
    kept = [item for item in objects if item["kind"].endswith("NetworkPolicy")]
    names = ["stalker", "stalker-jobs", "default", "kube-system"]
    namespaces = [_object("v1", "Namespace", name, labels={"kubernetes.io/metadata.name": name}) for name in names]
    running = [pod(name, namespace, labels) for name, (namespace, labels) in pods.items()]
    dns = pod("coredns-1", "kube-system", {"k8s-app": "kube-dns"})
    return Cluster([*namespaces, *kept, *running, dns, endpoint_slice(*API)])


def granting(cluster: Cluster, address: str, port: int) -> None:
    """Installing looks up the API server's address: beside the policy for what is stated, one for that port."""
    rule = {"to": [{"ipBlock": {"cidr": f"{address}/32"}}], "ports": [{"protocol": "TCP", "port": port}]}
    for item in cluster.of_kind("NetworkPolicy"):
        egress = item["spec"].get("egress", [])
        if any(peer.get("ipBlock", {}).get("cidr") == SERVICE for entry in egress for peer in entry.get("to", [])):
            beside = copy.deepcopy(item)
            beside["metadata"]["name"] = f"{without_ports(item['metadata']['name'])}-{port}"
            beside["spec"]["egress"] = [rule]
            cluster.add(beside)
    for item in cluster.of_kind("CiliumNetworkPolicy"):
        egress = item["spec"].get("egress", [])
        places = [at for at, entry in enumerate(egress) if entry.get("toEntities") == ["kube-apiserver"]]
        if places:
            egress[places[-1] + 1 : places[-1] + 1] = cilium_rules(address, port)


def cilium_rules(address: str, port: int) -> list[Object]:
    """What the chart adds to a row's CiliumNetworkPolicy for a looked-up address of the API server."""
    on = [{"ports": [{"port": str(port), "protocol": "TCP"}]}]
    return [
        {"toCIDRSet": [{"cidr": f"{address}/32"}], "toPorts": on},
        {"toEntities": ["kube-apiserver"], "toPorts": copy.deepcopy(on)},
    ]


def policy(name: str, spec: Object, namespace: str = "stalker", **metadata: Any) -> Object:
    """A NetworkPolicy."""
    return _object("networking.k8s.io/v1", "NetworkPolicy", name, namespace, **metadata) | {"spec": spec}


def pod(name: str, namespace: str, labels: Mapping[str, str], *, host_network: bool = False) -> Object:
    """A running pod."""
    spec = {"containers": [{"name": "main", "image": "x"}], **({"hostNetwork": True} if host_network else {})}
    return _object("v1", "Pod", name, namespace, labels=dict(labels)) | {"spec": spec, "status": {"phase": "Running"}}


def endpoint_slice(address: str, port: int, name: str = "kubernetes") -> Object:
    """What the API server says of itself."""
    labels = {"kubernetes.io/service-name": "kubernetes"}
    return _object("discovery.k8s.io/v1", "EndpointSlice", name, "default", labels=labels) | {
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    }


def definition(plural: str, group: str, kind: str) -> Object:
    """An API that the cluster has."""
    item = _object("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{plural}.{group}")
    return item | {"spec": {"group": group, "names": {"kind": kind, "plural": plural}}}


def _object(version: str, kind: str, name: str, namespace: str = "", **metadata: Any) -> Object:
    home = {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **home, **metadata}}


def _as_the_server_keeps_it(item: Object, release: str) -> Object:
    """With what Helm and the API server add, and without what neither keeps."""
    item = copy.deepcopy(item)
    meta = item["metadata"]
    meta["annotations"] = {
        **meta.get("annotations", {}),
        "meta.helm.sh/release-name": release,
        "meta.helm.sh/release-namespace": "stalker",
    }
    meta |= {"uid": "5b2e7c1a-0000-4000-8000-000000000001", "resourceVersion": "812", "generation": 1}
    meta["creationTimestamp"] = "2026-11-01T08:00:00Z"
    for direction in ("ingress", "egress"):
        if not item.get("spec", {}).get(direction, True):
            del item["spec"][direction]  # an empty list is kept as none at all
    return item
