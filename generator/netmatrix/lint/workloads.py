"""Policies against the workloads of the input: whom nobody isolates, and whom no policy can hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from netmatrix.document import Severity
from netmatrix.lint.rule import LintRule, Remark
from netmatrix.lint.subject import SYSTEM_NAMESPACE, Subject
from netmatrix.lint.wording import counted, listed, peer_text, selector_text
from netmatrix.policy import Workload
from netmatrix.policy.bits import Bits, members, without
from netmatrix.policy.labels import Operator
from netmatrix.policy.objects import Direction, Peer
from netmatrix.policy.semantics import isolates, selected_pods

NOT_ISOLATED = LintRule(
    "NM670",
    "every workload is isolated, in both directions",
    "Add a policy with podSelector: {} and both policyTypes, without rules, to the namespace.",
    Severity.NOTE,
    "A pod that no policy selects for a direction is open in it, to everybody.",
    "Kubernetes documentation, Network Policies, The two sorts of pod isolation; Default policies",
    ("P12",),
    needs_all=True,
)
HOST_NETWORK = LintRule(
    "NM671",
    "selectors find pods with a network of their own",
    "Name the nodes' addresses in an ipBlock, or take the pod off the host's network.",
    Severity.WARNING,
    "Pods on the host's network have the node's address: most network plugins neither restrict them nor recognise them "
    "as peers.",
    "Kubernetes documentation, Network Policies, NetworkPolicy and hostNetwork pods; kubernetes/kubernetes#112467",
    ("P27",),
)
CONTROL_PLANE = LintRule(
    "NM672",
    "the control plane is named by address",
    "Write an ipBlock with the addresses and ports of the `kubernetes` EndpointSlice in namespace default.",
    Severity.WARNING,
    "The API server and its neighbours run on the host's network, or outside the cluster: no selector of pods matches "
    "them.",
    "cert-manager/cert-manager#5788, cozystack/cozystack#2773",
    ("P25",),
)

_CONTROL_PLANE = {
    ("component", "kube-apiserver"),
    ("component", "etcd"),
    ("component", "kube-controller-manager"),
    ("component", "kube-scheduler"),
    ("k8s-app", "kube-apiserver"),
    ("k8s-app", "kube-proxy"),
}


def not_isolated(subject: Subject) -> Iterator[Remark]:
    """Workloads that no policy isolates, told once for a namespace and direction. The system's own is left alone."""
    everybody = [pod for pod in subject.workloads if not pod.host_network and pod.namespace != SYSTEM_NAMESPACE]
    for direction in Direction:
        isolated: Bits = 0
        for policy in subject.policies:
            if isolates(policy, direction):
                isolated |= selected_pods(policy, subject.universe)
        free = without(subject.universe.everyone, isolated)
        open_pods = {id(pod) for group in members(free) for pod in subject.universe.groups[group].members}
        by_namespace: dict[str, list[Workload]] = defaultdict(list)
        for pod in everybody:
            if id(pod) in open_pods:
                by_namespace[pod.namespace].append(pod)
        for namespace, pods in sorted(by_namespace.items()):
            yield _open(namespace, pods, direction)


def host_network(subject: Subject) -> Iterator[Remark]:
    """Selectors that find pods on the host's network and no others."""
    for policy in subject.policies:
        found = subject.selected_by(policy)
        if policy.pod_selector.requirements and _all_on_host(found):
            at = policy.origin.at("spec", "podSelector") if policy.origin else None
            message = f"it selects {_on_host(found)}: most network plugins do not apply it"
            yield Remark(HOST_NETWORK, message, at, policy)
    for of, peer in subject.peers():
        if peer.ip_block is None:
            found = subject.selected_as(peer, of.policy.namespace)
            if _all_on_host(found) and not _names_control_plane(peer):
                message = f"{peer_text(peer, of.policy.namespace)}: that is {_on_host(found)}, which it does not match"
                yield Remark(HOST_NETWORK, message, peer.origin, of.policy)


def control_plane(subject: Subject) -> Iterator[Remark]:
    """Peers that select parts of the control plane, where the input has no such pods with a network of their own."""
    for of, peer in subject.peers():
        if _names_control_plane(peer) and peer.pod_selector is not None:
            found = subject.selected_as(peer, of.policy.namespace)
            if not found or _all_on_host(found):
                message = f"{selector_text(peer.pod_selector)} matches no pod with a network of its own"
                yield Remark(CONTROL_PLANE, message, peer.origin, of.policy)


def _open(namespace: str, pods: Sequence[Workload], direction: Direction) -> Remark:
    takes = "take connections from" if direction is Direction.INGRESS else "open connections to"
    if len(pods) == 1:
        takes = takes.replace("take ", "takes ").replace("open ", "opens ")
    names = listed((f"{pod.name} ({pod.kind})" for pod in pods), most=3)
    message = f"{counted(pods, 'workload')} of namespace {namespace} {takes} everybody: no policy selects {names}"
    return Remark(NOT_ISOLATED, f"{message} for {direction.lower()}", pods[0].origin)


def _all_on_host(pods: Sequence[Workload]) -> bool:
    return bool(pods) and all(pod.host_network for pod in pods)


def _on_host(pods: Sequence[Workload]) -> str:
    return f"{listed(pods, most=3)}, on the host's network"


def _names_control_plane(peer: Peer) -> bool:
    found = peer.pod_selector.requirements if peer.pod_selector else ()
    return any(
        item.operator is Operator.IN and any((item.key, value) in _CONTROL_PLANE for value in item.values)
        for item in found
    )
