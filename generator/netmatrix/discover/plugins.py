"""The network plugins that are known: how each is recognised, and what its documentation says of policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from netmatrix.cluster import Item, Reason, Snapshot
from netmatrix.discover import objects
from netmatrix.discover.settings import config_map
from netmatrix.discover.wanted import CILIUM, NODE_CONFIG, OPENSHIFT_SDN, SYSTEM


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


_ENFORCING = ("enable-policy", "policy-audit-mode", "enable-k8s-networkpolicy")
"""Cilium's settings that decide whether it enforces NetworkPolicies."""

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


def _cilium(item: Item, snapshot: Snapshot) -> Enforcement:
    """What its ConfigMap or its command line says; unread, it may say that nothing is enforced.

    `enable-policy: never` switches policies off (Cilium documentation, Policy Enforcement Modes), `policy-audit-mode`
    lets through what they deny (Creating Policies from Verdicts), and without `enable-k8s-networkpolicy`, which is on
    where it is not given, NetworkPolicies are not watched (Helm reference, k8sNetworkPolicy.enabled). For some nodes a
    CiliumNodeConfig in the agent's namespace may say otherwise (Cilium documentation, Per-node configuration).
    """
    kept = config_map(snapshot, item.namespace, "cilium-config")
    where = f"ConfigMap {item.namespace}/cilium-config or its arguments"
    if kept is None:
        return Enforcement(
            Answer.UNKNOWN, f"ConfigMap {item.namespace}/cilium-config, which may switch that off, was not read"
        )

    def said(name: str) -> str:
        given = _given(item, name)
        return given[-1] if given else objects.text(kept, "data", name)

    mode = said("enable-policy")
    if mode == "never":
        return Enforcement(Answer.NO, f"enable-policy is never in {where}")
    if _is_true(said("policy-audit-mode")):
        return Enforcement(Answer.NO, f"policy-audit-mode is on in {where}: what policies deny is let through")
    if said("enable-k8s-networkpolicy") and not _is_true(said("enable-k8s-networkpolicy")):
        return Enforcement(Answer.NO, f"enable-k8s-networkpolicy is off in {where}")
    if mode not in ("", "default", "always"):
        return Enforcement(Answer.UNKNOWN, f"enable-policy is {mode} in {where}, which its documentation does not know")
    if (for_nodes := _settings_of_nodes(item, snapshot)) is not None:
        return Enforcement(Answer.UNKNOWN, for_nodes)
    return Enforcement(Answer.YES, f"enable-policy is {mode or 'default, which is what it is unless given'}")


def _settings_of_nodes(item: Item, snapshot: Snapshot) -> str | None:
    """What of Cilium's enforcement may be another on some nodes; None where nothing is known to be."""
    missing = snapshot.why_not(NODE_CONFIG, group=CILIUM, namespace=item.namespace)
    if missing is not None and missing.reason in (Reason.FORBIDDEN, Reason.FAILED):
        return f"{NODE_CONFIG}s, which may switch that off for some nodes, were not read"
    for config in snapshot.all(NODE_CONFIG, group=CILIUM, namespace=item.namespace):
        for name in _ENFORCING:
            if name in objects.mapping(config, "spec", "defaults"):
                return f"{config} sets {name} for some nodes"
    return None


def _calico(item: Item, _snapshot: Snapshot) -> Enforcement:
    """Felix takes policies from the Kubernetes API, and from etcd only those that the policy controller of
    calico-kube-controllers brings there (Calico documentation, Configuring the Calico Kubernetes controllers)."""
    variables = _environment(item)
    if "ETCD_ENDPOINTS" in variables or variables.get("DATASTORE_TYPE") == "etcdv3":
        return Enforcement(Answer.UNKNOWN, "it keeps its data in etcd, where a controller of its own brings policies")
    return Enforcement(Answer.YES, "Felix does")


def _kube_router(item: Item, _snapshot: Snapshot) -> Enforcement:
    """`--run-firewall` "Enables Network Policy", true unless given (kube-router's user guide)."""
    if _is_switched_off(item, "run-firewall"):
        return Enforcement(Answer.NO, "it runs with --run-firewall=false")
    return Enforcement(Answer.YES, "--run-firewall is not switched off")


def _kindnet(item: Item, _snapshot: Snapshot) -> Enforcement:
    """kindnetd enforces from kind 0.24, whose image is v20240813 (kind's release notes 0.24.0, kind#842).

    `--network-policy` is an option of the one that is published on its own (its install-kindnet.yaml).
    """
    if _is_switched_off(item, "network-policy"):
        return Enforcement(Answer.NO, "it runs with --network-policy=false")
    for path in _containers(item):
        tag = objects.text(item, *path, "image").partition("@")[0].rpartition(":")[2]
        date = tag.removeprefix("v").partition("-")[0]
        if tag.startswith("v") and len(date) == 8 and date.isdigit():
            answer = Answer.YES if date >= "20240813" else Answer.NO
            return Enforcement(answer, f"its image is of {date}; images from 20240813 (kind 0.24) enforce")
    return Enforcement(Answer.UNKNOWN, "its image does not tell of what day it is; those from kind 0.24 enforce")


def _aws(item: Item, snapshot: Snapshot) -> Enforcement:
    """Its agent and the controller, which each are switched on: `--enable-network-policy` of the DaemonSet, and
    `enable-network-policy-controller` of the ConfigMap (EKS documentation, Restrict Pod network traffic with Kubernetes
    network policies, which also tells of NETWORK_POLICY_ENFORCING_MODE)."""
    given = [found for found in _given(item, "enable-network-policy") if found]
    if not given:
        return Enforcement(Answer.UNKNOWN, "no container of it has --enable-network-policy, which it needs to enforce")
    if given[-1] != "true":
        return Enforcement(Answer.NO, f"its agent runs with --enable-network-policy={given[-1]}")
    kept = config_map(snapshot, SYSTEM, "amazon-vpc-cni")
    where = f"ConfigMap {SYSTEM}/amazon-vpc-cni"
    if kept is None:
        return Enforcement(Answer.UNKNOWN, f"its agent is on, and {where}, which switches its controller on, not read")
    if objects.text(kept, "data", "enable-network-policy-controller") != "true":
        return Enforcement(Answer.UNKNOWN, f"its agent is on, and enable-network-policy-controller not, in {where}")
    strict = _environment(item).get("NETWORK_POLICY_ENFORCING_MODE") == "strict"
    meanwhile = "closed" if strict else "open"
    return Enforcement(Answer.YES, f"its agent and its controller are on; until they know a new pod it is {meanwhile}")


def _openshift_sdn(_item: Item, snapshot: Snapshot) -> Enforcement:
    """In its mode NetworkPolicy alone, the default, told by `pluginName` of its ClusterNetwork (OpenShift
    documentation, About the OpenShift SDN network plugin; ClusterNetwork [network.openshift.io/v1])."""
    kept = snapshot.one("ClusterNetwork", "default", group=OPENSHIFT_SDN)
    name = objects.text(kept, "pluginName") if kept is not None else ""
    if not name:
        return Enforcement(Answer.UNKNOWN, "in its mode NetworkPolicy, and no ClusterNetwork tells in which one it is")
    answer = Answer.YES if name.rpartition("/")[2] == "openshift-ovs-networkpolicy" else Answer.NO
    return Enforcement(answer, f"pluginName is {name} in ClusterNetwork default")


def _weave(item: Item, _snapshot: Snapshot) -> Enforcement:
    """Its container weave-npc, unless EXPECT_NPC is 0 (Weave Net documentation, Integrating Kubernetes)."""
    if _environment(item).get("EXPECT_NPC") == "0":
        return Enforcement(Answer.NO, "EXPECT_NPC is 0")
    if "weave-npc" not in _names(item):
        return Enforcement(Answer.UNKNOWN, "it has no container weave-npc, which does")
    return Enforcement(Answer.YES, "its weave-npc does")


def _flannel(item: Item, _snapshot: Snapshot) -> Enforcement:
    """It leaves policies to others; one may be a container of its pods (flannel documentation, Network policy
    controller)."""
    if "kube-network-policies" in _names(item):
        return Enforcement(Answer.YES, "kube-network-policies runs in its pods")
    return Enforcement(Answer.NO, "it 'is focused on networking' and leaves policies to others")


def _containers(item: Item) -> list[tuple[objects.Path, ...]]:
    at: tuple[objects.Path, ...] = ("spec", "template", "spec") if item.kind == "DaemonSet" else ("spec",)
    return list(objects.containers(item, *at))


def _given(item: Item, name: str) -> list[str]:
    """What an option is on the command line of each container that has it."""
    lines = (objects.arguments(item, *path) for path in _containers(item))
    return [found for line in lines if (found := objects.option(line, name)) is not None]


def _is_switched_off(item: Item, name: str) -> bool:
    return any(given.lower() in ("false", "f", "0") for given in _given(item, name))


def _environment(item: Item) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in _containers(item):
        found |= objects.environment(item, *path)
    return found


def _names(item: Item) -> list[str]:
    return [objects.text(item, *path, "name") for path in _containers(item)]


def _is_true(written: str) -> bool:
    """As Go's strconv.ParseBool takes it."""
    return written in ("1", "t", "T", "true", "TRUE", "True")


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
    _plugin("Calico", "k8s-app", "calico-node", _calico, _YES, _SAME_TABLES),
    _plugin("Canal (flannel and Calico)", "k8s-app", "canal", _calico, _YES, _SAME_TABLES),
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
    _plugin(
        "Antrea", "component", "antrea-agent", _always("its agent does, whatever its feature gates"), _YES, _SAME_TABLES
    ),
    _plugin(
        "OVN-Kubernetes", "app", "ovnkube-node ovnkube-control-plane", _always("it always does"), _YES, _SAME_TABLES
    ),
    _plugin(
        "OpenShift SDN",
        "app",
        "sdn",
        _openshift_sdn,
        _UNKNOWN,
        "its documentation does not tell",
    ),
    _plugin("Weave Net", "name", "weave-net", _weave, _UNKNOWN, "its documentation does not tell"),
    _plugin(
        "flannel",
        "app",
        "flannel",
        _flannel,
        _UNKNOWN,
        "it has none",
    ),
)
"""By the labels of the manifests that each project publishes; whether ipBlocks match pods, by reference 1, D8 (Cilium:
docs.cilium.io, Network Policy, "ipBlock"; the others use the sets of addresses of the node's own tables)."""
