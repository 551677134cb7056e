"""The chart's own policies for other APIs: an audit compares them with what Helm renders, looked-up addresses too."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.audit.cluster import API, Cluster, cilium_rules, endpoint_slice
from tests.audit.conftest import Audit
from tests.cli.conftest import Result

SWITCHED = "backends.cilium.enabled=true,backends.clusterNetworkPolicy.enabled=true"
VALUES = ("--environment", "prod", "--set", SWITCHED)
POLICY = "CiliumNetworkPolicy stalker/redkite-orchestrator-egress (cilium.io)"
MOVED = ("203.0.113.9", 6443)
EVERYBODY = [{"endpointSelector": {}, "ingress": [{"fromEntities": ["all"]}], "egress": [{"toEntities": ["all"]}]}]


@pytest.fixture
def cluster(cluster_with: Callable[..., Cluster]) -> Cluster:
    """The cluster after installing prod with both back ends, the API server's address looked up."""
    return cluster_with(*VALUES)


@pytest.fixture
def told(cluster: Cluster, audit: Audit) -> Callable[[], Result]:
    return lambda: audit(cluster, values=VALUES)


def egress(cluster: Cluster) -> list[Any]:
    """The rules of the one row that may reach the API server."""
    spec = cluster.one("CiliumNetworkPolicy", "redkite-orchestrator-egress", "stalker")["spec"]
    assert all(rule in spec["egress"] for rule in cilium_rules(*API))
    found: list[Any] = spec["egress"]
    return found


def test_as_installed_they_are_as_rendered_with_what_was_looked_up(told: Callable[[], Result]) -> None:
    result = told()
    assert (result.status, "error" in result.out) == (0, False), result.out


def test_an_address_that_has_moved_since_is_named(cluster: Cluster, told: Callable[[], Result]) -> None:
    cluster.remove(cluster.of_kind("EndpointSlice")[0])
    cluster.add(endpoint_slice(*MOVED))
    result = told()
    assert result.status == 1
    assert f"NM943 {POLICY} grants looked-up addresses that are not today's" in result.out
    assert "203.0.113.9:6443 is there now and is not granted" in result.out
    assert "NM940" not in result.out


@pytest.mark.parametrize(
    "change",
    [
        lambda rules: rules.append({"toCIDRSet": [{"cidr": "0.0.0.0/0"}]}),
        lambda rules: rules.append({"toEntities": ["world"], "toPorts": copy.deepcopy(rules[-1]["toPorts"])}),
        lambda rules: rules.append(
            {"toEntities": ["kube-apiserver"], "toPorts": [{"ports": [{"port": "8443", "protocol": "TCP"}]}]}
        ),
        lambda rules: rules.append(
            {"toCIDRSet": [{"cidr": "203.0.113.9/32"}], "toPorts": [{"ports": [{"port": "22", "protocol": "TCP"}]}]}
        ),
        lambda rules: rules.append({**cilium_rules(*MOVED)[0], "toFQDNs": [{"matchPattern": "*"}]}),
        lambda rules: rules.append(
            {
                "toCIDRSet": [{"cidr": "203.0.113.9/32", "except": ["203.0.113.9/32"]}],
                "toPorts": cilium_rules(*MOVED)[0]["toPorts"],
            }
        ),
        lambda rules: rules.append("no rule"),
        lambda rules: rules.pop(0),
        lambda rules: rules.remove(cilium_rules(*API)[1]),
    ],
    ids=[
        "a range",
        "the world",
        "the API server on another port",
        "a port that the matrix never allows there",
        "names beside an address",
        "a range with an exception",
        "no rule at all",
        "a rule less",
        "the API server by name no more",
    ],
)
def test_rules_that_are_not_rendered_are_named(
    change: Callable[[list[Any]], Any], cluster: Cluster, told: Callable[[], Result]
) -> None:
    change(egress(cluster))
    result = told()
    assert result.status == 1
    assert f"NM940 {POLICY} is not as rendered: spec.egress" in result.out
    assert "NM948" not in result.out


def test_an_address_that_was_added_by_hand_is_none_of_todays(cluster: Cluster, told: Callable[[], Result]) -> None:
    """It has the form of a looked-up one, and is told as such."""
    egress(cluster).append(cilium_rules(*MOVED)[0])
    result = told()
    assert result.status == 1
    assert f"NM943 {POLICY}" in result.out
    assert "203.0.113.9:6443 is granted and is no longer there" in result.out


def test_a_looked_up_address_in_a_row_that_may_not_reach_it_is_no_part_of_it(
    cluster: Cluster, told: Callable[[], Result]
) -> None:
    cluster.one("CiliumNetworkPolicy", "redkite-cron-egress", "stalker")["spec"]["egress"] += cilium_rules(*API)
    result = told()
    assert result.status == 1
    assert "NM940 CiliumNetworkPolicy stalker/redkite-cron-egress (cilium.io) is not as rendered" in result.out


@pytest.mark.parametrize(
    ("kind", "name", "namespace"),
    [("CiliumNetworkPolicy", "redkite-mongo-ingress", "stalker"), ("ClusterNetworkPolicy", "redkite-default-deny", "")],
)
@pytest.mark.parametrize(("field", "value"), [("specs", EVERYBODY), ("specs", None), ("rules", EVERYBODY)])
def test_what_stands_beside_the_spec_is_drift_too(
    kind: str, name: str, namespace: str, field: str, value: Any, cluster: Cluster, told: Callable[[], Result]
) -> None:
    """Cilium takes the rules of `specs` with those of `spec`."""
    cluster.one(kind, name, namespace)[field] = value
    result = told()
    assert (result.status, f"/{name}" in result.out or f" {name}" in result.out) == ((1, True) if value else (0, False))
    assert (f"is not as rendered: {field}" in result.out) is bool(value)


def test_rules_beside_the_spec_are_named_with_what_else_has_drifted(
    cluster: Cluster, told: Callable[[], Result]
) -> None:
    """Also in the policy that has looked-up addresses."""
    egress(cluster).pop(0)
    cluster.one("CiliumNetworkPolicy", "redkite-orchestrator-egress", "stalker")["specs"] = EVERYBODY
    assert f"NM940 {POLICY} is not as rendered: spec.egress, specs" in told().out


def test_what_an_api_reports_of_an_object_is_no_drift(cluster: Cluster, told: Callable[[], Result]) -> None:
    for kind in ("CiliumNetworkPolicy", "ClusterNetworkPolicy"):
        for item in cluster.of_kind(kind):
            item["status"] = {"conditions": [{"type": "Valid", "status": "True"}]}
    assert told().status == 0


@pytest.mark.parametrize("kind", ["CiliumNetworkPolicy", "ClusterNetworkPolicy"])
def test_one_that_is_gone_and_one_that_was_changed_are_named(kind: str, cluster: Cluster, audit: Audit) -> None:
    first, *others = cluster.of_kind(kind)
    cluster.remove(first)
    if others:
        others[0]["spec"]["description"] = "changed"
    result = audit(cluster, "--format", "json", values=VALUES)
    assert result.status == 1
    data = json.loads(result.out)
    assert data["holds"] is False
    wanted = [*(("drifted", item["metadata"]["name"]) for item in others[:1]), ("missing", first["metadata"]["name"])]
    assert [(item["state"], item["name"]) for item in data["backends"]] == wanted
    assert data["overriding"] == []
