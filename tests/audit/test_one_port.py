"""The chart's policies for one port of looked-up addresses: not rendered offline, known by name and content."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.audit.cluster import API, Cluster, Object, endpoint_slice, granting, policy
from tests.audit.conftest import Audit

STATED = "redkite-flow-orchestrator-to-kubernetes-api-egress"
OTHER = ("172.18.0.9", 443)
"""A second address of the API server, on a port of its own."""

Told = Callable[[Cluster], tuple[int, dict[str, tuple[str, list[str]]], int]]
"""The status, each departure's state and differences by the policy's name, and how many policies are as rendered."""


@pytest.fixture
def two_ports(cluster: Cluster) -> Cluster:
    """The cluster after installing, with an API server at two addresses, each on a port of its own."""
    cluster.add(endpoint_slice(*OTHER, "kubernetes-2"))
    granting(cluster, *OTHER)
    return cluster


@pytest.fixture
def told(audit: Audit) -> Told:
    def run(cluster: Cluster) -> tuple[int, dict[str, tuple[str, list[str]]], int]:
        result = audit(cluster, "--format", "json")
        found = json.loads(result.out)["policies"]
        states = {item["name"]: (item["state"], item["differences"]) for item in found["departures"]}
        return result.status, states, found["asRendered"]

    return run


def test_each_port_has_its_own_policy_with_its_own_addresses(two_ports: Cluster, told: Told) -> None:
    assert told(two_ports) == (0, {}, len(two_ports.of_kind("NetworkPolicy")))


def test_an_address_that_has_moved_is_told_of_its_ports_policy_alone(two_ports: Cluster, told: Told) -> None:
    two_ports.one("EndpointSlice", "kubernetes-2", "default")["endpoints"][0]["addresses"] = ["172.18.0.7"]
    differences = ["172.18.0.9:443 is granted and is no longer there", "172.18.0.7:443 is there now and is not granted"]
    assert told(two_ports)[:2] == (1, {f"{STATED}-443": ("stale", differences)})


def test_a_port_that_is_gone_leaves_a_stale_policy(two_ports: Cluster, told: Told) -> None:
    two_ports.remove(two_ports.one("EndpointSlice", "kubernetes-2", "default"))
    differences = ["172.18.0.9:443 is granted and is no longer there"]
    assert told(two_ports)[:2] == (1, {f"{STATED}-443": ("stale", differences)})


def test_a_port_without_a_policy_is_told_once(two_ports: Cluster, told: Told) -> None:
    two_ports.remove(two_ports.policy(f"{STATED}-443"))
    status, found, _ = told(two_ports)
    assert (status, list(found.values())) == (1, [("stale", ["172.18.0.9:443 is there now and is not granted"])])


def test_one_that_has_lost_its_rule_is_stale_itself(cluster: Cluster, told: Told) -> None:
    del cluster.policy(f"{STATED}-{API[1]}")["spec"]["egress"]
    differences = ["172.18.0.2:6443 is there now and is not granted"]
    assert told(cluster)[:2] == (1, {f"{STATED}-{API[1]}": ("stale", differences)})


@pytest.mark.parametrize(
    ("spec", "differences"),
    [
        (
            {"policyTypes": ["Ingress", "Egress"]},
            ["spec.policyTypes is Egress, Ingress, and should be Egress"],
        ),
        (
            {"policyTypes": ["Ingress", "Egress"], "ingress": [{}]},
            ["spec.policyTypes is Egress, Ingress, and should be Egress", "spec.ingress[0] is not rendered"],
        ),
    ],
)
def test_its_types_and_its_ingress_are_those_of_the_one_that_is_rendered(
    spec: Object, differences: list[str], cluster: Cluster, told: Told
) -> None:
    cluster.policy(f"{STATED}-{API[1]}")["spec"] |= spec
    assert told(cluster)[:2] == (1, {f"{STATED}-{API[1]}": ("drifted", differences)})


def test_another_selector_is_drift_too(cluster: Cluster, told: Told) -> None:
    cluster.policy(f"{STATED}-{API[1]}")["spec"]["podSelector"] = {}
    status, found, _ = told(cluster)
    assert (status, set(found)) == (1, {f"{STATED}-{API[1]}"})


@pytest.mark.parametrize("spec", [{"policyTypes": ["Ingress"], "ingress": [{}]}, {"policyTypes": ["Egress"]}])
@pytest.mark.parametrize("port", [9999, 8443])
def test_a_name_alone_makes_no_policy_the_charts(port: int, spec: Object, cluster: Cluster, told: Told) -> None:
    """Of a port that the API server does not have: whatever it opens, or nothing."""
    before = len(cluster.of_kind("NetworkPolicy"))
    planted = copy.deepcopy(cluster.policy(f"{STATED}-{API[1]}"))
    planted["metadata"]["name"] = f"{STATED}-{port}"
    planted["spec"] = {"podSelector": planted["spec"]["podSelector"], **spec}
    cluster.add(planted)
    status, found, as_rendered = told(cluster)
    assert status == ("ingress" in spec)
    assert {name: state for name, (state, _) in found.items()} == {f"{STATED}-{port}": "foreign"}
    assert as_rendered == before


def test_an_address_alone_makes_no_policy_the_charts(cluster: Cluster, told: Told) -> None:
    """Another's policy that grants what might have been looked up is not put right by `helm upgrade`."""
    spec = copy.deepcopy(cluster.policy(f"{STATED}-{API[1]}")["spec"])
    spec["egress"][0]["to"][0]["ipBlock"]["cidr"] = "203.0.113.9/32"
    cluster.add(policy("theirs", spec))
    status, found, _ = told(cluster)
    assert (status, found) == (1, {"theirs": ("foreign", [])})


def test_where_nothing_is_stated_the_port_has_its_policy_all_the_same(
    cluster_with: Callable[..., Cluster], audit: Audit
) -> None:
    values = ("--environment", "prod", "--set-json", "endpoints.kubernetes-api.cidrs=[]")
    cluster = cluster_with(*values)
    assert not any(item["metadata"]["name"] == STATED for item in cluster.of_kind("NetworkPolicy"))
    row = cluster.policy("redkite-orchestrator-egress")["spec"]["podSelector"]
    rule: dict[str, Any] = {
        "to": [{"ipBlock": {"cidr": f"{API[0]}/32"}}],
        "ports": [{"protocol": "TCP", "port": API[1]}],
    }
    cluster.add(policy(f"{STATED}-{API[1]}", {"podSelector": row, "policyTypes": ["Egress"], "egress": [rule]}))
    result = audit(cluster, "--format", "json", values=values)
    found = json.loads(result.out)["policies"]
    assert (result.status, found["departures"]) == (0, [])
    assert found["asRendered"] == len(cluster.of_kind("NetworkPolicy"))
    cluster.one("EndpointSlice", "kubernetes", "default")["endpoints"][0]["addresses"].append("172.18.0.9")
    (only,) = json.loads(audit(cluster, "--format", "json", values=values).out)["policies"]["departures"]
    assert (only["state"], only["opens"]) == ("stale", [])
    assert [item["connection"] for item in only["closes"]] == ["orchestrator -> 172.18.0.9: TCP 6443"]


ON_8443 = ("--environment", "prod", "--set-json", "endpoints.kubernetes-api.ports=[8443]")


def test_what_is_stated_on_another_port_has_it_in_its_name_and_the_looked_up_port_its_own_policy(
    cluster_with: Callable[..., Cluster], audit: Audit
) -> None:
    cluster = cluster_with(*ON_8443)
    assert {f"{STATED}-tcp-8443", f"{STATED}-{API[1]}"} <= {
        item["metadata"]["name"] for item in cluster.of_kind("NetworkPolicy")
    }
    result = audit(cluster, "--format", "json", values=ON_8443)
    assert (result.status, json.loads(result.out)["policies"]["departures"]) == (0, [])
    cluster.policy(f"{STATED}-{API[1]}")["spec"]["egress"] = []
    (only,) = json.loads(audit(cluster, "--format", "json", values=ON_8443).out)["policies"]["departures"]
    assert (only["state"], only["name"]) == ("stale", f"{STATED}-{API[1]}")


@pytest.mark.parametrize("port", [6443, 443])
def test_what_was_stated_on_another_port_and_is_left_over_is_rendered_no_more(
    port: int, cluster: Cluster, told: Told
) -> None:
    """It has the row, the name of the flow, a port at the end of its name, and nothing but an address on that port."""
    spec = copy.deepcopy(cluster.policy(STATED)["spec"])
    spec["egress"][0]["ports"][0]["port"] = port
    cluster.add(policy(f"{STATED}-tcp-{port}", spec))
    status, found, _ = told(cluster)
    assert {name: state for name, (state, _) in found.items()} == {f"{STATED}-tcp-{port}": "foreign"}
    assert status == (port == 6443)
