"""Clusters and matrices of any size, the same for everybody who asks for the same size."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import yaml

Data = dict[str, Any]

WORKLOADS_OF_A_NAMESPACE = 50
PEERS = 3
_DNS = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
_INTERNET = {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "169.254.169.254/32", "172.16.0.0/12", "192.168.0.0/16"]}
_SafeDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_SafeDumper):  # type: ignore[misc]
    """Writes what is equal twice, as kubectl and Helm do, and not as an anchor and its alias."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def cluster(workloads: int, folder: Path) -> tuple[Path, Path]:
    """A file of YAML and one of JSON: namespaces of 50 workloads, each of which takes connections from 3 others and
    opens some to 3, by namespace AND labels, asks DNS, and for every tenth reaches the Internet."""
    objects = [*_namespaces(workloads), *(item for number in range(workloads) for item in _workload(number, workloads))]
    as_yaml, as_json = folder / f"{workloads}" / "all.yaml", folder / f"{workloads}.json"
    as_yaml.parent.mkdir(parents=True, exist_ok=True)
    with as_yaml.open("w", encoding="utf-8") as file:
        yaml.dump_all(objects, file, Dumper=_Dumper, sort_keys=False)
    as_json.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}), encoding="utf-8")
    return as_yaml, as_json


def matrix(pods: int, flows: int) -> str:
    """A policy matrix: pods in namespaces of 50, DNS for all, the Internet for every tenth, and flows at random."""
    rows = {
        f"p{number}": {
            "title": f"P{number}",
            "namespace": f"n{number % _namespace_count(pods)}",
            "labels": {"app": f"p{number}", "tier": f"t{number % 3}"},
            "ports": {"http": 8000 + number % 100},
        }
        for number in range(pods)
    }
    dns = {"kube-dns": {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}}
    hosts = {"ipv4": 32, "ipv6": 128}
    ceiling = {"ports": [53, 5353], "peers": 4, "cidrs": 8, "prefix": hosts}
    data: Data = {
        "apiVersion": "netmatrix/v1",
        "application": "synthetic",
        "title": "Synthetic",
        "description": "A matrix to measure with",
        "version": "0.1.0",
        "prefix": "synthetic",
        "environments": ["prod"],
        "namespaces": {f"n{n}": {"name": f"team-{n}", "defaultDeny": True} for n in range(_namespace_count(pods))},
        "pods": rows,
        "endpoints": {
            "dns": {"kind": "pods", "short": "DNS", "peers": dns, "ports": {"dns": {"udp": 53, "tcp": 53}}}
            | {"ceiling": ceiling, "description": "DNS"},
            "internet": {"kind": "addresses", "short": "Internet", "description": "The Internet"}
            | {"cidrs": [_INTERNET["cidr"]], "except": _INTERNET["except"]},
        },
        "flows": _flows(pods, flows),
    }
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False)


def _flows(pods: int, flows: int) -> Data:
    chosen = random.Random(pods)
    found: Data = {}
    for number in range(pods):
        found[f"p{number}-to-dns"] = {"from": f"p{number}", "to": "dns", "ports": ["dns"], "basis": "table"}
        if number % 10 == 0:
            found[f"p{number}-to-internet"] = {"from": f"p{number}", "to": "internet", "ports": "any", "basis": "table"}
    while len(found) < flows:
        source, destination = chosen.sample(range(pods), 2)
        flow = {"from": f"p{source}", "to": f"p{destination}", "ports": ["http"], "basis": "table"}
        found.setdefault(f"p{source}-to-p{destination}", flow)
    return found


def _namespace_count(workloads: int) -> int:
    return -(-workloads // WORKLOADS_OF_A_NAMESPACE)


def _namespaces(workloads: int) -> list[Data]:
    names = ["kube-system", *(f"team-{number}" for number in range(_namespace_count(workloads)))]
    labels = "kubernetes.io/metadata.name"
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n, "labels": {labels: n}}} for n in names]


def _workload(number: int, workloads: int) -> list[Data]:
    chosen = random.Random(number)
    callers, called = (chosen.sample(range(workloads), PEERS) for _ in range(2))
    port = [{"protocol": "TCP", "port": 8080}]
    dns = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    egress: list[Data] = [{"to": [_peer(other) for other in called], "ports": port}, {"to": [_DNS], "ports": dns}]
    if number % 10 == 0:
        egress.append({"to": [{"ipBlock": _INTERNET}]})
    labels = {"app": f"w{number}"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "main:1"}]}}
    metadata = {"name": f"w{number}", "namespace": _home(number)}
    policy = {
        "podSelector": {"matchLabels": labels},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [_peer(other) for other in callers], "ports": port}],
        "egress": egress,
    }
    deployment = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": deployment},
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": policy},
    ]


def _peer(number: int) -> Data:
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": _home(number)}},
        "podSelector": {"matchLabels": {"app": f"w{number}"}},
    }


def _home(number: int) -> str:
    return f"team-{number // WORKLOADS_OF_A_NAMESPACE}"
