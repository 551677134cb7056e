"""The name service: whose labels, which port, and the addresses that no selector matches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netmatrix.matrix.model import Matrix
from tests.discover.clusters import (
    DNS,
    PLAIN,
    config_map,
    daemon,
    dns_ports,
    learned,
    node,
    pod,
    proposed,
    question,
    service,
    slice_of,
    text_of,
    without,
)

CACHE = "registry.k8s.io/dns/k8s-dns-node-cache:1.26.4"
LOCAL = {"k8s-app": "node-local-dns"}


def dns(tmp_path: Path, matrix: Matrix, *objects: dict[str, Any]) -> Any:
    return learned(tmp_path, matrix, *objects).values()["endpoints"].get("dns")


def test_what_the_chart_has_anyway_is_not_written(tmp_path: Path, matrix: Matrix) -> None:
    found = learned(tmp_path, matrix, *PLAIN)
    assert set(found.values()["endpoints"]) == {"kubernetes-api"}
    assert found.questions == ()
    assert "as the chart's default has it" in text_of(found)


def test_other_labels_replace_the_charts_peer(tmp_path: Path, matrix: Matrix) -> None:
    other = service("kube-dns", "kube-system", "10.96.0.10", {"app": "coredns", "tier": "dns"}, *dns_ports())
    peer = {"namespace": "kube-system", "selector": ["app=coredns", "tier=dns"]}
    assert dns(tmp_path, matrix, *without(DNS), other) == {"peers": {"kube-dns": peer}}


def test_pods_that_carry_the_charts_labels_too_need_nothing(tmp_path: Path, matrix: Matrix) -> None:
    """RKE2's Service selects by more labels; its pods carry the usual one beside them."""
    selector = {"app.kubernetes.io/instance": "rke2-coredns", "app.kubernetes.io/name": "rke2-coredns"}
    labels = {"k8s-app": "kube-dns"}
    name = "rke2-coredns-rke2-coredns"
    other = service(name, "kube-system", "10.43.0.10", selector, *dns_ports(), labels=labels)
    running = pod("rke2-coredns-x", "kube-system", {**selector, **labels}, "10.244.0.9")
    stranger = service("a", "naming", "10.43.0.11", {"app": "a"}, *dns_ports())
    found = learned(tmp_path, matrix, *without(DNS), other, running, stranger)
    assert "dns" not in found.values()["endpoints"]
    assert found.questions == ()
    assert f"Service kube-system/{name} selects" in text_of(found)


@pytest.mark.parametrize(
    ("home", "selector"), [("kube-system", {"dns": ""}), ("stalker", {"k8s-app": "kube-dns"})], ids=["empty", "ours"]
)
def test_labels_that_values_cannot_say_are_a_question(
    home: str, selector: dict[str, str], tmp_path: Path, matrix: Matrix
) -> None:
    kept = config_map("kubelet-config", {"kubelet": "clusterDNS: [10.96.0.53]\n"})
    other = service("dns", home, "10.96.0.53", selector, *dns_ports())
    found = learned(tmp_path, matrix, *PLAIN, kept, other)
    assert "which values cannot say" in question(found, "dns-labels").text
    assert "dns" not in found.values()["endpoints"]


def test_the_port_is_the_pods_and_not_the_services(tmp_path: Path, matrix: Matrix) -> None:
    other = service("kube-dns", "kube-system", "10.96.0.10", {"k8s-app": "kube-dns"}, *dns_ports(5353))
    assert dns(tmp_path, matrix, *without(DNS), other) == {"ports": {"udp": 5353, "tcp": 5353}}


def test_a_named_port_is_looked_up_in_the_pods(tmp_path: Path, matrix: Matrix) -> None:
    other = service("kube-dns", "kube-system", "10.96.0.10", {"k8s-app": "kube-dns"}, *dns_ports("dns"))
    ports = [{"name": "dns", "containerPort": 5353, "protocol": protocol} for protocol in ("UDP", "TCP")]
    running = pod("a", "kube-system", {"k8s-app": "kube-dns"}, "10.244.0.9", containers=[{"ports": ports}])
    assert dns(tmp_path, matrix, *without(DNS), other, running) == {"ports": {"udp": 5353, "tcp": 5353}}


def test_a_named_port_that_nobody_resolves_is_a_question(tmp_path: Path, matrix: Matrix) -> None:
    other = service("kube-dns", "kube-system", "10.96.0.10", {"k8s-app": "kube-dns"}, *dns_ports("dns"))
    asked = question(learned(tmp_path, matrix, *without(DNS), other), "dns-ports")
    assert asked.answer == "`kubectl get endpointslices --namespace kube-system`"


def test_a_port_that_the_matrix_does_not_allow_is_a_question(tmp_path: Path, matrix: Matrix) -> None:
    other = service("kube-dns", "kube-system", "10.96.0.10", {"k8s-app": "kube-dns"}, *dns_ports(1053))
    found = learned(tmp_path, matrix, *without(DNS), other)
    assert "UDP 1053, TCP 1053, which the matrix does not allow" in question(found, "dns-ports").text
    assert "dns" not in found.values()["endpoints"]


def test_of_several_the_kubelets_address_decides(tmp_path: Path, matrix: Matrix) -> None:
    mine = service("my-dns", "naming", "10.96.0.53", {"app": "dns"}, *dns_ports())
    kept = config_map("kubelet-config", {"kubelet": "clusterDNS: [10.96.0.53]\n"})
    peer = {"namespace": "naming", "selector": ["app=dns"]}
    assert dns(tmp_path, matrix, *PLAIN, mine, kept) == {"peers": {"kube-dns": peer}}


@pytest.mark.parametrize("names", ["a", "ab"])
def test_of_strangers_none_is_taken(names: str, tmp_path: Path, matrix: Matrix) -> None:
    strangers = [service(name, "naming", f"10.96.0.{at}", {"app": name}, *dns_ports()) for at, name in enumerate(names)]
    found = learned(tmp_path, matrix, *without(DNS), *strangers)
    told = ", ".join(f"naming/{name}" for name in names)
    assert f"none is known by its name: {told}." in question(found, "dns-service").text
    assert "dns" not in found.values()["endpoints"]


def test_name_servers_in_the_hosts_network_are_addresses(tmp_path: Path, matrix: Matrix) -> None:
    running = pod("a", "kube-system", {"k8s-app": "kube-dns"}, "10.0.0.4", hostNetwork=True)
    assert dns(tmp_path, matrix, *PLAIN, running) == {"cidrs": ["10.0.0.4/32"]}


def test_where_pods_may_not_be_listed_nodes_addresses_tell_of_the_hosts_network(tmp_path: Path, matrix: Matrix) -> None:
    behind = slice_of("kube-dns", "kube-system", "10.0.0.4", "10.244.0.9")
    behind["ports"] = [{"name": "dns", "port": 53}, {"name": "dns-tcp", "port": 53}]
    assert dns(tmp_path, matrix, *PLAIN, behind) == {"cidrs": ["10.0.0.4/32"]}


@pytest.mark.parametrize(
    ("arguments", "cidrs"),
    [
        (("-localip", "169.254.20.10,10.96.0.10"), ["10.96.0.10/32", "169.254.20.10/32"]),
        (("-conf", "/etc/Corefile", "--localip=169.254.25.10"), ["169.254.25.10/32"]),
        (("-localip", "169.254.20.10,__PILLAR__DNS__SERVER__"), ["169.254.20.10/32"]),
        (("-localip=fd00::a,169.254.20.10",), ["169.254.20.10/32", "fd00::a/128"]),
    ],
    ids=["iptables", "kubespray", "placeholder", "dual-stack"],
)
def test_a_cache_on_the_nodes_is_every_address_that_it_listens_on(
    arguments: tuple[str, ...], cidrs: list[str], tmp_path: Path, matrix: Matrix
) -> None:
    cache = daemon("any-name", LOCAL, *arguments, image=CACHE, hostNetwork=True)
    assert dns(tmp_path, matrix, *PLAIN, cache) == {"cidrs": cidrs}


def test_a_cache_that_does_not_tell_its_address_is_a_question(tmp_path: Path, matrix: Matrix) -> None:
    found = learned(tmp_path, matrix, *PLAIN, daemon("cache", LOCAL, image=CACHE, hostNetwork=True))
    proposal = proposed(question(found, "dns-node-local"))
    assert (proposal.path, proposal.value) == (("endpoints", "dns", "cidrs"), ["169.254.20.10/32"])
    assert "dns" not in found.values()["endpoints"]


def test_a_cache_with_pod_addresses_is_a_peer(tmp_path: Path, matrix: Matrix) -> None:
    """As Cilium's Local Redirect Policy has it."""
    cache = daemon("node-local-dns", LOCAL, "-localip", "169.254.20.10", image=CACHE, hostNetwork=False)
    peer = {"namespace": "kube-system", "selector": ["k8s-app=node-local-dns"]}
    assert dns(tmp_path, matrix, *PLAIN, cache) == {"peers": {"node-local-dns": peer}}


def test_a_cache_that_runs_nowhere_opens_nothing(tmp_path: Path, matrix: Matrix) -> None:
    cache = daemon("cache", LOCAL, "-localip", "169.254.20.10", image=CACHE, hostNetwork=True, scheduled=0)
    found = learned(tmp_path, matrix, *PLAIN, cache)
    assert "dns" not in found.values()["endpoints"]
    assert "runs on no node" in text_of(found)


def test_kubelets_that_send_pods_to_a_link_local_address_tell_of_a_cache(tmp_path: Path, matrix: Matrix) -> None:
    kept = config_map("kubelet-config", {"kubelet": "clusterDNS: [169.254.20.10]\n"})
    assert dns(tmp_path, matrix, *PLAIN, kept) == {"cidrs": ["169.254.20.10/32"]}


def test_on_google_cloud_dns_stays_a_question_unless_a_cache_answers(tmp_path: Path, matrix: Matrix) -> None:
    google = node("g", "10.0.0.4", providerID="gce://p/z/n")
    others = [item for item in PLAIN if item["kind"] != "Node"]
    proposal = proposed(question(learned(tmp_path, matrix, google, *others), "dns-cloud"))
    assert proposal.value == ["169.254.169.254/32"]
    cache = daemon("cache", LOCAL, "-localip", "169.254.20.10", image=CACHE, hostNetwork=True)
    assert learned(tmp_path, matrix, google, *others, cache).questions == ()


def test_more_addresses_than_the_matrix_allows_are_a_question(tmp_path: Path, matrix: Matrix) -> None:
    many = ",".join(f"169.254.20.{number}" for number in range(1, 10))
    cache = daemon("cache", LOCAL, "-localip", many, image=CACHE, hostNetwork=True)
    found = learned(tmp_path, matrix, *PLAIN, cache)
    assert "9 addresses, and the matrix allows 8" in question(found, "dns-addresses").text


def test_endpoint_slices_win_over_the_service(tmp_path: Path, matrix: Matrix) -> None:
    """A Service may name a target port by a name that no pod that was read has."""
    other = service("kube-dns", "kube-system", "10.96.0.10", {"k8s-app": "kube-dns"}, *dns_ports("dns"))
    behind = slice_of("kube-dns", "kube-system", "10.244.0.9")
    behind["ports"] = [{"name": "dns", "port": 5353}, {"name": "dns-tcp", "port": 5353}, {"name": "metrics", "port": 9}]
    assert dns(tmp_path, matrix, *without(DNS), other, behind) == {"ports": {"udp": 5353, "tcp": 5353}}
