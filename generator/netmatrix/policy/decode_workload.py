"""Pods, and what makes pods: of each, the labels, ports, addresses and owners that policies can see.

A pod's fields are many, and few decide anything here. Those that do are read strictly; a field whose name is almost one
of theirs is an error too; the others are left to the API server.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from netmatrix.document import KeyPath
from netmatrix.document.wording import quoted
from netmatrix.policy import rules
from netmatrix.policy.addresses import ALL_ADDRESSES, AddressSet, CidrError, parse_address
from netmatrix.policy.decode_policy import is_port_name, port_number, protocol
from netmatrix.policy.fields import Fields
from netmatrix.policy.labels import is_subdomain
from netmatrix.policy.objects import ContainerPort, Owner, Workload
from netmatrix.policy.source import Origin

TEMPLATES: dict[tuple[str, str], tuple[str, ...]] = {
    ("v1", "Pod"): (),
    ("v1", "ReplicationController"): ("spec", "template"),
    ("apps/v1", "Deployment"): ("spec", "template"),
    ("apps/v1", "ReplicaSet"): ("spec", "template"),
    ("apps/v1", "StatefulSet"): ("spec", "template"),
    ("apps/v1", "DaemonSet"): ("spec", "template"),
    ("batch/v1", "Job"): ("spec", "template"),
    ("batch/v1", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
}
"""The workloads that are read, and where in each the pod stands that it makes."""

_POD_TEMPLATE = frozenset({"metadata", "spec"})
_OBJECT_META = frozenset(
    {"name", "generateName", "namespace", "labels", "annotations", "ownerReferences", "finalizers", "uid"}
    | {"resourceVersion", "generation", "managedFields", "selfLink"}
    | {"creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"}
)
_OWNER_REFERENCE = frozenset({"apiVersion", "blockOwnerDeletion", "controller", "kind", "name", "uid"})
_CONTAINER_PORT = frozenset({"name", "containerPort", "protocol", "hostPort", "hostIP"})
_POD_FIELDS = frozenset({"containers", "initContainers", "hostNetwork"})
_CONTAINER_FIELDS = frozenset({"ports"})
_INIT_CONTAINER_FIELDS = frozenset({"ports", "restartPolicy"})
_INNOCENT = frozenset({"restartPolicyRules", "ephemeralContainers"})
_CLOSE = 0.85
_COMPLETED = ("Succeeded", "Failed")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}", re.ASCII)


def metadata(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> Mapping[str, Any]:
    """The metadata of an object, with no field that the API does not know."""
    if data.get("metadata") is None:
        fields.missing("metadata", path)
    return fields.struct(data.get("metadata"), (*path, "metadata"), _OBJECT_META)


def workload(
    fields: Fields,
    data: Mapping[str, Any],
    kind: tuple[str, str],
    identity: tuple[str, str],
    path: KeyPath = (),
) -> Workload:
    """The workload in `data`; `identity` is its namespace and name."""
    namespace, name = identity
    template, template_path = _template(fields, data, TEMPLATES[kind], path)
    meta_path = (*template_path, "metadata")
    meta = fields.struct(template.get("metadata"), meta_path, _OBJECT_META)
    labels = dict(fields.labels(meta.get("labels"), (*meta_path, "labels")))
    if kind[1] == "Job":
        labels = {**_job_labels(name), **labels}
    spec, spec_path = _pod_spec(fields, template, template_path)
    return Workload(
        kind=kind[1],
        namespace=namespace,
        name=name,
        labels=labels,
        ports=_named_ports(fields, spec, spec_path),
        addresses=_addresses(fields, data, path) if kind[1] == "Pod" else ALL_ADDRESSES,
        host_network=fields.boolean(spec, "hostNetwork", spec_path),
        owners=_owners(fields, data, path),
        origin=Origin(fields.source, path),
    )


def is_over(kind: str, data: Mapping[str, Any]) -> bool:
    """Whether there is no pod any more: one that has ended for good, or a revision that its Deployment has retired."""
    meta, spec, status = data.get("metadata"), data.get("spec"), data.get("status")
    if kind == "Pod":
        return isinstance(status, dict) and status.get("phase") in _COMPLETED
    if kind != "ReplicaSet" or not isinstance(spec, dict) or not isinstance(meta, dict):
        return False
    return spec.get("replicas") == 0 and bool(meta.get("ownerReferences"))


def _job_labels(name: str) -> dict[str, str]:
    """The labels that the Job controller adds to a Job's pods (Kubernetes documentation, Well-Known Labels)."""
    return {"job-name": name, "batch.kubernetes.io/job-name": name} if len(name) <= 63 else {}


def _template(
    fields: Fields, data: Mapping[str, Any], way: tuple[str, ...], path: KeyPath
) -> tuple[Mapping[str, Any], KeyPath]:
    """The pod, or the template of one, inside an object."""
    for field in way:
        near_misses(fields, data, path, frozenset({field}))
        path = (*path, field)
        if data.get(field) is None:
            fields.missing(field, path[:-1])
        value = data.get(field)
        data = fields.struct(value, path, _POD_TEMPLATE) if field.endswith("emplate") else fields.mapping(value, path)
    return data, path


def _pod_spec(fields: Fields, template: Mapping[str, Any], path: KeyPath) -> tuple[Mapping[str, Any], KeyPath]:
    spec_path = (*path, "spec")
    spec = fields.mapping(template.get("spec"), spec_path)
    near_misses(fields, spec, spec_path, _POD_FIELDS)
    if not spec.get("containers"):
        fields.missing("containers", spec_path)
    return spec, spec_path


def _named_ports(fields: Fields, spec: Mapping[str, Any], path: KeyPath) -> tuple[ContainerPort, ...]:
    """The ports with a name, of containers and of sidecars.

    A sidecar is an init container with `restartPolicy: Always`: it runs as long as the pod (Kubernetes documentation,
    Sidecar Containers). Other init containers are gone when the pod takes traffic.
    """
    ports: list[ContainerPort] = []
    for field, known in (("containers", _CONTAINER_FIELDS), ("initContainers", _INIT_CONTAINER_FIELDS)):
        if field not in spec:
            continue
        for index, item in enumerate(fields.items(spec[field], (*path, field))):
            at = (*path, field, index)
            container = fields.mapping(item, at)
            near_misses(fields, container, at, known)
            found = _container_ports(fields, container, at)
            if field == "containers" or container.get("restartPolicy") == "Always":
                ports += found
    return tuple(sorted(set(ports), key=lambda port: (port.name, port.protocol, port.number)))


def _container_ports(fields: Fields, container: Mapping[str, Any], path: KeyPath) -> list[ContainerPort]:
    ports: list[ContainerPort] = []
    for at, entry in fields.entries(container.get("ports"), (*path, "ports"), _CONTAINER_PORT):
        number = fields.integer(entry, "containerPort", at)
        name = fields.string(entry, "name", at)
        if entry.get("containerPort") is None:
            fields.missing("containerPort", at)
        elif number is not None:
            port_number(fields, number, (*at, "containerPort"))
        if name and not is_port_name(name):
            hint = "write at most 15 lower-case letters, digits and '-', a letter among them"
            fields.error(rules.PORT, (*at, "name"), f"{quoted(name)} is not a port name", hint)
        spoken = protocol(fields, entry, at)
        if name and number is not None:
            ports.append(ContainerPort(name, spoken, number))
    return ports


def _addresses(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> AddressSet:
    """The addresses in a pod's status; any address where it has none yet."""
    at = (*path, "status")
    status = fields.mapping(data.get("status"), at)
    texts = [((*at, "podIP"), fields.string(status, "podIP", at))]
    for index, item in enumerate(fields.items(status.get("podIPs"), (*at, "podIPs"))):
        entry_path = (*at, "podIPs", index)
        entry = fields.struct(item, entry_path, frozenset({"ip"}))
        texts.append(((*entry_path, "ip"), fields.string(entry, "ip", entry_path)))
    found: list[AddressSet] = []
    for text_path, text in texts:
        try:
            if text:
                found.append(parse_address(text))
        except CidrError as error:
            fields.error(rules.CIDR, text_path, str(error), error.hint)
    return AddressSet.union(found) if found else ALL_ADDRESSES


def _owners(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> tuple[Owner, ...]:
    """The owner that manages the object: the one marked `controller`, else the first one."""
    meta = data.get("metadata")
    references = meta.get("ownerReferences") if isinstance(meta, dict) else None
    if references is None:
        return ()
    owners: list[tuple[bool, Owner]] = []
    for at, entry in fields.entries(references, (*path, "metadata", "ownerReferences"), _OWNER_REFERENCE):
        kind = fields.string(entry, "kind", at, required=True) or ""
        name = fields.string(entry, "name", at, required=True) or ""
        if kind and not _KIND.fullmatch(kind):
            fields.error(rules.NAME, (*at, "kind"), f"{quoted(kind)} is not the name of a kind")
        if name and not is_subdomain(name):
            fields.error(rules.NAME, (*at, "name"), f"{quoted(name)} is not a valid name")
        owners.append((fields.boolean(entry, "controller", at), Owner(kind, name)))
    owners.sort(key=lambda item: not item[0])
    return tuple(owner for _, owner in owners[:1])


def near_misses(fields: Fields, data: Mapping[str, Any], path: KeyPath, known: frozenset[str]) -> None:
    """Report fields that look like a misspelling of one of the `known` ones."""
    for field in data:
        if field not in known:
            meant = _meant(field, known)
            if meant:
                message = f"the field {quoted(field)} is unknown to the Kubernetes API here"
                fields.error(rules.UNKNOWN_FIELD, (*path, field), message, f"did you mean {meant!r}?", of_key=True)


@lru_cache(maxsize=4096)
def _meant(field: str, known: frozenset[str]) -> str:
    if field in _INNOCENT or len(field) > 40:
        return ""
    for name in known:
        if field.casefold() == name.casefold():
            return name
    close = difflib.get_close_matches(field, known, n=1, cutoff=_CLOSE)
    return close[0] if close else ""
