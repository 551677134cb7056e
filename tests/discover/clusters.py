"""Small clusters to learn from, made of the objects that matter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netmatrix.cluster import Snapshot, read_dump
from netmatrix.discover.facts import Discovery, Proposal, Question
from netmatrix.discover.learn import learn
from netmatrix.discover.wanted import wanted
from netmatrix.matrix.model import Matrix

Object = dict[str, Any]


def thing(kind: str, name: str, namespace: str = "", version: str = "v1", **more: Any) -> Object:
    labels = more.pop("labels", None)
    annotations = more.pop("annotations", None)
    metadata = {"name": name, "namespace": namespace, "labels": labels, "annotations": annotations}
    return {"apiVersion": version, "kind": kind, "metadata": {k: v for k, v in metadata.items() if v}, **more}


def node(name: str = "n", *addresses: str, version: str = "v1.36.3", **more: Any) -> Object:
    status = {
        "addresses": [{"type": "InternalIP", "address": item} for item in addresses or ("10.0.0.4",)],
        "nodeInfo": {"kubeletVersion": version},
    }
    spec = {key: more.pop(key) for key in ("podCIDRs", "providerID") if key in more}
    return thing("Node", name, spec=spec, status=status, **more)


def service(
    name: str, namespace: str, address: str, selector: Mapping[str, str], *ports: Mapping[str, Any], **more: Any
) -> Object:
    spec = {"clusterIPs": [address], "selector": dict(selector), "ports": list(ports)}
    return thing("Service", name, namespace, spec=spec, **more)


def dns_ports(target: int | str = 53) -> list[dict[str, Any]]:
    return [
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": target},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": target},
    ]


def slice_of(service: str, namespace: str, *addresses: str, ports: tuple[int, ...] = (6443,)) -> Object:
    return thing(
        "EndpointSlice",
        f"{service}-1",
        namespace,
        "discovery.k8s.io/v1",
        labels={"kubernetes.io/service-name": service},
        endpoints=[{"addresses": [item]} for item in addresses],
        ports=[{"name": "https" if at == 0 else f"p{at}", "port": port} for at, port in enumerate(ports)],
    )


def pod(name: str, namespace: str, labels: Mapping[str, str], *addresses: str, **spec: Any) -> Object:
    phase = spec.pop("phase", "Running")
    status = {"phase": phase, "podIPs": [{"ip": item} for item in addresses]}
    return thing("Pod", name, namespace, labels=dict(labels), spec=spec, status=status)


def daemon(name: str, labels: Mapping[str, str], *arguments: str, scheduled: int = 1, **more: Any) -> Object:
    variables = [{"name": key, "value": entry} for key, entry in more.pop("env", {}).items()]
    container = {
        "name": more.pop("container", "c"),
        "image": more.pop("image", "example.org/image:v1"),
        "args": list(arguments),
        "env": variables,
    }
    more.setdefault("hostNetwork", True)
    namespace = more.pop("namespace", "kube-system")
    spec = {
        "selector": {"matchLabels": dict(labels)},
        "template": {"metadata": {"labels": dict(labels)}, "spec": {"containers": [container], **more}},
    }
    status = {"desiredNumberScheduled": scheduled}
    return thing("DaemonSet", name, namespace, "apps/v1", spec=spec, status=status)


def config_map(name: str, data: Mapping[str, str], namespace: str = "kube-system") -> Object:
    return thing("ConfigMap", name, namespace, data=dict(data))


API = service("kubernetes", "default", "10.96.0.1", {}, {"name": "https", "port": 443, "targetPort": 6443})
API_SLICE = slice_of("kubernetes", "default", "10.0.0.4")
DNS = service("kube-dns", "kube-system", "10.96.0.10", {"k8s-app": "kube-dns"}, *dns_ports())
CALICO = daemon("calico-node", {"k8s-app": "calico-node"})
RANGES = config_map(
    "kubeadm-config",
    {"ClusterConfiguration": "networking: {podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/12}\n"},
)
SOMEBODY = pod("somebody", "elsewhere", {"app": "somebody"}, "10.244.0.77")
PLAIN = (node(), API, API_SLICE, DNS, CALICO, RANGES, SOMEBODY)
"""A cluster that leaves nothing open and needs nothing beyond its API server's address."""


def snapshot(tmp_path: Path, matrix: Matrix, *objects: Object) -> Snapshot:
    file = tmp_path / "dump.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}), encoding="utf-8")
    return read_dump([str(file)], wanted(matrix))


def learned(tmp_path: Path, matrix: Matrix, *objects: Object) -> Discovery:
    return learn(snapshot(tmp_path, matrix, *objects), matrix, "a cluster")


def without(*gone: Object) -> list[Object]:
    """The plain cluster without some of its objects."""
    return [item for item in PLAIN if item not in gone]


def question(found: Discovery, id_: str) -> Question:
    (asked,) = [item for item in found.questions if item.id == id_]
    return asked


def proposed(asked: Question) -> Proposal:
    """What a question proposes."""
    assert asked.proposal is not None
    return asked.proposal


def text_of(found: Discovery) -> str:
    return "\n".join(item.text for item in found.facts)
