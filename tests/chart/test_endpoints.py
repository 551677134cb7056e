"""Values that narrow, replace or close the parties that are not pods of ours."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from netmatrix.matrix.names import without_ports
from tests.chart.conftest import ObjectsOf
from tests.chart.test_retargets import changed, difference
from tests.support.connections import Connection, Names
from tests.support.rendering import Chart, policies
from tests.support.scenarios import Scenario

PROD, DEV = Scenario("prod"), Scenario("dev")
DNS_USERS = ("cron", "jobs-manager", "kafka", "orchestrator", "ui")
OPEN_PORTS = {
    PROD: [("ui", "443"), ("ui", "80")],
    DEV: [("cron", "3000"), ("jobs-manager", "3000"), ("mongo", "27017"), ("ui", "4200")],
}
EACH_ENVIRONMENT = pytest.mark.parametrize("scenario", [PROD, DEV], ids=str)
INGRESS_AND_OFFICE = {
    "ingress": {"namespace": "ingress-nginx", "selector": ["app.kubernetes.io/name=ingress-nginx"]},
    "office": {"cidr": "203.0.113.0/24"},
}


@EACH_ENVIRONMENT
def test_outside_is_narrowed_to_the_peers_of_values(
    chart: Chart, objects: ObjectsOf, pod_names: Names, scenario: Scenario
) -> None:
    values = {"endpoints": {"outside": {"anyone": False, "peers": INGRESS_AND_OFFICE}}}
    lost, gained = difference(objects(scenario), chart.objects(*scenario.files(), values), pod_names)
    assert lost == [Connection(pod, "ingress", "anyone", "TCP", port) for pod, port in OPEN_PORTS[scenario]]
    assert gained == sorted(
        Connection(pod, "ingress", peer, "TCP", port)
        for pod, port in OPEN_PORTS[scenario]
        for peer in ("ingress-nginx/app.kubernetes.io/name=ingress-nginx", "203.0.113.0/24")
    )


@EACH_ENVIRONMENT
def test_outside_without_peers_is_nobody(
    chart: Chart, objects: ObjectsOf, pod_names: Names, scenario: Scenario
) -> None:
    after = chart.objects(*scenario.files(), {"endpoints": {"outside": {"anyone": False}}})
    lost, gained = difference(objects(scenario), after, pod_names)
    assert lost == [Connection(pod, "ingress", "anyone", "TCP", port) for pod, port in OPEN_PORTS[scenario]]
    assert not gained
    assert policies(after)["redkite-ui-ingress"]["spec"]["ingress"] == []
    assert not any(name.startswith("redkite-flow-outside-to-") for name in policies(after))


def test_dns_peers_are_replaced_under_their_id_or_taken_away_with_null(
    chart: Chart, objects: ObjectsOf, pod_names: Names
) -> None:
    other = {"namespace": "dns", "selector": ["app=unbound"]}
    replaced = chart.objects(*PROD.files(), {"endpoints": {"dns": {"peers": {"kube-dns": other}}}})
    removed = chart.objects(*PROD.files(), {"endpoints": {"dns": {"peers": {"kube-dns": None, "own": other}}}})
    lost, gained = difference(objects(PROD), replaced, pod_names)
    assert lost == dns_rules("dns", "53")
    assert gained == dns_rules("dns/app=unbound", "53")
    assert removed == replaced


def test_another_dns_peer_is_added_beside_the_charts(chart: Chart, objects: ObjectsOf, pod_names: Names) -> None:
    peers = {"own": {"namespace": "dns", "selector": ["app=unbound"]}}
    after = chart.objects(*PROD.files(), {"endpoints": {"dns": {"peers": peers, "cidrs": ["169.254.20.10/32"]}}})
    lost, gained = difference(objects(PROD), after, pod_names)
    assert not lost
    assert gained == sorted(dns_rules("dns/app=unbound", "53") + dns_rules("169.254.20.10/32", "53"))


def test_dns_without_peers_and_addresses_is_nobody(chart: Chart, objects: ObjectsOf, pod_names: Names) -> None:
    after = chart.objects(*PROD.files(), {"endpoints": {"dns": {"peers": {"kube-dns": None}}}})
    assert difference(objects(PROD), after, pod_names) == (dns_rules("dns", "53"), [])


def test_dns_on_another_port_of_its_ceiling_moves_in_every_rule(
    chart: Chart, objects: ObjectsOf, pod_names: Names
) -> None:
    after = chart.objects(*PROD.files(), {"endpoints": {"dns": {"ports": {"udp": 5353, "tcp": 5353}}}})
    assert difference(objects(PROD), after, pod_names) == (dns_rules("dns", "53"), dns_rules("dns", "5353"))


def test_the_kubernetes_api_is_where_values_say(chart: Chart, objects: ObjectsOf, pod_names: Names) -> None:
    values = {"cidrs": ["192.0.2.0/30", "2001:db8::1/128"], "ports": [443, 6443]}
    after = chart.objects(*PROD.files(), {"endpoints": {"kubernetes-api": values}})
    lost, gained = difference(objects(PROD), after, pod_names)
    assert lost == [Connection("orchestrator", "egress", "10.96.0.1/32", "TCP", "443")]
    assert gained == sorted(
        Connection("orchestrator", "egress", cidr, "TCP", port)
        for cidr in ("192.0.2.0/30", "2001:db8::1/128")
        for port in ("443", "6443")
    )


def test_the_kubernetes_api_without_addresses_is_nobody(chart: Chart, objects: ObjectsOf, pod_names: Names) -> None:
    after = chart.objects(*PROD.files(), {"endpoints": {"kubernetes-api": {"cidrs": []}}})
    lost = [Connection("orchestrator", "egress", "10.96.0.1/32", "TCP", "443")]
    assert difference(objects(PROD), after, pod_names) == (lost, [])


def test_discovery_switched_off_changes_nothing_that_is_rendered_offline(chart: Chart, objects: ObjectsOf) -> None:
    after = chart.objects(*PROD.files(), {"endpoints": {"kubernetes-api": {"discover": False}}})
    assert after == objects(PROD)


def test_every_layer_adds_to_what_is_taken_out_of_the_internet(chart: Chart, objects: ObjectsOf) -> None:
    layers: list[dict[str, Any]] = [
        {"endpoints": {"internet": {"additionalExcept": {"carrier": "100.64.0.0/10"}}}},
        {"endpoints": {"internet": {"additionalExcept": {"office": "203.0.113.0/24"}}}},
    ]
    after = chart.objects(*PROD.files(), *layers)
    assert changed(objects(PROD), after) == {"redkite-flow-jobs-to-internet-egress"}
    block = policies(after)["redkite-flow-jobs-to-internet-egress"]["spec"]["egress"][0]["to"][0]["ipBlock"]
    assert block == {
        "cidr": "0.0.0.0/0",
        "except": [
            "169.254.169.254/32",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "203.0.113.0/24",
        ],
    }


def dns_rules(peer: str, port: str) -> list[Connection]:
    return [Connection(pod, "egress", peer, protocol, port) for pod in DNS_USERS for protocol in ("TCP", "UDP")]


API = "redkite-flow-orchestrator-to-kubernetes-api-egress"
UI = "redkite-flow-outside-to-ui-ingress"
PORTS_IN_NAMES: dict[str, tuple[dict[str, Any], str]] = {
    "the matrix's": ({"endpoints": {"kubernetes-api": {"cidrs": ["192.0.2.10/32"], "ports": [443]}}}, API),
    "another": ({"endpoints": {"kubernetes-api": {"ports": [8443]}}}, f"{API}-tcp-8443"),
    "more than fit": (
        {"endpoints": {"kubernetes-api": {"ports": [443, 6443]}}},
        f"{API}-{hashlib.sha256(b'tcp-443-tcp-6443').hexdigest()[:8]}",
    ),
    "more than fit, in another order": (
        {"endpoints": {"kubernetes-api": {"ports": [6443, 443]}}},
        f"{API}-{hashlib.sha256(b'tcp-443-tcp-6443').hexdigest()[:8]}",
    ),
    "of one protocol": (
        {"endpoints": {"dns": {"ports": {"udp": 5353}}}},
        "redkite-flow-cron-to-dns-egress-tcp-53-udp-5353",
    ),
    "a pod's": ({"pods": {"ui": {"ports": {"https": 8443}}}}, f"{UI}-tcp-80-tcp-8443"),
    "a pod's, exchanged": ({"pods": {"ui": {"ports": {"http": 443, "https": 80}}}}, UI),
}


@pytest.mark.parametrize(("values", "name"), PORTS_IN_NAMES.values(), ids=PORTS_IN_NAMES.keys())
def test_a_single_flows_policy_says_other_ports_than_the_matrix_in_its_name(
    chart: Chart, values: dict[str, Any], name: str
) -> None:
    found = policies(chart.objects(*PROD.files(), values))
    assert [other for other in found if without_ports(other) == without_ports(name)] == [name]
    assert max(map(len, found)) <= 63
