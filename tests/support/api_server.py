"""The part of the Kubernetes API that Helm's look-ups ask, on loopback: discovery, and objects that a test puts in.

Answers have the form that kube-apiserver 1.36 gives (recorded there). Installing for real, into a real API server, is
the business of the tests against a real cluster; what these hold is what the templates make of a look-up's answer.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Object = dict[str, Any]

_RESOURCES = {
    "/api/v1": [
        ("namespaces", "Namespace", False),
        ("serviceaccounts", "ServiceAccount", True),
        ("configmaps", "ConfigMap", True),
    ],
    "/apis/batch/v1": [("cronjobs", "CronJob", True)],
    "/apis/rbac.authorization.k8s.io/v1": [
        ("clusterroles", "ClusterRole", False),
        ("clusterrolebindings", "ClusterRoleBinding", False),
        ("roles", "Role", True),
        ("rolebindings", "RoleBinding", True),
    ],
    "/apis/discovery.k8s.io/v1": [("endpointslices", "EndpointSlice", True)],
    "/apis/networking.k8s.io/v1": [("networkpolicies", "NetworkPolicy", True)],
    "/apis/cilium.io/v2": [("ciliumnetworkpolicies", "CiliumNetworkPolicy", True)],
}
_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


class Cluster:
    """What stands in the cluster, by API path; `forbidden` paths are refused as RBAC refuses them."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.forbidden: set[str] = set()
        self.add_namespace("default")

    def add_namespace(self, name: str, annotations: Mapping[str, str] | None = None) -> None:
        self.objects[f"/api/v1/namespaces/{name}"] = _object("v1", "Namespace", name, None, annotations)

    def add_policy(self, name: str, namespace: str, annotations: Mapping[str, str] | None = None) -> None:
        path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}"
        self.objects[path] = _object("networking.k8s.io/v1", "NetworkPolicy", name, namespace, annotations)

    def set_slices(self, namespace: str, slices: list[Object]) -> None:
        """The EndpointSlices of a namespace, each as {service, addressType, addresses, ports}."""
        items = [
            {
                "metadata": {
                    "name": f"slice-{number}",
                    "namespace": namespace,
                    "labels": {"kubernetes.io/service-name": item["service"]},
                },
                "addressType": item["addressType"],
                "endpoints": [{"addresses": [address]} for address in item["addresses"]],
                "ports": [{"name": "https", "protocol": "TCP", "port": port} for port in item["ports"]],
            }
            for number, item in enumerate(slices)
        ]
        path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        self.objects[path] = {"kind": "EndpointSliceList", "apiVersion": "discovery.k8s.io/v1", "items": items}

    def answer(self, path: str) -> tuple[int, Object]:
        """Status and body of a GET."""
        known = self._discovery(path) or self.objects.get(path)
        if path in self.forbidden:
            return 403, _status(403, "Forbidden", f'User "somebody" cannot list resource at {path}')
        if known is not None:
            return 200, known
        if path.endswith("/endpointslices"):
            return 200, {"kind": "EndpointSliceList", "apiVersion": "discovery.k8s.io/v1", "items": []}
        return 404, _status(404, "NotFound", f"{path} not found")

    def _discovery(self, path: str) -> Object | None:
        if path == "/version":
            return {"major": "1", "minor": "36", "gitVersion": "v1.36.3"}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            known = [path.split("/")[2:] for path in _RESOURCES if path.startswith("/apis/")]
            groups = [_group(name, version) for name, version in known]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        if path in _RESOURCES:
            resources = [
                {"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": _VERBS}
                for name, kind, namespaced in _RESOURCES[path]
            ]
            version = path.removeprefix("/apis/").removeprefix("/api/")
            return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}
        return None


@contextmanager
def serving(cluster: Cluster, kubeconfig: Path) -> Iterator[Path]:
    """Serve `cluster` on a loopback port, and write a kubeconfig that leads there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = cluster.answer(self.path.partition("?")[0])
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing: the tests' output is theirs."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    kubeconfig.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": address}}],
                "users": [{"name": "u", "user": {}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "c",
            }
        ),
        encoding="utf-8",
    )
    try:
        yield kubeconfig
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _group(name: str, version: str) -> Object:
    served = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [served], "preferredVersion": served}


def _object(version: str, kind: str, name: str, namespace: str | None, annotations: Mapping[str, str] | None) -> Object:
    labels = {"app.kubernetes.io/managed-by": "Helm"} if annotations else {}
    metadata: Object = {"name": name, "labels": labels, "annotations": dict(annotations or {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata | ({"namespace": namespace} if namespace else {})}


def _status(code: int, reason: str, message: str) -> Object:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
