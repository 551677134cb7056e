"""Ranges of pods, Services and nodes: those that a row for the Internet would reach are taken out, by the object that
tells them; what nobody tells is a question.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netmatrix.matrix.model import Matrix
from tests.discover.clusters import (
    API_SLICE,
    PLAIN,
    RANGES,
    SOMEBODY,
    config_map,
    learned,
    node,
    pod,
    question,
    service,
    slice_of,
    text_of,
    thing,
    without,
)

Excepts = dict[str, str]
K3S = {"annotations": {"k3s.io/node-args": '["server", "--cluster-cidr=11.0.0.0/16", "--service-cidr", "12.0.0.0/16"]'}}


def excepts(tmp_path: Path, matrix: Matrix, *objects: dict[str, Any], endpoint: str = "internet") -> Excepts:
    values = learned(tmp_path, matrix, *objects).values()["endpoints"]
    taken: Excepts = values.get(endpoint, {}).get("additionalExcept", {})
    return taken


def kubeadm(pods: str, services: str = "10.96.0.0/12") -> dict[str, Any]:
    text = f'networking: {{podSubnet: "{pods}", serviceSubnet: "{services}"}}\n'
    return config_map("kubeadm-config", {"ClusterConfiguration": text})


def program(name: str, *arguments: str) -> dict[str, Any]:
    return pod(name, "kube-system", {"component": name}, hostNetwork=True, containers=[{"command": [name, *arguments]}])


def test_private_ranges_need_nothing(tmp_path: Path, matrix: Matrix) -> None:
    found = learned(tmp_path, matrix, *PLAIN)
    assert "internet" not in found.values()["endpoints"]
    assert "Pods: 10.244.0.0/16 (ConfigMap kube-system/kubeadm-config" in text_of(found)


@pytest.mark.parametrize(
    ("source", "taken"),
    [
        ([kubeadm("11.0.0.0/16", "12.0.0.0/16")], {"pods": "11.0.0.0/16", "services": "12.0.0.0/16"}),
        ([program("kube-apiserver", "--service-cluster-ip-range=12.0.0.0/16")], {"services": "12.0.0.0/16"}),
        ([program("kube-controller-manager", "--cluster-cidr", "11.0.0.0/16")], {"pods": "11.0.0.0/16"}),
        (
            [thing("ServiceCIDR", "kubernetes", version="networking.k8s.io/v1", spec={"cidrs": ["12.0.0.0/16"]})],
            {"services": "12.0.0.0/16"},
        ),
        *(
            ([thing("IPPool", "p", version=version, spec={"cidr": "11.0.0.0/16"})], {"pods": "11.0.0.0/16"})
            for version in ("crd.projectcalico.org/v1", "projectcalico.org/v3")
        ),
        ([config_map("cilium-config", {"cluster-pool-ipv4-cidr": "11.0.0.0/16"})], {"pods": "11.0.0.0/16"}),
        (
            [thing("CiliumNode", "n", version="cilium.io/v2", spec={"ipam": {"podCIDRs": ["11.0.0.0/24"]}})],
            {"pods": "11.0.0.0/24"},
        ),
        (
            [config_map("kube-flannel-cfg", {"net-conf.json": '{"Network": "11.0.0.0/16"}'}, "kube-flannel")],
            {"pods": "11.0.0.0/16"},
        ),
        (
            [
                thing(
                    "Network",
                    "cluster",
                    version="config.openshift.io/v1",
                    status={"clusterNetwork": [{"cidr": "11.0.0.0/14"}], "serviceNetwork": ["12.0.0.0/16"]},
                )
            ],
            {"pods": "11.0.0.0/14", "services": "12.0.0.0/16"},
        ),
        ([node("s", version="v1.33.1+k3s1", **K3S)], {"pods": "11.0.0.0/16", "services": "12.0.0.0/16"}),
        ([node("s", podCIDRs=["11.0.0.0/25", "11.0.0.128/25"])], {"pods": "11.0.0.0/24"}),
    ],
    ids=[
        *("kubeadm", "apiserver", "controller-manager", "servicecidr", "calico", "calico-v3", "cilium", "ciliumnode"),
        *("flannel", "openshift", "k3s", "nodes"),
    ],
)
def test_a_range_outside_is_taken_out_whoever_tells_it(
    source: list[dict[str, Any]], taken: Excepts, tmp_path: Path, matrix: Matrix
) -> None:
    found = excepts(tmp_path, matrix, *without(RANGES), *source)
    assert found == taken


def test_nodes_shares_inside_of_a_whole_range_are_not_written_beside_it(tmp_path: Path, matrix: Matrix) -> None:
    shares = node("s", podCIDRs=["11.0.7.0/24"])
    found = learned(tmp_path, matrix, *without(RANGES), kubeadm("11.0.0.0/16"), shares)
    assert found.values()["endpoints"]["internet"]["additionalExcept"] == {"pods": "11.0.0.0/16"}
    assert found.questions == ()


def test_of_nodes_shares_alone_the_whole_stays_a_question(tmp_path: Path, matrix: Matrix) -> None:
    found = learned(tmp_path, matrix, *without(RANGES), node("s", podCIDRs=["11.0.7.0/24"]))
    assert "Only those of today's nodes are taken out" in question(found, "range-pods").text


def test_a_share_of_what_is_nobodys_internet_is_taken_out_with_all_of_that(tmp_path: Path, matrix: Matrix) -> None:
    found = learned(tmp_path, matrix, *without(RANGES), node("s", podCIDRs=["100.70.7.0/24"]), kubeadm(""))
    assert found.values()["endpoints"]["internet"]["additionalExcept"] == {"shared-address-space": "100.64.0.0/10"}


def test_one_pod_in_the_shared_address_space_takes_all_of_it_out(tmp_path: Path, matrix: Matrix) -> None:
    """EKS: no object tells the range of the pods, and RFC 6598's is nobody's Internet."""
    stray = pod("a", "elsewhere", {}, "100.64.3.4")
    assert excepts(tmp_path, matrix, *PLAIN, stray) == {"shared-address-space": "100.64.0.0/10"}


def test_pods_at_public_addresses_are_taken_out_one_by_one_and_their_range_asked_for(
    tmp_path: Path, matrix: Matrix
) -> None:
    found = learned(
        tmp_path, matrix, *PLAIN, pod("a", "elsewhere", {}, "11.2.3.4"), pod("b", "elsewhere", {}, "11.2.3.5")
    )
    taken = found.values()["endpoints"]["internet"]["additionalExcept"]
    assert taken == {"pods": "11.2.3.4/32", "pods-2": "11.2.3.5/32"}
    assert "11.2.3.4, 11.2.3.5: outside" in question(found, "range-pods").text


def test_pods_of_the_hosts_network_have_no_address_of_their_own(tmp_path: Path, matrix: Matrix) -> None:
    assert excepts(tmp_path, matrix, *PLAIN, pod("a", "elsewhere", {}, "11.2.3.4", hostNetwork=True)) == {}


def test_nodes_with_public_addresses_are_taken_out_and_their_range_asked_for(tmp_path: Path, matrix: Matrix) -> None:
    found = learned(tmp_path, matrix, *PLAIN, node("p", "192.0.2.10", "2001:db8::10"))
    endpoints = found.values()["endpoints"]
    assert endpoints["internet"]["additionalExcept"] == {"nodes": "192.0.2.10/32"}
    assert endpoints["internet-ipv6"]["additionalExcept"] == {"nodes": "2001:db8::10/128"}
    assert "192.0.2.10, 2001:db8::10: outside" in question(found, "range-nodes").text


def test_a_public_api_server_is_taken_out_and_leaves_nothing_open(tmp_path: Path, matrix: Matrix) -> None:
    found = learned(tmp_path, matrix, *without(API_SLICE), slice_of("kubernetes", "default", "203.0.113.9"))
    assert found.values()["endpoints"]["internet"]["additionalExcept"] == {"api-server": "203.0.113.9/32"}
    assert found.questions == ()


def test_many_addresses_without_a_range_are_not_all_written(tmp_path: Path, matrix: Matrix) -> None:
    nodes = [node(f"n{at}", f"11.0.0.{at}") for at in range(1, 41)]
    found = learned(tmp_path, matrix, *PLAIN, *nodes)
    assert len(found.values()["endpoints"]["internet"]["additionalExcept"]) == 8
    asked = question(found, "range-nodes").text
    assert "11.0.0.3 and 37 more: outside" in asked
    assert "Only 8 of them are taken out" in asked


def test_more_ranges_than_values_hold_are_a_question(tmp_path: Path, matrix: Matrix) -> None:
    nodes = [node(f"n{at}", podCIDRs=[f"11.{2 * at}.0.0/24"]) for at in range(40)]
    found = learned(tmp_path, matrix, *without(RANGES), *nodes)
    assert len(found.values()["endpoints"]["internet"]["additionalExcept"]) == 24
    assert "more than 24 ranges" in question(found, "range-many").text


def test_nodes_that_are_on_the_internet_too_are_told(tmp_path: Path, matrix: Matrix) -> None:
    public = node("p")
    for address in ("203.0.113.44", "10.99.0.1"):
        public["status"]["addresses"].append({"type": "ExternalIP", "address": address})
    found = learned(tmp_path, matrix, *PLAIN, public)
    assert "1 address on the Internet too, which its rows reach: 203.0.113.44" in text_of(found)
    assert "internet" not in found.values()["endpoints"]


def test_services_outside_of_every_known_range_are_a_question(tmp_path: Path, matrix: Matrix) -> None:
    stray = service("web", "elsewhere", "34.118.225.9", {"app": "web"}, {"port": 80})
    found = learned(tmp_path, matrix, *PLAIN, stray)
    assert found.values()["endpoints"]["internet"]["additionalExcept"] == {"services": "34.118.225.9/32"}
    assert "34.118.225.9" in question(found, "range-services").text


def test_ipv6_ranges_are_taken_out_of_what_is_open_in_ipv6(tmp_path: Path, matrix: Matrix) -> None:
    both = kubeadm("10.244.0.0/16,2001:db8:42::/56", "fd00:10:96::/112")
    found = learned(tmp_path, matrix, *without(RANGES), both)
    assert found.values()["endpoints"]["internet-ipv6"] == {"additionalExcept": {"pods": "2001:db8:42::/56"}}
    assert "internet" not in found.values()["endpoints"]


def test_a_range_as_wide_as_the_internet_is_no_exception(tmp_path: Path, matrix: Matrix) -> None:
    found = learned(tmp_path, matrix, *without(RANGES), kubeadm("0.0.0.0/0", "12.0.0.0/16"))
    assert "do pods have addresses of all of 0.0.0.0/0" in question(found, "range-too-wide").text
    assert found.values()["endpoints"]["internet"] == {"additionalExcept": {"services": "12.0.0.0/16"}}


def test_a_setting_that_cannot_be_read_is_told_and_not_taken_for_nothing(tmp_path: Path, matrix: Matrix) -> None:
    broken = config_map("kubeadm-config", {"ClusterConfiguration": "networking: {podSubnet: [\n"})
    assert "Not read: what ConfigMap kube-system/kubeadm-config holds is no YAML" in text_of(
        learned(tmp_path, matrix, *without(RANGES), broken)
    )


def test_what_nobody_tells_is_a_question_with_the_reason(tmp_path: Path, matrix: Matrix) -> None:
    found = learned(tmp_path, matrix, *[item for item in without(RANGES, SOMEBODY) if item["kind"] != "Node"])
    assert question(found, "range-pods").text.endswith("there is no object of kind Pod in the dump.")
    assert question(found, "range-nodes").text.endswith("there is no object of kind Node in the dump.")


@pytest.mark.parametrize(
    ("provider", "taken"),
    [
        ("azure:///subscriptions/x", {"azure-wire-server": "168.63.129.16/32"}),
        ("aws:///eu-west-1a/i-1", {"link-local": "169.254.0.0/16"}),
        ("gce://p/z/n", {}),
    ],
)
def test_what_a_platform_offers_every_pod_is_taken_out(
    provider: str, taken: Excepts, tmp_path: Path, matrix: Matrix
) -> None:
    assert excepts(tmp_path, matrix, *PLAIN, node("p", providerID=provider)) == taken


def test_custom_networking_asks_for_the_subnets_by_their_ids(tmp_path: Path, matrix: Matrix) -> None:
    eni = thing("ENIConfig", "a", version="crd.k8s.amazonaws.com/v1alpha1", spec={"subnet": "subnet-1"})
    asked = question(learned(tmp_path, matrix, *PLAIN, eni), "range-subnets")
    assert asked.answer == "`aws ec2 describe-subnets --query 'Subnets[].CidrBlock' --subnet-ids subnet-1`"
