"""The cluster as an audit sees it: policies and pods read strictly, and the objects that say who made them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from netmatrix.audit import rules
from netmatrix.cluster import Item
from netmatrix.document import Finding, Place, key_path_text
from netmatrix.policy.objects import Namespace, NetworkPolicy, Workload
from netmatrix.policy.read import Manifests, survey_files
from netmatrix.proof.grants import Granted

_VERSIONS = {
    ("networking.k8s.io", "NetworkPolicy"): "networking.k8s.io/v1",
    ("", "Pod"): "v1",
    ("", "Namespace"): "v1",
}


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
    manifests = _strictly(chosen)
    return Live(manifests.namespaces, manifests.workloads, manifests.policies, known, elsewhere, in_files)


def _strictly(items: Sequence[Item]) -> Manifests:
    """Each object by itself, so that what is wrong with one is told with its name."""
    if not items:
        return Manifests({}, (), ())
    named = {str(item): item for item in items}
    manifests, findings = survey_files([(name, _content(item)) for name, item in named.items()])
    faults = [_unreadable(finding) for finding in findings]
    for other in manifests.foreign:
        hint = "a newer netmatrix may know it; until then nothing is said about the cluster"
        place = Place(other.origin.place.file, 0, 0)
        faults.append(
            Finding(rules.UNREADABLE, f"{place.file} is of {other.api_version}, not known here", place, hint=hint)
        )
    if faults:
        raise rules.AuditError(faults)
    return manifests


def _content(item: Item) -> bytes:
    """The object alone; in a list of one kind it need not say of what kind it is."""
    implied = {"apiVersion": _VERSIONS[item.group, item.kind], "kind": item.kind}
    return json.dumps({**implied, **item.data}).encode()


def _unreadable(finding: Finding) -> Finding:
    where = f" ({key_path_text(finding.path)})" if finding.path else ""
    message = f"{finding.place.file} cannot be read{where}: {finding.message}"
    hint = f"{finding.hint or finding.rule.fix}; until then nothing is said about the cluster"
    return replace(
        finding, rule=rules.UNREADABLE, message=message, place=Place(finding.place.file, 0, 0), path=(), hint=hint
    )
