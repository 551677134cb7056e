"""Who made an object, as far as it says: a Helm release, another tool, a controller, somebody with kubectl."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from netmatrix.document import KeyPath
from netmatrix.policy.fields import Fields

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


def release_of(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> Release | None:
    """The Helm release that an object belongs to."""
    annotations, at = _metadata(fields, data, path, "annotations")
    name = fields.string(annotations, _RELEASE, at)
    return Release(name, fields.string(annotations, _RELEASE_NAMESPACE, at) or "") if name else None


def owner_of(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> str:
    """Who made it, in words: the surest sign first; empty where nothing tells."""
    told = (str(release_of(fields, data, path) or ""), *_signs(fields, data, path))
    return next((sign for sign in told if sign), "")


def _signs(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> Iterator[str]:
    """What else tells who made an object, the surest first."""
    for where, key, tool in _TOOLS:
        found, at = _metadata(fields, data, path, where)
        if told := fields.string(found, key, at):
            yield f"{tool}'s {told}"
    yield from (
        f"{fields.string(owner, 'kind', at) or ''} {fields.string(owner, 'name', at) or ''}".strip()
        for at, owner in _entries(fields, data, path, "ownerReferences")
    )
    labels, at = _metadata(fields, data, path, "labels")
    manager = fields.string(labels, "app.kubernetes.io/managed-by", at)
    yield f"managed by {manager}" if manager else ""
    yield "applied with kubectl" if _APPLIED in _metadata(fields, data, path, "annotations")[0] else ""
    entries = _entries(fields, data, path, "managedFields")
    managers = sorted({fields.string(entry, "manager", at) or "" for at, entry in entries} - {""})
    yield f"last written by {', '.join(managers)}" if managers else ""


def _metadata(fields: Fields, data: Mapping[str, Any], path: KeyPath, name: str) -> tuple[Mapping[str, Any], KeyPath]:
    """A mapping in an object's metadata, and where it stands."""
    at = (*path, "metadata", name)
    return fields.mapping(fields.mapping(data.get("metadata"), at[:-1]).get(name), at), at


def _entries(
    fields: Fields, data: Mapping[str, Any], path: KeyPath, name: str
) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """The entries of a list in an object's metadata, each with where it stands."""
    at = (*path, "metadata", name)
    for within, entry in fields.each(fields.mapping(data.get("metadata"), at[:-1]).get(name), at):
        yield within, fields.mapping(entry, within)
