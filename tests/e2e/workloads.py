"""Stand-ins for the pods of Red Kite, with the labels that these carry, and attackers, with labels that they stole.

The labels, replicas, Services and ports are those of Red Kite's own deployment. Each stand-in listens on every port
that is probed, so that only a policy can refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.e2e.addresses import IMAGE

APP, JOBS, UNRELATED = "stalker", "stalker-jobs", "unrelated"
_THERE = ("default", "kube-system")
"""The namespaces that every cluster has; the others are made."""


def _own(component: str) -> dict[str, str]:
    """The labels of Red Kite's own services, which are deployed with DevSpace's component chart."""
    return {
        "app.kubernetes.io/name": "devspace-app",
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/managed-by": "Helm",
    }


def _bitnami(name: str, instance: str, component: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/instance": instance,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/managed-by": "Helm",
    }


def _job(number: str) -> dict[str, str]:
    return {"red-kite.io/component": "job", "red-kite.io/jobid": number}


@dataclass(frozen=True, slots=True)
class Service:
    """A Service of a stand-in: Service port to target port. A headless one has no address of its own."""

    name: str
    ports: Mapping[int, int]
    headless: bool = False


@dataclass(frozen=True, slots=True)
class StandIn:
    """A workload. One that is never `ready` is no endpoint of any Service that selects it; on `https` it speaks TLS."""

    name: str
    namespace: str
    kind: str
    labels: Mapping[str, str]
    replicas: int = 1
    services: tuple[Service, ...] = ()
    ready: bool = True
    https: int | None = None


_KAFKA = {**_bitnami("kafka", "kafka", "controller-eligible"), "app.kubernetes.io/part-of": "kafka"}
_MONGO = _bitnami("mongodb", "mongo", "mongodb")
_DNS = {"k8s-app": "kube-dns"}

UI = StandIn("ui", APP, "Deployment", _own("ui"), 1, (Service("ui", {8443: 443, 4200: 4200}),))

RED_KITE = (
    UI,
    StandIn("jobs-manager", APP, "Deployment", _own("jobs-manager"), 2, (Service("jobs-manager", {3000: 3000}),)),
    StandIn("jobs-consumer", APP, "Deployment", _own("jobs-consumer"), 2),
    StandIn("cron", APP, "Deployment", _own("cron"), 1, (Service("cron", {3001: 3000}),)),
    StandIn("orchestrator", APP, "Deployment", _own("orchestrator"), 1, (Service("orchestrator", {80: 80}),)),
    StandIn("mongo-mongodb", APP, "StatefulSet", _MONGO, 2, (Service("mongo-mongodb-headless", {27017: 27017}, True),)),
    StandIn(
        "kafka-controller",
        APP,
        "StatefulSet",
        _KAFKA,
        2,
        (
            Service("kafka", {9092: 9092}),
            Service("kafka-controller-headless", {9092: 9092, 9093: 9093, 9094: 9094}, True),
        ),
    ),
    StandIn("kafka-provisioning", APP, "Job", _bitnami("kafka", "kafka", "kafka-provisioning")),
    StandIn("job-1", JOBS, "Job", _job("1")),
    StandIn("job-2", JOBS, "Job", _job("2")),
)

ATTACKERS = (
    StandIn("nobody", APP, "Pod", {}),
    StandIn("as-job", APP, "Pod", _job("3")),
    StandIn("nobody", JOBS, "Pod", {}),
    StandIn("as-orchestrator", JOBS, "Pod", _own("orchestrator")),
    StandIn("nobody", "default", "Pod", {}),
    StandIn("as-cron", "default", "Pod", _own("cron")),
    StandIn("nobody", "kube-system", "Pod", {}),
    StandIn("as-jobs-manager", "kube-system", "Pod", _own("jobs-manager")),
    StandIn("nobody", UNRELATED, "Pod", {}),
    StandIn("as-dns", UNRELATED, "Pod", _DNS),
    StandIn("as-job", UNRELATED, "Pod", _job("4")),
)

NAME_SERVICE = StandIn("kube-dns", "kube-system", "Pod", _DNS, ready=False)
"""What the matrix calls DNS, listening on other ports too; no Service may send it anything."""

UI_WITH_TLS = replace(
    UI, name="ui-with-tls", kind="Pod", labels={**_own("ui"), "netmatrix.invalid/tls": "spoken"}, https=443
)
"""The UI as a browser meets it. Its Service leads to it alone, until that of the other UI is applied again."""

ALL = (*RED_KITE, *ATTACKERS, NAME_SERVICE)


def objects(ports: tuple[int, ...], items: Iterable[StandIn] = ALL) -> list[dict[str, Any]]:
    """Their namespaces, workloads and Services; each stand-in listens on all of `ports`."""
    known = list(items)
    found: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for name in dict.fromkeys(item.namespace for item in known)
        if name not in _THERE
    ]
    for item in known:
        found += [*_services(item), _workload(item, ports)]
    return found


def pods(items: Iterable[StandIn] = ALL) -> int:
    """How many pods they are."""
    return sum(item.replicas for item in items)


def _services(item: StandIn) -> Iterator[dict[str, Any]]:
    for service in item.services:
        ports = [{"name": f"port-{port}", "port": port, "targetPort": target} for port, target in service.ports.items()]
        spec = {"selector": dict(item.labels), "ports": ports, "ipFamilyPolicy": "PreferDualStack"}
        yield {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": service.name, "namespace": item.namespace},
            "spec": spec | ({"clusterIP": "None"} if service.headless else {}),
        }


def _workload(item: StandIn, ports: tuple[int, ...]) -> dict[str, Any]:
    """The object that makes the pods."""
    metadata = {"name": item.name, "namespace": item.namespace}
    labels, pod = dict(item.labels), _pod(item, ports)
    if item.kind == "Pod":
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "labels": labels}, "spec": pod}
    template = {"metadata": {"labels": labels}, "spec": pod}
    if item.kind == "Job":
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}}
    spec: dict[str, Any] = {"replicas": item.replicas, "selector": {"matchLabels": labels}, "template": template}
    if item.kind == "StatefulSet":
        spec |= {"serviceName": item.services[-1].name, "podManagementPolicy": "Parallel"}
    return {"apiVersion": "apps/v1", "kind": item.kind, "metadata": metadata, "spec": spec}


def _pod(item: StandIn, ports: tuple[int, ...]) -> dict[str, Any]:
    options = [] if item.https is None else ["-https", str(item.https)]
    container = {
        "name": "standin",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "command": ["/standin", *options, "$(NAME)", *(str(port) for port in ports if port != item.https)],
        "env": [{"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    }
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        **({"restartPolicy": "Never"} if item.kind == "Job" else {}),
        **({} if item.ready else {"readinessGates": [{"conditionType": "netmatrix.invalid/never"}]}),
    }
