"""The network plugins that are known: how each is recognised, and what its documentation says of policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from netmatrix.cluster import Item, Snapshot
from netmatrix.discover import objects
from netmatrix.discover.settings import config_map
from netmatrix.discover.wanted import SYSTEM


class Answer(StrEnum):
    """What is known of a plugin in this cluster."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Enforcement:
    """Whether a plugin enforces NetworkPolicies here, and why that is known or not."""

    answer: Answer
    why: str


Judge = Callable[[Item, Snapshot], Enforcement]


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin: a label that its pods carry, with its values, and what it makes of policies.

    `matches_pods`: whether an ipBlock matches a pod's address. UNKNOWN where its documentation does not tell.
    """

    name: str
    label: str
    values: frozenset[str]
    judge: Judge
    matches_pods: Answer
    why: str
    remark: str = ""
    """What else its users must know of ipBlocks."""


def recognised(snapshot: Snapshot) -> list[tuple[Plugin, Item]]:
    """The plugins whose DaemonSets are in the cluster, or, where those may not be listed, whose pods are."""
    template: tuple[str, ...] = ("spec", "template")
    carriers = [(item, template) for item in snapshot.all("DaemonSet", group="apps")]
    if not carriers:
        carriers = [(item, ()) for item in snapshot.all("Pod", namespace=SYSTEM)]
    found: dict[str, tuple[Plugin, Item]] = {}
    for item, pod in carriers:
        scheduled = objects.number(item, "status", "desiredNumberScheduled")
        # A label alone is anybody's: the agents of all of them run in their hosts' network.
        if scheduled == 0 or not objects.flag(item, *pod, "spec", "hostNetwork"):
            continue
        carried = objects.labels(item, *pod, "metadata", "labels")
        for plugin in PLUGINS:
            if carried.get(plugin.label) in plugin.values:
                found.setdefault(plugin.name, (plugin, item))
    return list(found.values())


def _always(why: str) -> Judge:
    return lambda _item, _snapshot: Enforcement(Answer.YES, why)


def _never(why: str) -> Judge:
    return lambda _item, _snapshot: Enforcement(Answer.NO, why)


def _cilium(_item: Item, snapshot: Snapshot) -> Enforcement:
    """`enable-policy: never` switches it off (Cilium documentation, Policy Enforcement Modes)."""
    kept = config_map(snapshot, SYSTEM, "cilium-config")
    mode = objects.text(kept, "data", "enable-policy") if kept is not None else ""
    if mode == "never":
        return Enforcement(Answer.NO, "enable-policy is never in ConfigMap kube-system/cilium-config")
    return Enforcement(Answer.YES, f"enable-policy is {mode}" if mode else "as it does unless told otherwise")


def _kube_router(item: Item, _snapshot: Snapshot) -> Enforcement:
    """`--run-firewall` "Enables Network Policy", true unless given (kube-router's user guide)."""
    for line in _command_lines(item):
        given = objects.option(line, "run-firewall")
        if given is not None and given.lower() in ("false", "f", "0"):
            return Enforcement(Answer.NO, "it runs with --run-firewall=false")
    return Enforcement(Answer.YES, "--run-firewall is not switched off")


def _kindnet(item: Item, _snapshot: Snapshot) -> Enforcement:
    """kindnetd enforces from kind 0.24, whose image is v20240813 (kind's release notes 0.24.0, kind#842)."""
    for path in _containers(item):
        tag = objects.text(item, *path, "image").partition("@")[0].rpartition(":")[2]
        date = tag.removeprefix("v").partition("-")[0]
        if tag.startswith("v") and len(date) == 8 and date.isdigit():
            answer = Answer.YES if date >= "20240813" else Answer.NO
            return Enforcement(answer, f"its image is of {date}; images from 20240813 (kind 0.24) enforce")
    return Enforcement(Answer.UNKNOWN, "its image does not tell of what day it is; those from kind 0.24 enforce")


def _aws(item: Item, snapshot: Snapshot) -> Enforcement:
    """The agent's `--enable-network-policy`, or `enable-network-policy-controller` of EKS Auto Mode's ConfigMap (EKS
    documentation, Limit Pod traffic with Kubernetes network policies; Use Network Policies with EKS Auto Mode)."""
    for line in _command_lines(item):
        given = objects.option(line, "enable-network-policy")
        if given is not None:
            return Enforcement(
                Answer.YES if given == "true" else Answer.NO, f"its agent runs with --enable-network-policy={given}"
            )
    kept = config_map(snapshot, SYSTEM, "amazon-vpc-cni")
    if kept is not None and objects.text(kept, "data", "enable-network-policy-controller") == "true":
        return Enforcement(
            Answer.YES, "enable-network-policy-controller is true in ConfigMap kube-system/amazon-vpc-cni"
        )
    return Enforcement(Answer.UNKNOWN, "no container of it has --enable-network-policy, which it needs to enforce")


def _containers(item: Item) -> list[tuple[objects.Path, ...]]:
    at: tuple[objects.Path, ...] = ("spec", "template", "spec") if item.kind == "DaemonSet" else ("spec",)
    return list(objects.containers(item, *at))


def _command_lines(item: Item) -> list[list[str]]:
    return [objects.arguments(item, *path) for path in _containers(item)]


_YES, _NO, _UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
_SAME_TABLES = "it matches addresses, whoever has them"


def _plugin(
    name: str, label: str, values: str, judge: Judge, matches_pods: Answer, why: str, remark: str = ""
) -> Plugin:
    return Plugin(name, label, frozenset(values.split()), judge, matches_pods, why, remark)


PLUGINS: tuple[Plugin, ...] = (
    _plugin(
        "Cilium",
        "k8s-app",
        "cilium",
        _cilium,
        _NO,
        "a range matches no address that is an endpoint's or, unless policy-cidr-match-mode says so, a node's",
        "Nor do they match an API server in the cluster, an entity of its own, which backends.cilium names.",
    ),
    _plugin("Calico", "k8s-app", "calico-node", _always("Felix does"), _YES, _SAME_TABLES),
    _plugin("Canal (flannel and Calico)", "k8s-app", "canal", _always("its Felix does"), _YES, _SAME_TABLES),
    _plugin("kube-router", "k8s-app", "kube-router", _kube_router, _YES, _SAME_TABLES),
    _plugin("kindnet", "app", "kindnet", _kindnet, _YES, _SAME_TABLES),
    _plugin("Amazon VPC CNI", "k8s-app", "aws-node", _aws, _UNKNOWN, "its documentation does not tell"),
    _plugin(
        "Azure NPM",
        "k8s-app",
        "azure-npm",
        _always("it is there for that"),
        _UNKNOWN,
        "its documentation does not tell",
    ),
    _plugin("Antrea", "component", "antrea-agent", _always("its agent does"), _YES, _SAME_TABLES),
    _plugin(
        "OVN-Kubernetes", "app", "ovnkube-node ovnkube-control-plane", _always("it always does"), _YES, _SAME_TABLES
    ),
    _plugin(
        "OpenShift SDN",
        "app",
        "sdn",
        _always("as its mode NetworkPolicy does"),
        _UNKNOWN,
        "its documentation does not tell",
    ),
    _plugin(
        "Weave Net", "name", "weave-net", _always("its weave-npc does"), _UNKNOWN, "its documentation does not tell"
    ),
    _plugin(
        "flannel",
        "app",
        "flannel",
        _never("it 'is focused on networking' and leaves policies to others"),
        _UNKNOWN,
        "it has none",
    ),
)
"""By the labels of the manifests that each project publishes; whether ipBlocks match pods, by reference 1, D8 (Cilium:
docs.cilium.io, Network Policy, "ipBlock"; the others use the sets of addresses of the node's own tables)."""
