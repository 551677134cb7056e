"""Whom a rule names: lists that read otherwise than they work, and peers that are wider than they look."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from netmatrix.document import Severity
from netmatrix.lint.rule import LintRule, Remark
from netmatrix.lint.subject import RuleOf, Subject
from netmatrix.lint.wording import lets, lets_everybody, peer_text, ports_text, selector_text
from netmatrix.policy.labels import EVERYTHING, NAMESPACE_NAME, Operator, Selector
from netmatrix.policy.objects import Direction, Peer

AND_OR = LintRule(
    "NM601",
    "a namespaceSelector and a podSelector that belong together stand in one list item",
    "Remove the dash before podSelector if both must hold; if either is meant, put the podSelector first.",
    Severity.WARNING,
    "Two list items are added up: every pod of those namespaces, and those pods of the policy's own namespace; one "
    "item with both selectors is those pods in those namespaces.",
    "Kubernetes documentation, Network Policies, Behavior of to and from selectors",
    ("P1",),
)
EMPTY_LIST = LintRule(
    "NM602",
    "a list of peers or ports that is written has an entry",
    "Remove the whole rule if nobody is meant; leave the field out if everybody, or every port, is meant.",
    Severity.WARNING,
    "An empty `from` or `to` is everybody, inside and outside the cluster, and an empty `ports` is every port: the "
    "opposite of what an empty list looks like. Templates render it from an empty value.",
    "Kubernetes API reference, NetworkPolicyIngressRule; huggingface/chat-ui#2492, nais/naiserator#331",
    ("P2",),
)
EVERYBODY = LintRule(
    "NM603",
    "a rule says who is meant",
    "Name the peers; where everybody is meant, acknowledge it.",
    Severity.NOTE,
    "A rule without peers is about everybody: every pod of every namespace, every node, and every address outside.",
    "Kubernetes API reference, NetworkPolicyIngressRule, from: empty or missing matches all sources",
    ("P2",),
)
WHOLE_CLUSTER = LintRule(
    "NM604",
    "a peer is narrower than the whole cluster",
    "Select the namespaces by kubernetes.io/metadata.name; leave namespaceSelector out if the policy's own is meant.",
    Severity.NOTE,
    "`namespaceSelector: {}` is every pod of every namespace, also of those that are created next year; unlike a rule "
    "without peers it is no address outside.",
    "Kubernetes API reference, NetworkPolicyPeer, namespaceSelector: empty selects all namespaces",
    ("P2",),
)
LABEL_ANYWHERE = LintRule(
    "NM605",
    "who may come in is said by namespace and labels",
    "Name the namespaces as well, by kubernetes.io/metadata.name.",
    Severity.NOTE,
    "Whoever may create a pod in any namespace can give it that label and is let in.",
    "Kubernetes API reference, NetworkPolicyPeer; the project's list of pitfalls, P41",
    ("P41",),
)
ONLY_NEGATIVE = LintRule(
    "NM606",
    "a peer says what it is, not only what it is not",
    "Add Exists for the same key, or list with In what is meant.",
    Severity.WARNING,
    "NotIn and DoesNotExist are true of whatever has no such label: what nobody has labelled is let through.",
    "Kubernetes documentation, Labels and Selectors, Set-based requirement",
    ("P10",),
)


def and_or(subject: Subject) -> Iterator[Remark]:
    """Two items where one was probably meant: a namespaceSelector, then a podSelector that finds nobody at home."""
    for of in subject.rules:
        for first, second in pairwise(of.rule.peers):
            if _is_namespaces_alone(first) and _is_pods_alone(second) and not _at_home(subject, of, second):
                home = of.policy.namespace
                whom = f"{peer_text(first, home)}, and also {peer_text(second, home)},"
                yield Remark(AND_OR, f"this is OR: it {lets(of, whom)}", second.origin, of.policy)


def empty_list(subject: Subject) -> Iterator[Remark]:
    """Lists that are written, and empty."""
    for of in subject.rules:
        rule = of.rule
        if not rule.peers and of.peers_field in rule.written:
            at = of.origin.at(of.peers_field) if of.origin else None
            yield Remark(EMPTY_LIST, f"the empty '{of.peers_field}' {lets_everybody(of)}", at, of.policy)
        elif not rule.ports and "ports" in rule.written:
            at = of.origin.at("ports") if of.origin else None
            yield Remark(EMPTY_LIST, "the empty 'ports' opens every port of every protocol", at, of.policy)


def everybody(subject: Subject) -> Iterator[Remark]:
    """Rules without peers."""
    for of in subject.rules:
        if not of.rule.peers and of.peers_field not in of.rule.written:
            yield Remark(EVERYBODY, f"this rule {lets_everybody(of)}", of.origin, of.policy)


def whole_cluster(subject: Subject) -> Iterator[Remark]:
    """Peers that are every pod."""
    for of, peer in subject.peers():
        if peer.namespace_selector == EVERYTHING and peer.pod_selector in (None, EVERYTHING):
            message = f"this peer {lets(of, peer_text(peer, of.policy.namespace))}"
            yield Remark(WHOLE_CLUSTER, message, peer.origin, of.policy)


def label_anywhere(subject: Subject) -> Iterator[Remark]:
    """Sources that a label alone makes: the label can be set in every namespace."""
    for of, peer in subject.peers():
        is_label = peer.namespace_selector == EVERYTHING and peer.pod_selector not in (None, EVERYTHING)
        if is_label and of.direction is Direction.INGRESS:
            message = f"this peer {lets(of, peer_text(peer, of.policy.namespace))}"
            yield Remark(LABEL_ANYWHERE, message, peer.origin, of.policy)


def only_negative(subject: Subject) -> Iterator[Remark]:
    """Peers of which only exclusions are said."""
    for of, peer in subject.peers():
        for field, selector in (("podSelector", peer.pod_selector), ("namespaceSelector", peer.namespace_selector)):
            if selector is not None and _is_only_negative(selector):
                does = "is let in" if of.direction is Direction.INGRESS else "is reached"
                message = f"{selector_text(selector)}: what nobody has labelled {does} too, on {ports_text(of.rule)}"
                yield Remark(ONLY_NEGATIVE, message, peer.origin.at(field) if peer.origin else None, of.policy)


def _is_namespaces_alone(peer: Peer) -> bool:
    return peer.pod_selector is None and bool(peer.namespace_selector and peer.namespace_selector.requirements)


def _is_pods_alone(peer: Peer) -> bool:
    return peer.namespace_selector is None and bool(peer.pod_selector and peer.pod_selector.requirements)


def _at_home(subject: Subject, of: RuleOf, peer: Peer) -> bool:
    """Whether the input has such pods in the policy's own namespace, so that the peer makes sense by itself."""
    return bool(subject.selected_as(peer, of.policy.namespace))


def _is_only_negative(selector: Selector) -> bool:
    """Every namespace has its name as a label, so that to exclude names leaves out nothing by accident."""
    negative = (Operator.NOT_IN, Operator.DOES_NOT_EXIST)
    found = selector.requirements
    return bool(found) and all(item.operator in negative and item.key != NAMESPACE_NAME for item in found)
