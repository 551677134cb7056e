"""Who made an object, as far as it says: a Helm release, another tool, a controller, somebody with kubectl."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from netmatrix.cluster import Item

_RELEASE, _RELEASE_NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_TOOLS = (
    ("annotations", "argocd.argoproj.io/tracking-id", "Argo CD"),
    ("labels", "argocd.argoproj.io/instance", "Argo CD"),
    ("labels", "kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("labels", "helm.toolkit.fluxcd.io/name", "Flux"),
)
"""Where tools write what of theirs an object belongs to (each tool's documentation of resource tracking)."""


@dataclass(frozen=True, slots=True)
class Release:
    """A Helm release, by the annotations that Helm puts on what it makes."""

    name: str
    namespace: str

    def __str__(self) -> str:
        return f"Helm release {self.name} in namespace {self.namespace}"


def release_of(item: Item) -> Release | None:
    """The Helm release that an object belongs to."""
    annotations = _of(item, "annotations")
    name = annotations.get(_RELEASE)
    return Release(str(name), str(annotations.get(_RELEASE_NAMESPACE, ""))) if name else None


def owner_of(item: Item) -> str:
    """Who made it, in words: the surest sign first; empty where nothing tells."""
    release = release_of(item)
    if release is not None:
        return str(release)
    for where, key, tool in _TOOLS:
        if _of(item, where).get(key):
            return f"{tool}'s {_of(item, where)[key]}"
    for reference in (item.data.get("metadata") or {}).get("ownerReferences") or ():
        return f"{reference.get('kind')} {reference.get('name')}"
    manager = _of(item, "labels").get("app.kubernetes.io/managed-by")
    if manager:
        return f"managed by {manager}"
    if _APPLIED in _of(item, "annotations"):
        return "applied with kubectl"
    managers = {str(entry.get("manager")) for entry in (item.data.get("metadata") or {}).get("managedFields") or ()}
    return f"last written by {', '.join(sorted(managers))}" if managers else ""


def _of(item: Item, where: str) -> Mapping[str, Any]:
    found = (item.data.get("metadata") or {}).get(where)
    return found if isinstance(found, dict) else {}
