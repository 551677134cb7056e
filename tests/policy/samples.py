"""Manifests for tests, written short."""

from __future__ import annotations

import json
from typing import Any

from netmatrix.policy import Manifests, Model, Reach, connections, parse_manifests

Data = dict[str, Any]


def pod(name: str, namespace: str = "default", **more: Any) -> Data:
    """A pod whose only label is `app: NAME`; `more` goes into its spec."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"containers": [{"name": "main"}], **more},
    }


def policy(name: str = "policy", namespace: str = "default", **spec: Any) -> Data:
    """A NetworkPolicy."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def read(*objects: Data) -> Manifests:
    """The objects, read from a List in JSON."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    return parse_manifests(text.encode(), "list.json")


def lines(*objects: Data, model: Model | None = None) -> set[str]:
    """The connections between workloads, and those with IPv4 addresses, as `analyze` prints them."""
    found = connections(Reach(read(*objects), model))
    return {str(item) for item in found if ":" not in f"{item.source}{item.destination}"}
