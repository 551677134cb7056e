"""Manifests, read strictly: all that decides who reaches whom, or all the reasons why that cannot be said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO

from netmatrix.document import Finding, KeyPath, Place, Severity
from netmatrix.document.wording import found, quoted
from netmatrix.policy import rules
from netmatrix.policy.collection import without_collection
from netmatrix.policy.decode_policy import network_policy
from netmatrix.policy.decode_workload import TEMPLATES, is_over, metadata, workload
from netmatrix.policy.fields import Fields
from netmatrix.policy.labels import NAMESPACE_NAME
from netmatrix.policy.objects import Foreign, Namespace, NetworkPolicy, Workload, Written, is_policy
from netmatrix.policy.source import Origin, Source
from netmatrix.policy.stream import documents, read_bytes

_OBJECT = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})
_LIST = frozenset({"apiVersion", "kind", "metadata", "items"})
_POLICY = ("networking.k8s.io/v1", "NetworkPolicy")
_NAMESPACE = ("v1", "Namespace")
_KNOWN = frozenset({_POLICY, _NAMESPACE, *TEMPLATES})
_PERMISSIONS = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
_ABOUT_NO_CONNECTION = frozenset(
    {("v1", "ConfigMap"), ("v1", "ServiceAccount"), *(("rbac.authorization.k8s.io/v1", kind) for kind in _PERMISSIONS)}
)
"""Kinds of which nobody needs to be told that they are not judged: Kubernetes' own, about data and permissions."""
_DEEPEST_LIST = 8

Object = Namespace | Workload | NetworkPolicy


@dataclass(frozen=True, slots=True)
class Manifests:
    """What was read. `foreign` counts what is not judged; `notes` say what was left out that may matter, and why.

    `written` are those of the foreign objects that are some kind of network policy, unread.
    """

    namespaces: Mapping[str, Namespace]
    workloads: tuple[Workload, ...]
    policies: tuple[NetworkPolicy, ...]
    foreign: tuple[Foreign, ...] = ()
    notes: tuple[Finding, ...] = ()
    written: tuple[Written, ...] = ()


def read_manifests(
    paths: Sequence[str], *, default_namespace: str = "default", stdin: BinaryIO | None = None
) -> Manifests:
    """Read files, folders (all `.yaml`, `.yml` and `.json` files in them) and `-`, standard input.

    Raises ManifestError with everything that is wrong. An object without a namespace is in `default_namespace`.
    """
    findings: list[Finding] = []
    contents = read_bytes(paths, findings, stdin=stdin)
    return _read(contents, findings, default_namespace)


def survey_manifests(
    paths: Sequence[str], *, default_namespace: str = "default", stdin: BinaryIO | None = None
) -> tuple[Manifests, tuple[Finding, ...]]:
    """As `read_manifests`, but what can be read is handed over beside everything that is wrong with the rest.

    Nothing may be concluded from what such manifests lack where there are findings. An object with a fault is left out.
    """
    findings: list[Finding] = []
    contents = read_bytes(paths, findings, stdin=stdin)
    manifests = _survey(contents, findings, default_namespace)
    return manifests, tuple(sorted(findings, key=Finding.order))


def parse_manifests(content: bytes, file: str, *, default_namespace: str = "default") -> Manifests:
    """As `read_manifests`, of bytes; `file` is the name that findings give."""
    return _read([(file, content)], [], default_namespace)


def parse_files(
    contents: Sequence[tuple[str, bytes]], findings: Sequence[Finding] = (), *, default_namespace: str = "default"
) -> Manifests:
    """As `read_manifests`, of what `stream.read_bytes` has read, with the findings of that."""
    return _read(contents, list(findings), default_namespace)


def survey_objects(
    objects: Iterable[tuple[Origin, Any, tuple[str, str]]],
) -> tuple[Manifests, tuple[tuple[Finding, ...], ...]]:
    """As `survey_manifests`, of objects that stand somewhere in documents; what is wrong with each, in their order.

    With each comes its apiVersion and kind, which one that was in a list of one kind need not say itself.
    """
    findings: list[Finding] = []
    reader = _Reader(findings, "default")
    ends = [0]
    for origin, data, kind in objects:
        reader.read(origin.source, data, origin.path, kind)
        ends.append(len(findings))
    return reader.manifests(), tuple(tuple(findings[start:end]) for start, end in pairwise(ends))


def _read(contents: Sequence[tuple[str, bytes]], findings: list[Finding], default_namespace: str) -> Manifests:
    manifests = _survey(contents, findings, default_namespace)
    if findings:
        raise rules.ManifestError(findings)
    return manifests


def _survey(contents: Sequence[tuple[str, bytes]], findings: list[Finding], default_namespace: str) -> Manifests:
    """What can be read; what is wrong goes to `findings`."""
    reader = _Reader(findings, default_namespace)
    with without_collection():
        for file, content in contents:
            for source, data in documents(content, file, findings):
                if data is not None:
                    reader.read(source, data)
    if reader.is_empty and not findings:
        message, hint = "there is no Kubernetes object in it", "name the files or the folder of the manifests"
        files = [file for file, _ in contents]
        findings.append(Finding(rules.NO_MANIFESTS, message, Place(files[0] if files else ""), hint=hint))
    return reader.manifests()


class _Reader:
    """Collects the objects of all documents."""

    def __init__(self, findings: list[Finding], default_namespace: str) -> None:
        self._findings = findings
        self._default_namespace = default_namespace
        self._objects: dict[tuple[str, str, str], Object] = {}
        self._foreign: dict[tuple[str, str], tuple[int, Origin]] = {}
        self._over: list[Origin] = []
        self._written: list[Written] = []

    @property
    def is_empty(self) -> bool:
        """Whether no object at all has been read."""
        return not (self._objects or self._foreign or self._over)

    def manifests(self) -> Manifests:
        """All objects, in an order that does not depend on the input's."""
        ordered = [item for _, item in sorted(self._objects.items())]
        foreign = tuple(Foreign(*key, count, origin) for key, (count, origin) in sorted(self._foreign.items()))
        return Manifests(
            namespaces={item.name: item for item in ordered if isinstance(item, Namespace)},
            workloads=tuple(item for item in ordered if isinstance(item, Workload)),
            policies=tuple(item for item in ordered if isinstance(item, NetworkPolicy)),
            foreign=foreign,
            notes=(*_foreign_notes(foreign), *_over_notes(self._over)),
            written=tuple(self._written),
        )

    def read(self, source: Source, data: Any, path: KeyPath = (), implied: tuple[str, str] | None = None) -> None:
        """Read one object, or the objects of a list; `implied` is what a typed list says of its items."""
        fields = Fields(source, self._findings)
        if type(data) is not dict:
            message = f"expected a Kubernetes object; found {found(data)}"
            fields.error(rules.NOT_AN_OBJECT, path, message, "start it with apiVersion and kind")
            return
        kind = self._kind(fields, data, path, implied)
        if kind is None:
            return
        if kind in _KNOWN:
            self._object(fields, data, kind, path)
        elif kind[1].endswith("List") and "items" in data:
            self._list(fields, data, kind, path)
        else:
            count, origin = self._foreign.get(kind, (0, Origin(source, path)))
            self._foreign[kind] = (count + 1, origin)
            if is_policy(kind[1]):
                self._written.append(Written(*kind, data, Origin(source, path)))

    def _kind(
        self, fields: Fields, data: Mapping[str, Any], path: KeyPath, implied: tuple[str, str] | None
    ) -> tuple[str, str] | None:
        """apiVersion and kind. In a list of one kind, such as PodList, the items need not repeat them."""
        if implied and "kind" not in data and "apiVersion" not in data:
            return implied
        version, kind = data.get("apiVersion"), data.get("kind")
        if version is None or kind is None:
            fields.error(
                rules.NOT_AN_OBJECT,
                path,
                f"it is no Kubernetes object: it has no {'apiVersion' if version is None else 'kind'}",
                "every object starts with apiVersion and kind; name the manifests alone if this file is none",
            )
            return None
        read = (fields.string(data, "apiVersion", path), fields.string(data, "kind", path))
        return None if read[0] is None or read[1] is None else (read[0], read[1])

    def _list(self, fields: Fields, data: Mapping[str, Any], kind: tuple[str, str], path: KeyPath) -> None:
        if sum(1 for part in path if part == "items") >= _DEEPEST_LIST:
            fields.error(rules.NESTED_LIST, path, "lists are nested too deep", "write one list of all objects")
            return
        version, name = kind
        if version == "v1" and name == "List":
            fields.struct(data, path, _LIST)
        about = data.get("metadata")
        if isinstance(about, dict) and about.get("continue"):
            hint = "ask for all of it: kubectl does, and --chunk-size=0 asks in one go"
            message = "the list is a part of a longer one, which the API server would continue"
            fields.error(rules.WHOLE_LIST, (*path, "metadata", "continue"), message, hint)
        implied = (version, name.removesuffix("List")) if name != "List" else None
        for index, item in enumerate(fields.items(data["items"], (*path, "items"))):
            self.read(fields.source, item, (*path, "items", index), implied)

    def _object(self, fields: Fields, data: Mapping[str, Any], kind: tuple[str, str], path: KeyPath) -> None:
        faults = len(self._findings)
        fields.struct(data, path, _OBJECT)
        meta = metadata(fields, data, path)
        meta_path = (*path, "metadata")
        name = fields.name(meta, meta_path)
        labels = fields.labels(meta.get("labels"), (*meta_path, "labels"))
        if kind == _NAMESPACE:
            fields.namespace_name(name, (*meta_path, "name"))
            item: Object = namespace(name, labels, Origin(fields.source, path))
            self._add(("Namespace", "", name), item, fields, path, faults)
            return
        home = fields.string(meta, "namespace", meta_path) or self._default_namespace
        fields.namespace_name(home, (*meta_path, "namespace"))
        key = (kind[1], home, name if "name" in meta else f"{name} {len(self._objects)}")
        if kind == _POLICY:
            self._add(key, network_policy(fields, data, home, name, path), fields, path, faults)
            return
        item = workload(fields, data, kind, (home, name), path)
        if is_over(kind[1], data):
            self._over.append(Origin(fields.source, path))
        else:
            self._add(key, item, fields, path, faults)

    def _add(self, key: tuple[str, str, str], item: Object, fields: Fields, path: KeyPath, faults: int) -> None:
        """Keep an object, unless one more fault than the `faults` before it says that it is not what was meant.

        The same one twice is harmless; two that differ would win or lose by their order.
        """
        if len(self._findings) > faults:
            return
        before = self._objects.setdefault(key, item)
        if before is not item and before != item:
            where = f" at {before.origin.place}" if before.origin else ""
            name = f"{key[1]}/{key[2]}" if key[1] else key[2]
            message = f"the {key[0]} {quoted(name)} is defined differently{where}"
            fields.error(rules.DEFINED_TWICE, path, message, "keep one of the two")


def namespace(name: str, labels: Mapping[str, str], origin: Origin | None, *, declared: bool = True) -> Namespace:
    """A namespace with the label that tells its name.

    "The Kubernetes control plane sets an immutable label kubernetes.io/metadata.name on all namespaces, the value of
    the label is the namespace name" (Kubernetes documentation, Network Policies, "Targeting a Namespace by its name").
    """
    return Namespace(name, {**labels, NAMESPACE_NAME: name}, declared, origin)


def _foreign_notes(foreign: Sequence[Foreign]) -> Iterable[Finding]:
    for item in foreign:
        if (item.api_version, item.kind) in _ABOUT_NO_CONNECTION:
            continue
        what = f"{item.count} {'object' if item.count == 1 else 'objects'} of kind {item.kind[:80]}"
        message = f"{what} ({item.api_version[:80]}) not judged; this is the first"
        decides = "NetworkPolicy" in item.kind or item.is_policy or any(item.kind == kind for _, kind in _KNOWN)
        severity = Severity.WARNING if decides else Severity.NOTE
        hint = "it may decide who reaches whom; what is said here does not take it into account" if decides else ""
        yield Finding(rules.FOREIGN, message, item.origin.place, item.origin.path, hint, severity)


def _over_notes(origins: Sequence[Origin]) -> Iterable[Finding]:
    if origins:
        what = "1 object" if len(origins) == 1 else f"{len(origins)} objects"
        message = f"{what} left out: completed pods, and retired revisions of Deployments; this is the first"
        yield Finding(rules.COMPLETED, message, origins[0].place, origins[0].path, severity=Severity.NOTE)
