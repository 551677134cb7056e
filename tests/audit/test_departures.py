"""Policies of a cluster that are not as they should be: each is named, with what it opens and closes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.audit.cluster import API, Cluster, endpoint_slice, granting, policy
from tests.audit.conftest import Audit
from tests.cli.conftest import Result

ALLOW_ALL = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]}
KAFKA = {"app.kubernetes.io/name": "kafka", "app.kubernetes.io/instance": "kafka"}
MONGO = {"app.kubernetes.io/name": "mongodb"}


def departures(result: Result) -> dict[str, dict[str, Any]]:
    """Those of a run with --format json, by the policy's name."""
    found = json.loads(result.out)["policies"]["departures"]
    return {f"{item['namespace']}/{item['name']}": item for item in found}


def connections(items: list[dict[str, Any]]) -> list[str]:
    return [item["connection"] for item in items]


def test_a_cluster_as_installed_holds(cluster: Cluster, audit: Audit) -> None:
    result = audit(cluster)
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("prod: holds: the cluster is as the matrix says")
    assert "of Helm release red-kite in namespace stalker" in result.out


def test_what_the_api_server_defaults_and_how_a_policy_is_written_are_no_drift(cluster: Cluster, audit: Audit) -> None:
    spec = cluster.policy("redkite-kafka-ingress")["spec"]
    spec["ingress"].reverse()
    for rule in spec["ingress"]:
        rule["ports"].reverse()
        for port in rule["ports"]:
            port.pop("protocol")
    assert audit(cluster).status == 0


def test_a_rule_added_by_hand_is_drift_that_opens(cluster: Cluster, audit: Audit) -> None:
    rules = cluster.policy("redkite-mongo-ingress")["spec"]["ingress"]
    rules.append({"ports": [{"protocol": "TCP", "port": 27017}]})
    result = audit(cluster, "--format", "json")
    assert result.status == 1
    (found,) = departures(result).values()
    assert (found["state"], found["name"]) == ("drifted", "redkite-mongo-ingress")
    assert found["differences"] == [f"spec.ingress[{len(rules) - 1}] is not rendered"]
    assert "anyone -> mongo: TCP 27017" in connections(found["opens"])
    assert found["closes"] == []


def test_a_rule_taken_away_is_drift_that_closes(cluster: Cluster, audit: Audit) -> None:
    cluster.policy("redkite-mongo-ingress")["spec"]["ingress"].pop(0)
    found = departures(audit(cluster, "--format", "json"))["stalker/redkite-mongo-ingress"]
    assert (found["opens"], len(found["closes"])) == ([], 1)
    assert found["differences"] == ["spec.ingress[0], as rendered, is not there"]


def test_another_selector_and_other_types_are_told_by_field(cluster: Cluster, audit: Audit) -> None:
    spec = cluster.policy("redkite-mongo-ingress")["spec"]
    spec["podSelector"]["matchLabels"]["app.kubernetes.io/component"] = "mongo"
    spec["policyTypes"] = ["Ingress", "Egress"]
    out = audit(cluster).out
    assert "spec.podSelector selects other pods, spec.policyTypes is Egress, Ingress, and should be Ingress" in out


def test_a_policy_that_is_gone_is_missing(cluster: Cluster, audit: Audit) -> None:
    cluster.remove(cluster.policy("redkite-default-deny", "stalker-jobs"))
    found = departures(audit(cluster, "--format", "json"))["stalker-jobs/redkite-default-deny"]
    assert found["state"] == "missing"
    assert "anyone -> any other pod of namespace stalker-jobs: All Connections" in connections(found["opens"])


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        ({}, ""),
        ({"labels": {"app.kubernetes.io/managed-by": "Terraform"}}, "managed by Terraform"),
        ({"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}, "applied with kubectl"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:x"}}, "Argo CD's shop:x"),
        (
            {"annotations": {"meta.helm.sh/release-name": "kafka", "meta.helm.sh/release-namespace": "stalker"}},
            "Helm release kafka in namespace stalker",
        ),
        (
            {"annotations": {"meta.helm.sh/release-name": "red-kite", "meta.helm.sh/release-namespace": "stalker"}},
            "Helm release red-kite in namespace stalker, whose chart does not render it now",
        ),
    ],
)
def test_a_foreign_policy_is_named_with_its_owner(
    metadata: dict[str, Any], owner: str, cluster: Cluster, audit: Audit
) -> None:
    """As Bitnami's chart installs one for Kafka: from anywhere on every port, to anywhere."""
    spec = {
        "podSelector": {"matchLabels": KAFKA},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"port": 9092}]}],
        "egress": [{}],
    }
    cluster.add(policy("kafka", spec, **metadata))
    result = audit(cluster, "--format", "json")
    found = departures(result)["stalker/kafka"]
    assert (result.status, found["state"], found["owner"]) == (1, "foreign", owner)
    assert connections(found["opens"]) == ["anyone -> kafka: TCP 9092", "kafka -> anyone: All Connections"]


def test_the_widest_is_told_first(cluster: Cluster, audit: Audit) -> None:
    cluster.add(policy("allow-all", ALLOW_ALL))
    result = audit(cluster)
    assert (
        "error NM942 stalker/allow-all is none of the chart's policies: it opens anyone -> any other pod" in result.out
    )
    assert "`kubectl delete networkpolicy allow-all --namespace stalker`" in result.out
    assert "[from anywhere]" in result.out.split("foreign stalker/allow-all")[1].splitlines()[1]


def test_a_foreign_policy_that_changes_no_packet_is_told_as_harmless(cluster: Cluster, audit: Audit) -> None:
    cluster.add(policy("deny-all", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}))
    result = audit(cluster)
    assert result.status == 0
    assert "warning NM942 stalker/deny-all is none of the chart's policies: it changes no packet" in result.out
    assert audit(cluster, "--strict").status == 1


def test_what_two_policies_open_together_is_told_of_both(cluster: Cluster, audit: Audit) -> None:
    """One opens the sender's end, the other the receiver's: either alone is harmless."""
    ui = {"matchLabels": {"app.kubernetes.io/component": "ui"}}
    mongo = {"matchLabels": MONGO}
    out_ = {"podSelector": ui, "policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": mongo}]}]}
    in_ = {"podSelector": mongo, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": ui}]}]}
    cluster.add(policy("out", out_))
    assert audit(cluster).status == 0
    cluster.add(policy("in", in_))
    result = audit(cluster, "--format", "json")
    assert result.status == 1
    for name in ("stalker/in", "stalker/out"):
        told = departures(result)[name]["opens"]
        assert any(item["connection"].startswith("ui -> mongo:") and item["onlyWithTheOthers"] for item in told)


def test_the_name_services_namespace_counts_and_others_do_not(cluster: Cluster, audit: Audit) -> None:
    deny = {"podSelector": {}, "policyTypes": ["Ingress"]}
    cluster.add(policy("theirs", deny, namespace="somewhere"))
    result = audit(cluster)
    assert result.status == 0
    assert "1 policies of namespaces that the matrix does not name: not looked at" in result.out
    cluster.add(policy("deny", deny, namespace="kube-system"))
    result = audit(cluster)
    assert result.status == 1
    assert "error NM950" in result.out
    assert "closed: no rule of kube-system/deny lets it through" in result.out


def test_what_another_namespace_closes_is_told_beside_every_kind_of_departure(cluster: Cluster, audit: Audit) -> None:
    cluster.add(policy("close-dns", {"podSelector": {}, "policyTypes": ["Ingress"]}, namespace="kube-system"))
    cluster.add(policy("kafka", {"podSelector": {"matchLabels": KAFKA}, "policyTypes": ["Egress"], "egress": [{}]}))
    cluster.policy("redkite-mongo-ingress")["spec"]["ingress"].append({})
    cluster.remove(cluster.policy("redkite-default-deny", "stalker-jobs"))
    cluster.one("EndpointSlice", "kubernetes", "default")["endpoints"][0]["addresses"] = ["172.18.0.9"]
    result = audit(cluster, "--format", "json")
    assert {item["state"] for item in departures(result).values()} == {"foreign", "drifted", "stale", "missing"}
    found = [item for item in json.loads(result.out)["findings"] if item["rule"] == "NM950"]
    assert found
    for item in found:
        assert item["message"].endswith("granted, and not allowed, also once the policies above are put right")
        assert "is closed: no rule of kube-system/close-dns lets it through" in item["hint"]


def test_what_departures_do_and_nothing_else_is_not_told_twice(cluster: Cluster, audit: Audit) -> None:
    cluster.add(policy("allow-all", ALLOW_ALL))
    cluster.policy("redkite-kafka-ingress")["spec"]["ingress"].append({})
    cluster.remove(cluster.policy("redkite-default-deny", "stalker-jobs"))
    result = audit(cluster, "--format", "json")
    assert len(departures(result)) == 3
    assert "NM950" not in result.out


@pytest.mark.parametrize("is_beside", [False, True])
def test_what_four_open_and_no_one_of_them_by_itself_or_at_last_is_told(
    is_beside: bool, cluster: Cluster, audit: Audit
) -> None:
    """Each end is opened twice, so that each of the four may go and nothing changes."""
    ui = {"matchLabels": {"app.kubernetes.io/component": "ui"}}
    mongo = {"matchLabels": MONGO}
    out_ = {"podSelector": ui, "policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": mongo}]}]}
    in_ = {"podSelector": mongo, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": ui}]}]}
    cluster.add(*(policy(f"out-{at}", out_) for at in "ab"), *(policy(f"in-{at}", in_) for at in "ab"))
    if is_beside:
        cluster.add(policy("kafka", {"podSelector": {"matchLabels": KAFKA}, "policyTypes": ["Egress"], "egress": [{}]}))
    result = audit(cluster)
    assert result.status == 1
    (found,) = (line for line in result.out.splitlines() if "error NM950" in line)
    assert "ui" in found.partition(" -> mongo, All Connections")[0]
    assert found.endswith("also once the policies above are put right") is is_beside
    assert ("error NM942 stalker/kafka" in result.out) is is_beside


def test_an_unreadable_policy_is_named_and_nothing_is_said(cluster: Cluster, audit: Audit) -> None:
    cluster.add(policy("odd", {"podSelector": {}, "ingres": [{}]}))
    result = audit(cluster)
    assert (result.status, result.out) == (2, "")
    assert "NM944 NetworkPolicy stalker/odd cannot be read (spec.ingres)" in result.err


def test_a_policy_of_a_version_that_nobody_knows_is_named_too(cluster: Cluster, audit: Audit) -> None:
    cluster.add(policy("odd", ALLOW_ALL) | {"apiVersion": "networking.k8s.io/v2"})
    result = audit(cluster)
    assert (result.status, result.out) == (2, "")
    assert "NM944 NetworkPolicy stalker/odd is of networking.k8s.io/v2" in result.err


@pytest.mark.parametrize("kind", ["Pod", "Namespace", "NetworkPolicy", "EndpointSlice"])
def test_a_dump_without_a_part_says_nothing(kind: str, cluster: Cluster, audit: Audit) -> None:
    cluster.objects = [item for item in cluster.objects if item["kind"] != kind]
    result = audit(cluster)
    assert (result.status, result.out) == (2, "")
    assert "NM908" in result.err
    assert kind in result.err


# Addresses that installing looked up.


def test_an_api_server_that_has_moved_leaves_a_stale_address(cluster: Cluster, audit: Audit) -> None:
    slice_ = cluster.one("EndpointSlice", "kubernetes", "default")
    slice_["endpoints"][0]["addresses"] = ["172.18.0.9"]
    result = audit(cluster, "--format", "json")
    assert result.status == 1
    (found,) = departures(result).values()
    assert found["state"] == "stale"
    assert found["differences"] == [
        "172.18.0.2:6443 is granted and is no longer there",
        "172.18.0.9:6443 is there now and is not granted",
    ]
    assert connections(found["opens"]) == ["orchestrator -> 172.18.0.2: TCP 6443"]
    assert connections(found["closes"]) == ["orchestrator -> 172.18.0.9: TCP 6443"]
    assert "looks the addresses up anew" in json.loads(result.out)["findings"][0]["hint"]


def test_a_second_address_is_missing_until_the_release_is_upgraded(cluster: Cluster, audit: Audit) -> None:
    cluster.add(endpoint_slice("fd00::2", 6443, "kubernetes-6") | {"addressType": "IPv6"})
    assert "error NM943" in audit(cluster).out
    for item in cluster.of_kind("NetworkPolicy"):
        for rule in list(item["spec"].get("egress", [])):
            if rule["to"][0].get("ipBlock", {}).get("cidr") == "172.18.0.2/32":
                six = copy.deepcopy(rule)
                six["to"][0]["ipBlock"]["cidr"] = "fd00::2/128"
                item["spec"]["egress"].append(six)
    assert audit(cluster).status == 0


def test_what_only_looks_like_a_looked_up_address_is_foreign(cluster: Cluster, audit: Audit) -> None:
    """On a port where the matrix allows no API server: the chart never makes a policy for that, nor mends one."""
    granting(cluster, "203.0.113.9", 4444)
    found = departures(audit(cluster, "--format", "json"))
    assert [item["state"] for item in found.values()] == ["foreign"]


def test_where_nothing_is_looked_up_its_policy_is_not_rendered(
    cluster_with: Callable[..., Cluster], audit: Audit
) -> None:
    values = ("--environment", "prod", "--set", "endpoints.kubernetes-api.discover=false")
    cluster = cluster_with(*values)
    result = audit(cluster, "--format", "json", values=values)
    assert [item["state"] for item in departures(result).values()] == ["foreign"]


def test_drift_and_stale_addresses_of_one_policy_are_told_apart(cluster: Cluster, audit: Audit) -> None:
    (carrier,) = (item for item in cluster.of_kind("NetworkPolicy") if f"{API[0]}/32" in str(item))
    carrier["spec"]["egress"][0]["to"].append({"ipBlock": {"cidr": "172.18.0.9/32"}})
    carrier["spec"]["egress"].append({"ports": [{"protocol": "TCP", "port": 22}]})
    result = audit(cluster, "--format", "json")
    found = json.loads(result.out)["policies"]["departures"]
    assert [(item["state"], connections(item["opens"])[0]) for item in found] == [
        ("drifted", "orchestrator -> anyone: TCP 22"),
        ("stale", "orchestrator -> 172.18.0.9: TCP 6443"),
    ]
