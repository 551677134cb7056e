"""Label selectors: those that can never match, and those that match something else tomorrow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from netmatrix.document import Severity
from netmatrix.document.wording import quoted
from netmatrix.lint.rule import LintRule, Remark
from netmatrix.lint.selection import impossible_key
from netmatrix.lint.subject import Subject
from netmatrix.lint.wording import peer_text, selector_text
from netmatrix.policy.labels import NAMESPACE_NAME, Operator, Requirement, Selector
from netmatrix.policy.objects import Peer
from netmatrix.policy.source import Origin

IMPOSSIBLE = LintRule(
    "NM630",
    "a selector can match something",
    "Write the alternatives as the values of one In, or as several peers.",
    Severity.ERROR,
    "All requirements of a selector must hold; where two contradict each other it matches nothing, ever.",
    "Kubernetes API reference, LabelSelector: matchLabels and matchExpressions are ANDed",
    ("P10",),
)
NAMESPACE_BY_NAME_LABEL = LintRule(
    "NM631",
    "a namespace is selected by a label that it has",
    "Write kubernetes.io/metadata.name instead of name.",
    Severity.WARNING,
    "No namespace has a label `name` unless somebody sets it; the label that every namespace has is "
    "kubernetes.io/metadata.name.",
    "Kubernetes documentation, Network Policies, Targeting a Namespace by its name; opencost/opencost-helm-chart#207",
    ("P11",),
)
NAMESPACE_LABEL_OF_POD = LintRule(
    "NM632",
    "a pod is selected by labels of pods",
    "Move it to a namespaceSelector, in the same list item.",
    Severity.WARNING,
    "kubernetes.io/metadata.name is a label of namespaces; no pod has it unless somebody sets it.",
    "Kubernetes documentation, Network Policies, Targeting a Namespace by its name",
    ("P11",),
)
CHANGING_LABEL = LintRule(
    "NM633",
    "a selector names labels that stay when the application is upgraded",
    "Select by app.kubernetes.io/name, instance and component.",
    Severity.WARNING,
    "Labels of the version, of the revision or of the tool change with an upgrade; for its length, or for good, pods "
    "of one of the two versions are not selected.",
    "Kubernetes documentation, Recommended Labels; bitnami/charts#15936, open-policy-agent/gatekeeper#3471",
    ("P13",),
)
SELECTS_NOBODY = LintRule(
    "NM634",
    "a selector selects a pod of the input",
    "Compare with the labels of the pod template.",
    Severity.NOTE,
    "Where the manifests have workloads in that namespace and none is selected, a label is misspelt, or was taken from "
    "the workload and not from its pod template.",
    "Kubernetes documentation, Labels and Selectors; bitnami/charts#33068",
    ("P13",),
    needs_all=True,
)

_CHANGING: Mapping[str, str] = {
    "app.kubernetes.io/version": "the version changes with every upgrade",
    "app.kubernetes.io/managed-by": "the tool that installs may change, and says nothing of the pod",
    "helm.sh/chart": "the chart's version changes with every upgrade",
    "heritage": "the tool that installs may change, and says nothing of the pod",
    "pod-template-hash": "the hash changes with every change of the Deployment",
    "controller-revision-hash": "the hash changes with every change of the StatefulSet or DaemonSet",
    "pod-template-generation": "the number changes with every change of the DaemonSet",
    "controller-uid": "the uid is another one whenever the Job is made again",
    "batch.kubernetes.io/controller-uid": "the uid is another one whenever the Job is made again",
}
_CHART = re.compile(r".+-v?[0-9]+\.[0-9]+.*", re.ASCII)


def impossible(subject: Subject) -> Iterator[Remark]:
    """Selectors that contradict themselves."""
    spaces = [
        (of.policy, peer.namespace_selector, peer.origin.at("namespaceSelector") if peer.origin else None)
        for of, peer in subject.peers()
        if peer.namespace_selector is not None
    ]
    for policy, selector, origin in [*subject.selectors(), *spaces]:
        key = impossible_key(selector)
        if key is not None:
            message = f"{selector_text(selector)} matches nothing: no object has such a label {quoted(key)}"
            yield Remark(IMPOSSIBLE, message, origin, policy)


def namespace_by_name_label(subject: Subject) -> Iterator[Remark]:
    """The label `name` of namespaces, where no namespace of the input has it."""
    if any("name" in item.labels for item in subject.manifests.namespaces.values()):
        return
    for of, peer in subject.peers():
        wanted = _wanted(peer.namespace_selector, "name")
        if wanted and peer.namespace_selector:
            message = f"no namespace has the label {selector_text(peer.namespace_selector)} unless somebody sets it"
            yield Remark(NAMESPACE_BY_NAME_LABEL, message, _at(peer, "namespaceSelector"), of.policy)


def namespace_label_of_pod(subject: Subject) -> Iterator[Remark]:
    """The label of namespaces, asked of pods that do not have it either in the input."""
    if any(NAMESPACE_NAME in pod.labels for pod in subject.workloads):
        return
    for policy, selector, origin in subject.selectors():
        if _wanted(selector, NAMESPACE_NAME):
            message = f"no pod has the label {NAMESPACE_NAME}: {selector_text(selector)} selects none"
            yield Remark(NAMESPACE_LABEL_OF_POD, message, origin, policy)


def changing_label(subject: Subject) -> Iterator[Remark]:
    """Labels that do not outlive an upgrade."""
    for policy, selector, origin in subject.selectors():
        for requirement in selector.requirements:
            why = _changes(requirement)
            if why and requirement.operator is Operator.IN:
                message = f"it selects pods by {selector_text(Selector((requirement,)))}: {why}"
                yield Remark(CHANGING_LABEL, message, origin, policy)


def selects_nobody(subject: Subject) -> Iterator[Remark]:
    """Policies and peers that find nobody among the workloads of a namespace that has some."""
    for policy in subject.policies:
        at_home = subject.universe.in_namespace(policy.namespace)
        if at_home and not subject.selected_by(policy) and impossible_key(policy.pod_selector) is None:
            text = f"{selector_text(policy.pod_selector)} selects no workload of namespace {policy.namespace}"
            at = policy.origin.at("spec", "podSelector") if policy.origin else None
            yield Remark(SELECTS_NOBODY, f"{text}, so that it does nothing", at, policy)
    for of, peer in subject.peers():
        if peer.ip_block is None and not subject.selected_as(peer, of.policy.namespace):
            why = _why_nobody(subject, peer, of.policy.namespace)
            if why:
                yield Remark(SELECTS_NOBODY, why, peer.origin, of.policy)


def _why_nobody(subject: Subject, peer: Peer, home: str) -> str:
    """Empty where the input may lack what the peer selects, or another rule says what is wrong."""
    selectors = [item for item in (peer.pod_selector, peer.namespace_selector) if item is not None]
    if any(impossible_key(item) is not None for item in selectors) or not subject.can_tell(peer):
        return ""
    who = peer_text(peer, home)
    if subject.selected_as(Peer(namespace_selector=peer.namespace_selector), home):
        return f"{who}: there are workloads, but none with these labels"
    if peer.namespace_selector is None or not subject.is_whole_cluster:
        return ""
    known = subject.manifests.namespaces.values()
    if any(peer.namespace_selector.matches(item.labels) for item in known):
        return ""
    return f"{who}: there is no such namespace in the input"


def _changes(requirement: Requirement) -> str:
    if requirement.key == "chart" and any(_CHART.fullmatch(value) for value in requirement.values):
        return _CHANGING["helm.sh/chart"]
    return _CHANGING.get(requirement.key, "")


def _wanted(selector: Selector | None, key: str) -> bool:
    """Whether the selector finds only what has the label."""
    found = selector.requirements if selector else ()
    return any(item.key == key and item.operator in (Operator.IN, Operator.EXISTS) for item in found)


def _at(peer: Peer, field: str) -> Origin | None:
    return peer.origin.at(field) if peer.origin else None
