"""The network plugin: by which label it is recognised, and what its own settings say of policies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netmatrix.matrix.model import Matrix
from tests.discover.clusters import CALICO, config_map, daemon, learned, node, pod, question, text_of, without

BARE = without(CALICO)
KINDNETD = "docker.io/kindest/kindnetd:v{}-f00"


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ([daemon("calico-node", {"k8s-app": "calico-node"})], "Calico (DaemonSet kube-system/calico-node) enforces"),
        ([daemon("rke2-canal", {"k8s-app": "canal"})], "Canal (flannel and Calico) (DaemonSet kube-system/rke2-c"),
        ([daemon("cilium", {"k8s-app": "cilium"})], "Cilium (DaemonSet kube-system/cilium) enforces policies"),
        (
            [daemon("kube-router", {"k8s-app": "kube-router"}, "--run-router=true")],
            "kube-router (DaemonSet kube-system",
        ),
        ([daemon("kindnet", {"app": "kindnet"}, image=KINDNETD.format("20240813"))], "kindnet (DaemonSet kube-system"),
        ([daemon("aws-node", {"k8s-app": "aws-node"}, "--enable-network-policy=true")], "Amazon VPC CNI (DaemonSet ku"),
        ([daemon("ovnkube-node", {"app": "ovnkube-node"})], "OVN-Kubernetes (DaemonSet kube-system/ovnkube-node) enf"),
        ([daemon("antrea-agent", {"component": "antrea-agent"})], "Antrea (DaemonSet kube-system/antrea-agent) enfor"),
        ([daemon("weave-net", {"name": "weave-net"})], "Weave Net (DaemonSet kube-system/weave-net) enforces polici"),
        ([daemon("azure-npm", {"k8s-app": "azure-npm"})], "Azure NPM (DaemonSet kube-system/azure-npm) enforces poli"),
        (
            [daemon("flannel", {"app": "flannel"}), daemon("calico-node", {"k8s-app": "calico-node"})],
            "Calico (DaemonSet kube-system/calico-node) enforces",
        ),
        (
            [
                daemon("aws-node", {"k8s-app": "aws-node"}),
                config_map("amazon-vpc-cni", {"enable-network-policy-controller": "true"}),
            ],
            "enable-network-policy-controller is true",
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
            [daemon("cilium", {"k8s-app": "cilium"}), config_map("cilium-config", {"enable-policy": "never"})],
            "Cilium (DaemonSet kube-system/cilium) ENFORCES NO POLICIES",
        ),
        ([daemon("kube-router", {"k8s-app": "kube-router"}, "--run-firewall=false")], "ENFORCES NO POLICIES: it runs"),
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
    found = learned(tmp_path, matrix, *BARE, daemon("weave-net", {"name": "weave-net"}))
    assert "do the ipBlocks of Weave Net match pods' addresses?" in question(found, "plugin-ipblocks").text
