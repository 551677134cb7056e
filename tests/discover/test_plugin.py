"""The network plugin: by which label it is recognised, and what its own settings say of policies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netmatrix.matrix.model import Matrix
from tests.discover.clusters import CALICO, config_map, daemon, learned, node, pod, question, text_of, thing, without

BARE = without(CALICO)
CILIUM = daemon("cilium", {"k8s-app": "cilium"})
AWS = daemon("aws-node", {"k8s-app": "aws-node"}, "--enable-network-policy=true")
AWS_CONTROLLER = config_map("amazon-vpc-cni", {"enable-network-policy-controller": "true"})
WEAVE = daemon("weave-net", {"name": "weave-net"}, container="weave-npc")
SDN = daemon("sdn", {"app": "sdn"})
KINDNETD = "docker.io/kindest/kindnetd:v{}-f00"


ENFORCING, OFF = (config_map("cilium-config", {"enable-policy": mode}) for mode in ("default", "never"))


def node_config(defaults: dict[str, str], namespace: str = "kube-system") -> dict[str, Any]:
    """What Cilium's agents take from it on some nodes."""
    spec = {"nodeSelector": {}, "defaults": defaults}
    return thing("CiliumNodeConfig", "some", namespace, version="cilium.io/v2", spec=spec)


def sdn_mode(name: str) -> dict[str, Any]:
    return thing("ClusterNetwork", "default", version="network.openshift.io/v1", pluginName=name)


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ([daemon("calico-node", {"k8s-app": "calico-node"})], "Calico (DaemonSet kube-system/calico-node) enforces"),
        ([daemon("rke2-canal", {"k8s-app": "canal"})], "Canal (flannel and Calico) (DaemonSet kube-system/rke2-c"),
        (
            [CILIUM, config_map("cilium-config", {"enable-policy": "always", "enable-k8s-networkpolicy": "true"})],
            "Cilium (DaemonSet kube-system/cilium) enforces policies: enable-policy is always",
        ),
        (
            [CILIUM, ENFORCING, node_config({"bpf-lb-acceleration": "native"})],
            "Cilium (DaemonSet kube-system/cilium) enforces policies",
        ),
        (
            [CILIUM, ENFORCING, node_config({"enable-policy": "never"}, namespace="elsewhere")],
            "Cilium (DaemonSet kube-system/cilium) enforces policies",
        ),
        (
            [CILIUM, config_map("cilium-config", {"policy-audit-mode": "false"})],
            "enforces policies: enable-policy is default, which is what it is unless given",
        ),
        (
            [daemon("cilium", {"k8s-app": "cilium"}, namespace="cilium"), config_map("cilium-config", {}, "cilium")],
            "Cilium (DaemonSet cilium/cilium) enforces policies",
        ),
        (
            [daemon("kube-router", {"k8s-app": "kube-router"}, "--run-router=true")],
            "kube-router (DaemonSet kube-system",
        ),
        ([daemon("kindnet", {"app": "kindnet"}, image=KINDNETD.format("20240813"))], "kindnet (DaemonSet kube-system"),
        ([AWS, AWS_CONTROLLER], "Amazon VPC CNI (DaemonSet kube-system/aws-node) enforces policies"),
        ([AWS, AWS_CONTROLLER], "until they know a new pod it is open"),
        (
            [
                daemon(
                    "aws-node",
                    {"k8s-app": "aws-node"},
                    "--enable-network-policy=true",
                    env={"NETWORK_POLICY_ENFORCING_MODE": "strict"},
                ),
                AWS_CONTROLLER,
            ],
            "until they know a new pod it is closed",
        ),
        (
            [SDN, sdn_mode("redhat/openshift-ovs-networkpolicy")],
            "OpenShift SDN (DaemonSet kube-system/sdn) enforces policies: pluginName is redhat/openshift-ovs-networkpo",
        ),
        (
            [daemon("kube-flannel-ds", {"app": "flannel"}, container="kube-network-policies")],
            "flannel (DaemonSet kube-system/kube-flannel-ds) enforces policies: kube-network-policies",
        ),
        ([daemon("ovnkube-node", {"app": "ovnkube-node"})], "OVN-Kubernetes (DaemonSet kube-system/ovnkube-node) enf"),
        ([daemon("antrea-agent", {"component": "antrea-agent"})], "Antrea (DaemonSet kube-system/antrea-agent) enfor"),
        ([WEAVE], "Weave Net (DaemonSet kube-system/weave-net) enforces polici"),
        ([daemon("azure-npm", {"k8s-app": "azure-npm"})], "Azure NPM (DaemonSet kube-system/azure-npm) enforces poli"),
        (
            [daemon("flannel", {"app": "flannel"}), daemon("calico-node", {"k8s-app": "calico-node"})],
            "Calico (DaemonSet kube-system/calico-node) enforces",
        ),
    ],
)
def test_one_that_enforces(objects: list[dict[str, Any]], said: str, tmp_path: Path, matrix: Matrix) -> None:
    found = learned(tmp_path, matrix, *BARE, *objects)
    assert said in text_of(found)
    assert "plugin-enforces" not in [item.id for item in found.questions]


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        (
            [daemon("kube-flannel-ds", {"app": "flannel"})],
            "flannel (DaemonSet kube-system/kube-flannel-ds) ENFORCES NO P",
        ),
        (
            [CILIUM, OFF],
            "Cilium (DaemonSet kube-system/cilium) ENFORCES NO POLICIES: enable-policy is never",
        ),
        (
            [CILIUM, OFF, node_config({"enable-policy": "default"})],
            "Cilium (DaemonSet kube-system/cilium) ENFORCES NO POLICIES: enable-policy is never",
        ),
        (
            [CILIUM, config_map("cilium-config", {"enable-policy": "default", "policy-audit-mode": "true"})],
            "Cilium (DaemonSet kube-system/cilium) ENFORCES NO POLICIES: policy-audit-mode is on",
        ),
        (
            [CILIUM, config_map("cilium-config", {"enable-policy": "default", "enable-k8s-networkpolicy": "false"})],
            "Cilium (DaemonSet kube-system/cilium) ENFORCES NO POLICIES: enable-k8s-networkpolicy is off",
        ),
        (
            [
                daemon("cilium", {"k8s-app": "cilium"}, "--policy-audit-mode=true"),
                config_map("cilium-config", {"policy-audit-mode": "false"}),
            ],
            "Cilium (DaemonSet kube-system/cilium) ENFORCES NO POLICIES: policy-audit-mode is on",
        ),
        ([SDN, sdn_mode("redhat/openshift-ovs-multitenant")], "OpenShift SDN (DaemonSet kube-system/sdn) ENFORCES NO"),
        ([SDN, sdn_mode("redhat/openshift-ovs-subnet")], "OpenShift SDN (DaemonSet kube-system/sdn) ENFORCES NO"),
        (
            [daemon("weave-net", {"name": "weave-net"}, container="weave-npc", env={"EXPECT_NPC": "0"})],
            "Weave Net (DaemonSet kube-system/weave-net) ENFORCES NO POLICIES: EXPECT_NPC is 0",
        ),
        ([daemon("kube-router", {"k8s-app": "kube-router"}, "--run-firewall=false")], "ENFORCES NO POLICIES: it runs"),
        (
            [daemon("kindnet", {"app": "kindnet"}, "--network-policy=false", image=KINDNETD.format("20250101"))],
            "ENFORCES NO POLICIES: it runs with --network-policy=false",
        ),
        ([daemon("kindnet", {"app": "kindnet"}, image=KINDNETD.format("20240726"))], "ENFORCES NO POLICIES: its image"),
        (
            [daemon("aws-node", {"k8s-app": "aws-node"}, "--enable-network-policy=false")],
            "ENFORCES NO POLICIES: its age",
        ),
    ],
)
def test_one_that_enforces_nothing_is_told_loudly_and_asked_about(
    objects: list[dict[str, Any]], said: str, tmp_path: Path, matrix: Matrix
) -> None:
    found = learned(tmp_path, matrix, *BARE, *objects)
    assert said in text_of(found)
    assert "nothing that was found here enforces policies" in question(found, "plugin-enforces").text


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ([], "No DaemonSet of a known one was found"),
        ([daemon("mystery", {"app": "mystery"})], "No DaemonSet of a known one was found."),
        ([daemon("calico-node", {"k8s-app": "calico-node"}, scheduled=0)], "No DaemonSet of a known one was found."),
        (
            [daemon("kindnet", {"app": "kindnet"}, image="mirror/kindnetd@sha256:0")],
            "does kindnet enforce policies here?",
        ),
        ([daemon("aws-node", {"k8s-app": "aws-node"})], "does Amazon VPC CNI enforce policies here?"),
        ([daemon("aws-node", {"k8s-app": "aws-node"}), AWS_CONTROLLER], "does Amazon VPC CNI enforce policies here?"),
        ([AWS], "does Amazon VPC CNI enforce policies here?"),
        ([AWS, config_map("amazon-vpc-cni", {})], "does Amazon VPC CNI enforce policies here?"),
        ([CILIUM], "does Cilium enforce policies here?"),
        ([CILIUM, ENFORCING, node_config({"policy-audit-mode": "true"})], "does Cilium enforce policies here?"),
        ([CILIUM, config_map("cilium-config", {"enable-policy": "sometimes"})], "does Cilium enforce policies here?"),
        (
            [daemon("cilium", {"k8s-app": "cilium"}, namespace="cilium"), config_map("cilium-config", {})],
            "does Cilium enforce policies here?",
        ),
        (
            [daemon("calico-node", {"k8s-app": "calico-node"}, env={"ETCD_ENDPOINTS": ""})],
            "does Calico enforce policies here?",
        ),
        ([SDN], "does OpenShift SDN enforce policies here?"),
        ([daemon("weave-net", {"name": "weave-net"})], "does Weave Net enforce policies here?"),
        ([daemon("somebodys", {"k8s-app": "cilium"}, hostNetwork=False)], "No DaemonSet of a known one was found."),
        ([node("m", labels={"minikube.k8s.io/version": "v1"})], "minikube's default, a bridge, enforces none"),
    ],
)
def test_one_that_is_not_known_to_enforce_stays_a_question(
    objects: list[dict[str, Any]], said: str, tmp_path: Path, matrix: Matrix
) -> None:
    asked = question(learned(tmp_path, matrix, *BARE, *objects), "plugin-enforces")
    assert said in asked.text
    assert "netmatrix probe" in asked.answer


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('["server"]', "k3s' own policy controller (kube-router) enforces policies"),
        ('["server", "--disable-network-policy=false"]', "k3s' own policy controller (kube-router) enforces policies"),
        ('["server", "--disable-network-policy"]', "is switched off by --disable-network-policy"),
        ('["server", "--disable-network-policy", "--tls-san", "x"]', "is switched off by --disable-network-policy"),
    ],
)
def test_k3s_enforces_by_itself_unless_a_server_says_no(line: str, said: str, tmp_path: Path, matrix: Matrix) -> None:
    server = node("s", version="v1.33.1+k3s1", annotations={"k3s.io/node-args": line})
    found = learned(tmp_path, matrix, *BARE, server)
    assert said in text_of(found)
    assert ("plugin-enforces" in [item.id for item in found.questions]) == ("off" in said)


@pytest.mark.parametrize("line", [None, '["agent"]', "not json", '{"server": true}'])
def test_a_k3s_whose_servers_do_not_tell_stays_a_question(line: str | None, tmp_path: Path, matrix: Matrix) -> None:
    annotations = {"k3s.io/node-args": line} if line else {}
    found = learned(tmp_path, matrix, *BARE, node("s", version="v1.33.1+k3s1", annotations=annotations))
    assert "is the policy controller of k3s on?" in question(found, "plugin-enforces").text


def test_pods_stand_in_where_daemon_sets_may_not_be_listed(tmp_path: Path, matrix: Matrix) -> None:
    running = pod("calico-node-x", "kube-system", {"k8s-app": "calico-node"}, hostNetwork=True)
    assert "Calico (Pod kube-system/calico-node-x) enforces" in text_of(learned(tmp_path, matrix, *BARE, running))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"k8s-app": "calico-node"}, "ipBlocks match pods: yes, Calico"),
        ({"k8s-app": "cilium"}, "ipBlocks match pods: no, Cilium"),
        ({"app": "ovnkube-node"}, "ipBlocks match pods: yes, OVN-Kubernetes"),
    ],
)
def test_whether_ip_blocks_match_pods_is_told(
    labels: dict[str, str], said: str, tmp_path: Path, matrix: Matrix
) -> None:
    assert said in text_of(learned(tmp_path, matrix, *BARE, daemon("d", labels)))


def test_whether_ip_blocks_match_pods_is_asked_where_nobody_documents_it(tmp_path: Path, matrix: Matrix) -> None:
    found = learned(tmp_path, matrix, *BARE, WEAVE)
    assert "do the ipBlocks of Weave Net match pods' addresses?" in question(found, "plugin-ipblocks").text
