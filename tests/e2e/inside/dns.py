"""CoreDNS as a cluster has it: two pods behind the Service `kube-dns`."""

from __future__ import annotations

from typing import Any

from tests.e2e.addresses import DNS_SERVICE, DOMAIN, IMAGE

NAMESPACE, NAME = "kube-system", "coredns"
REPLICAS = 2
READY_PORT = 8181
"""Where CoreDNS says whether it is ready; its pods declare that they listen there, as they would for metrics."""

LABELS = {"k8s-app": "kube-dns"}
"""Those of the pods, by which the matrix knows them."""

_COREFILE = f""".:53 {{
    errors
    ready
    kubernetes {DOMAIN} in-addr.arpa ip6.arpa
    reload
}}
"""


def objects() -> list[dict[str, Any]]:
    """What is applied."""
    account = {"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}
    reading = [
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAME}
    rbac = "rbac.authorization.k8s.io/v1"
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(NAME)},
        {"apiVersion": rbac, "kind": "ClusterRole", "metadata": {"name": NAME}, "rules": reading},
        {
            "apiVersion": rbac,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": NAME},
            "roleRef": role,
            "subjects": [account],
        },
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(NAME), "data": {"Corefile": _COREFILE}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _metadata(NAME), "spec": _deployment()},
        {"apiVersion": "v1", "kind": "Service", "metadata": _metadata("kube-dns"), "spec": _service()},
    ]


def _metadata(name: str) -> dict[str, Any]:
    return {"name": name, "namespace": NAMESPACE, "labels": LABELS}


def _deployment() -> dict[str, Any]:
    container = {
        "name": "coredns",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "command": ["/coredns", "-conf", "/etc/coredns/Corefile"],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": READY_PORT}, "periodSeconds": 1},
        "ports": [
            {"containerPort": 53, "protocol": "UDP"},
            {"containerPort": 53, "protocol": "TCP"},
            {"containerPort": READY_PORT, "protocol": "TCP"},
        ],
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns"}],
    }
    pod = {
        "serviceAccountName": NAME,
        "dnsPolicy": "Default",
        "terminationGracePeriodSeconds": 0,
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": NAME}}],
    }
    template = {"metadata": {"labels": LABELS}, "spec": pod}
    return {"replicas": REPLICAS, "selector": {"matchLabels": LABELS}, "template": template}


def _service() -> dict[str, Any]:
    ports = [
        {"name": f"dns-{protocol.lower()}", "protocol": protocol, "port": 53, "targetPort": 53}
        for protocol in ("UDP", "TCP")
    ]
    return {"selector": LABELS, "clusterIP": DNS_SERVICE, "ipFamilyPolicy": "PreferDualStack", "ports": ports}
