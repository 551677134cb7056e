"""The cluster as an audit sees it: policies and pods read strictly, and the objects that say who made them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from netmatrix.audit import rules
from netmatrix.cluster import Item
from netmatrix.document import Finding, KeyPath, Place, key_path_text
from netmatrix.policy.fields import Fields
from netmatrix.policy.objects import Namespace, NetworkPolicy, Workload
from netmatrix.policy.read import Manifests, survey_objects
from netmatrix.proof.grants import Granted

_VERSIONS = {
    ("networking.k8s.io", "NetworkPolicy"): "networking.k8s.io/v1",
    ("", "Pod"): "v1",
    ("", "Namespace"): "v1",
}


Read = TypeVar("Read")
Reader = Callable[[Fields, Mapping[str, Any], KeyPath], Read]
"""Takes of an object, which stands at a path, what is wanted, and reports what is not as the API has it."""


@dataclass(frozen=True, slots=True)
class Live:
    """What is in the cluster: namespaces, the pods of the governed ones, the policies that concern them, all objects.

    `elsewhere` counts the policies of namespaces that the matrix has nothing to do with, which nobody looks at.
    `in_files` tells whether the objects' lines can be looked up.
    """

    namespaces: Mapping[str, Namespace]
    pods: tuple[Workload, ...]
    policies: tuple[NetworkPolicy, ...]
    items: tuple[Item, ...]
    elsewhere: int
    in_files: bool

    def of_kind(self, group: str, kind: str) -> tuple[Item, ...]:
        """The objects of one kind."""
        return tuple(item for item in self.items if (item.group, item.kind) == (group, kind))

    def item_of(self, policy: NetworkPolicy) -> Item:
        """The object that a policy was read from."""
        return self._named("networking.k8s.io", "NetworkPolicy", policy.namespace, policy.name)

    def item_of_pod(self, namespace: str, name: str) -> Item:
        """The object that a pod was read from."""
        return self._named("", "Pod", namespace, name)

    def place_of(self, item: Item) -> Place:
        """Where an object stands in a dump; what was read from the cluster just now goes by its name."""
        return item.origin.place if self.in_files else Place(str(item), 0, 0)

    def read(self, item: Item, reader: Reader[Read]) -> Read:
        """What a reader makes of an object. Raises AuditError where it finds something wrong with it."""
        findings: list[Finding] = []
        found = reader(Fields(item.origin.source, findings), item.data, item.origin.path)
        if findings:
            raise rules.AuditError(_faults(item, findings, in_files=self.in_files))
        return found

    def _named(self, group: str, kind: str, namespace: str, name: str) -> Item:
        found = (item for item in self.of_kind(group, kind) if (item.namespace, item.name) == (namespace, name))
        return next(found)


def concerned(granted: Granted) -> tuple[str, ...]:
    """The governed namespaces, then those that grants and endpoints select by name.

    A policy in one of these may close the other end of a connection, as at the name service. Those of other namespaces
    are these namespaces' own affair.
    """
    named = {
        value
        for selection in granted.mentioned().selections
        for requirement in selection.namespaces.requirements
        for value in requirement.values
    }
    return (*granted.governed, *sorted(named - {*granted.governed}))


def read_live(items: Iterable[Item], granted: Granted, *, in_files: bool) -> Live:
    """Read what concerns the governed namespaces. Raises AuditError with each object that cannot be read, by name."""
    known = tuple(items)
    near = concerned(granted)
    chosen, elsewhere = [], 0
    for item in known:
        match item.group, item.kind:
            case "networking.k8s.io", "NetworkPolicy":
                chosen += [item] if item.namespace in near else []
                elsewhere += item.namespace not in near
            case "", "Pod":
                chosen += [item] if item.namespace in granted.governed else []
            case "", "Namespace":
                chosen.append(item)
    manifests = _strictly(chosen, in_files=in_files)
    return Live(manifests.namespaces, manifests.workloads, manifests.policies, known, elsewhere, in_files)


def _strictly(items: Sequence[Item], *, in_files: bool) -> Manifests:
    kinds = [(_VERSIONS[item.group, item.kind], item.kind) for item in items]
    manifests, told = survey_objects((item.origin, item.data, kind) for item, kind in zip(items, kinds, strict=True))
    faults = [
        fault for item, found in zip(items, told, strict=True) for fault in _faults(item, found, in_files=in_files)
    ]
    for item, (version, _) in zip(items, kinds, strict=True):
        other = item.data.get("apiVersion", version)
        if other != version:
            message = f"{item} is of {other}, not known here"
            hint = "a newer netmatrix may know it; until then nothing is said about the cluster"
            faults.append(Finding(rules.UNREADABLE, message, _place(item, item.origin.place, in_files), hint=hint))
    if faults:
        raise rules.AuditError(faults)
    return manifests


def _faults(item: Item, findings: Iterable[Finding], *, in_files: bool) -> list[Finding]:
    """What is wrong with an object, each once, by its name."""
    told = []
    for finding in dict.fromkeys(findings):
        path = finding.path[len(item.origin.path) :]
        where = f" ({key_path_text(path)})" if path else ""
        message = f"{item} cannot be read{where}: {finding.message}"
        hint = f"{(finding.hint or finding.rule.fix).rstrip('.')}; until then nothing is said about the cluster"
        place = _place(item, finding.place, in_files)
        told.append(replace(finding, rule=rules.UNREADABLE, message=message, place=place, path=(), hint=hint))
    return told


def _place(item: Item, in_file: Place, in_files: bool) -> Place:
    return in_file if in_files else Place(str(item), 0, 0)
