"""Endpoint selectors: labels with their sources, and a pod's namespace among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from netmatrix.document import KeyPath
from netmatrix.document.wording import quoted
from netmatrix.policy import rules
from netmatrix.policy.decode_policy import selector
from netmatrix.policy.fields import Fields
from netmatrix.policy.labels import NAMESPACE_NAME, Operator, Requirement, Selector
from netmatrix.policy.objects import Peer
from netmatrix.policy.source import Origin

NAMESPACE = "io.kubernetes.pod.namespace"
NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels."
_SOURCES = ("k8s:", "any:")
_SELECTOR = frozenset({"matchLabels", "matchExpressions"})
_LEFT_OUT = re.compile(
    r"io\.kubernetes|kubernetes\.io|statefulset\.kubernetes\.io/pod-name|apps\.kubernetes\.io/pod-index"
    r"|batch\.kubernetes\.io/job-completion-index|batch\.kubernetes\.io/controller-uid|beta\.kubernetes\.io|k8s\.io"
    r"|pod-template-generation|pod-template-hash|controller-revision-hash|annotation|controller-uid|etcd_node"
    r"|topology\.kubernetes\.io|io\.cilium\."
)
"""What Cilium leaves out of identities unless configured otherwise (Docs, "Limiting Identity-Relevant Labels")."""


def subject(fields: Fields, spec: Mapping[str, Any], path: KeyPath, namespace: str) -> Selector:
    """The pods that a policy is about: of its own namespace alone, whatever its selector says of namespaces.

    "EndpointSelector always applies in namespace of the policy resource" (API, ParseToCiliumRule).
    """
    at = (*path, "endpointSelector")
    if spec.get("endpointSelector") is None:
        fields.missing("endpointSelector", path)
    namespaces, pods = _parts(fields, spec.get("endpointSelector"), at)
    if any(item != Requirement(NAMESPACE_NAME, Operator.IN, (namespace,)) for item in namespaces):
        message = f"the selector is about another namespace than {quoted(namespace)}, which Cilium overrules"
        fields.error(rules.BACKEND_FIELD, at, message, "leave the namespace out")
    return Selector(pods)


def endpoints(fields: Fields, items: list[Any], path: KeyPath) -> tuple[Peer, ...]:
    """The pods that a rule names: of the policy's namespace where a selector says nothing of namespaces.

    "The user can explicitly specify the namespace in the FromEndpoints selector. If omitted, we limit the scope to the
    namespace the policy lives in" (API, getEndpointSelector).
    """
    found: list[Peer] = []
    for index, item in enumerate(items):
        at = (*path, index)
        if item is None:
            fields.error(rules.TYPE, at, "the entry is null", "remove it, or write {} for all pods of the namespace")
            continue
        namespaces, pods = _parts(fields, item, at)
        origin = Origin(fields.source, at)
        found.append(Peer(Selector(pods), Selector(namespaces) if namespaces else None, origin=origin))
    return tuple(found)


def _parts(fields: Fields, value: Any, path: KeyPath) -> tuple[tuple[Requirement, ...], tuple[Requirement, ...]]:
    """What a selector asks of the namespace, and of the pod itself."""
    namespaces: list[Requirement] = []
    pods: list[Requirement] = []
    for requirement in selector(fields, _without_sources(fields, value, path), path).requirements:
        key = requirement.key
        if key == NAMESPACE:
            namespaces.append(replace(requirement, key=NAMESPACE_NAME))
        elif key.startswith(NAMESPACE_LABELS):
            namespaces.append(replace(requirement, key=key.removeprefix(NAMESPACE_LABELS)))
        elif _LEFT_OUT.match(key):
            message = f"{quoted(key)} is no label by which Cilium tells pods apart, unless it is configured so"
            fields.error(rules.BACKEND_FEATURE, path, message, "select by another label")
        else:
            pods.append(requirement)
    return tuple(namespaces), tuple(pods)


def _without_sources(fields: Fields, value: Any, path: KeyPath) -> Any:
    """The selector with keys as the pods have them: `k8s:app` is the label `app` of Kubernetes, `app` that of any."""
    data = dict(fields.struct(value, path, _SELECTOR))
    labels = data.get("matchLabels")
    if type(labels) is dict:
        data["matchLabels"] = {_bare(fields, key, path): item for key, item in labels.items()}
        if len(data["matchLabels"]) != len(labels):
            fields.error(rules.BACKEND_FIELD, path, "a label stands there twice, from two sources", "keep one of them")
    expressions = data.get("matchExpressions")
    if type(expressions) is list:
        data["matchExpressions"] = [
            {**item, "key": _bare(fields, item["key"], path)} if type(item) is dict and "key" in item else item
            for item in expressions
        ]
    return data


def _bare(fields: Fields, key: Any, path: KeyPath) -> Any:
    if type(key) is not str or ":" not in key:
        return key
    for source in _SOURCES:
        if key.startswith(source):
            return key.removeprefix(source)
    message = f"the label {quoted(key)} is from a source that is not judged"
    fields.error(rules.BACKEND_FEATURE, path, message, "select by labels of pods, such as k8s:app")
    return "app"
