"""The objects of each environment: which there are, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from netmatrix.matrix.names import without_ports
from tests.chart.conftest import ObjectsOf, TextOf
from tests.chart.expected import AUDIT, DENY, DOCUMENTED, PODS, documented_policies, lone, operational_policies, peers
from tests.support.connections import rules
from tests.support.rendering import Object, policies
from tests.support.scenarios import ALL, CLUSTERS, ENVIRONMENTS, Scenario

EACH_ENVIRONMENT = pytest.mark.parametrize("environment", ENVIRONMENTS)
EACH_SCENARIO = pytest.mark.parametrize("scenario", ALL, ids=str)


@EACH_ENVIRONMENT
def test_three_namespaces_are_denied_and_a_pod_has_two_policies_and_one_for_each_flow_to_no_pod(
    objects: ObjectsOf, environment: str
) -> None:
    rendered = objects(Scenario(environment))
    assert policies(rendered).keys() == documented_policies(environment)
    others = {item["kind"]: item["metadata"]["name"] for item in rendered if item["kind"] != "NetworkPolicy"}
    assert others == {"Namespace": "stalker-jobs", "Pod": "redkite-test"}
    assert len(rendered) == len(documented_policies(environment)) + len(others)


@EACH_ENVIRONMENT
def test_the_default_deny_selects_every_pod_in_both_directions_and_lists_nothing(
    objects: ObjectsOf, environment: str
) -> None:
    for name in DENY:
        assert policies(objects(Scenario(environment)))[name]["spec"] == {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": [],
        }


@EACH_ENVIRONMENT
def test_a_pods_policies_select_its_labels_in_its_namespace(objects: ObjectsOf, environment: str) -> None:
    found = policies(objects(Scenario(environment)))
    for pod in DOCUMENTED:
        namespace, labels = PODS[pod]
        for direction in ("ingress", "egress"):
            policy = found[f"redkite-{pod}-{direction}"]
            assert policy["metadata"]["namespace"] == namespace
            assert policy["spec"]["podSelector"] == {"matchLabels": labels}


@EACH_SCENARIO
def test_a_policy_states_one_direction_and_its_rules_though_there_are_none(
    objects: ObjectsOf, scenario: Scenario
) -> None:
    for name, policy in policies(objects(scenario)).items():
        if name not in DENY:
            spec = policy["spec"]
            direction = without_ports(name).rsplit("-", 1)[1]
            assert spec["policyTypes"] == [direction.title()]
            assert spec.keys() == {"podSelector", "policyTypes", direction}
            assert isinstance(spec[direction], list)


@EACH_ENVIRONMENT
def test_deny_all_is_an_empty_list_that_one_can_see(objects: ObjectsOf, text_of: TextOf, environment: str) -> None:
    ends = [(pod, direction) for pod in DOCUMENTED for direction in ("ingress", "egress")]
    closed = {f"redkite-{pod}-{direction}" for pod, direction in ends if not peers(environment, pod, direction)}
    assert {"prod": "redkite-cron-ingress", "dev": "redkite-ui-egress"}[environment] in closed
    found = policies(objects(Scenario(environment)))
    assert {name for name, policy in found.items() if not rules(policy)} - DENY == closed
    for name in closed:
        (document,) = (part for part in text_of(Scenario(environment)).split("\n---\n") if f"name: {name}\n" in part)
        direction = name.rsplit("-", 1)[1]
        assert f"\n  {direction}: []" in document


@pytest.mark.parametrize(
    ("environment", "open_ports"),
    [
        ("prod", {("redkite-flow-outside-to-ui-ingress", 80), ("redkite-flow-outside-to-ui-ingress", 443)}),
        (
            "dev",
            {
                ("redkite-flow-outside-to-ui-dev-ingress", 4200),
                ("redkite-flow-outside-to-jobs-manager-ingress", 3000),
                ("redkite-flow-outside-to-cron-ingress", 3000),
                ("redkite-flow-outside-to-mongo-ingress", 27017),
            },
        ),
    ],
)
def test_only_the_documented_ports_are_open_to_anyone(
    objects: ObjectsOf, environment: str, open_ports: set[tuple[str, int]]
) -> None:
    found = policies(objects(Scenario(environment, operational=True)))
    without_peers = [
        (name, port["port"])
        for name, policy in found.items()
        for rule in rules(policy)
        if not rule.keys() & {"from", "to"}
        for port in rule["ports"]
    ]
    assert sorted(without_peers) == sorted(open_ports)


@EACH_SCENARIO
def test_no_rule_leaves_its_ports_open_but_that_of_jobs_to_the_internet(objects: ObjectsOf, scenario: Scenario) -> None:
    found = policies(objects(scenario))
    without_ports = {name for name, policy in found.items() for rule in rules(policy) if "ports" not in rule}
    ipv6 = {"redkite-flow-jobs-to-internet-ipv6-egress"} if scenario.operational else set()
    assert without_ports == {"redkite-flow-jobs-to-internet-egress"} | ipv6


@EACH_SCENARIO
def test_no_list_or_map_of_a_rule_is_empty(objects: ObjectsOf, scenario: Scenario) -> None:
    for policy in policies(objects(scenario)).values():
        for rule in rules(policy):
            assert rule, "a rule that says nothing allows everything"
            assert all(value or value == 0 for value in inside(rule)), rule


@EACH_ENVIRONMENT
def test_mongo_is_reached_by_its_pods_of_the_table_and_in_dev_by_anyone(objects: ObjectsOf, environment: str) -> None:
    found = policies(objects(Scenario(environment)))
    pods, open_to_anyone = peers(environment, "mongo", "ingress"), lone(environment, "mongo", "ingress", "outside")
    assert pods == ["jobs-manager", "cron", "mongo"]
    assert [rule["from"] for rule in rules(found["redkite-mongo-ingress"])] == [
        [{"podSelector": {"matchLabels": PODS[pod][1]}}] for pod in pods
    ]
    assert [rules(policy) for name, policy in found.items() if name == open_to_anyone] == (
        [[{"ports": [{"protocol": "TCP", "port": 27017}]}]] if environment == "dev" else []
    )


@EACH_ENVIRONMENT
def test_jobs_and_orchestrator_know_each_other_by_namespace_and_labels_in_one_peer(
    objects: ObjectsOf, environment: str
) -> None:
    found = policies(objects(Scenario(environment)))
    for policy, end, other in (
        ("redkite-jobs-egress", "to", "orchestrator"),
        ("redkite-orchestrator-ingress", "from", "jobs"),
    ):
        namespace, labels = PODS[other]
        assert found[policy]["spec"]["egress" if end == "to" else "ingress"][0][end] == [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "podSelector": {"matchLabels": labels},
            }
        ]


@EACH_SCENARIO
def test_every_object_carries_the_standard_labels_and_a_name_that_fits_a_label(
    objects: ObjectsOf, scenario: Scenario
) -> None:
    for item in objects(scenario):
        metadata = item["metadata"]
        assert len(metadata["name"]) <= 63
        if item["kind"] == "Pod":
            assert "labels" not in metadata, "it must be no row's, whatever labels rows have"
            continue
        labels = dict(metadata["labels"])
        component = labels.pop("app.kubernetes.io/component")
        assert component in {*PODS, *AUDIT, "default-deny", "namespace", "exception"}
        assert labels == {
            "app.kubernetes.io/name": "red-kite-network",
            "app.kubernetes.io/instance": "release",
            "app.kubernetes.io/version": labels["app.kubernetes.io/version"],
            "app.kubernetes.io/part-of": "red-kite",
            "app.kubernetes.io/managed-by": "Helm",
            "helm.sh/chart": f"red-kite-network-{labels['app.kubernetes.io/version']}",
        }


@EACH_SCENARIO
def test_no_selector_demands_a_label_of_the_charts_own_objects(objects: ObjectsOf, scenario: Scenario) -> None:
    for item in policies(objects(scenario)).values():
        for labels in selectors(item["spec"]):
            assert not labels.keys() & {
                "app.kubernetes.io/version",
                "app.kubernetes.io/part-of",
                "app.kubernetes.io/managed-by",
                "helm.sh/chart",
            }
            assert labels.get("app.kubernetes.io/name") != "red-kite-network"
            assert labels.get("app.kubernetes.io/instance") != "release"


@pytest.mark.parametrize("cluster", ["", *CLUSTERS])
@EACH_ENVIRONMENT
def test_the_operational_overlay_adds_its_policies_and_leaves_the_others_byte_for_byte(
    text_of: TextOf, environment: str, cluster: str
) -> None:
    documents = {
        operational: text_of(Scenario(environment, operational, cluster)).strip().split("\n---\n")
        for operational in (False, True)
    }
    before, after = (
        [part.strip() for part in documents[operational] if "audit-values.yaml" not in part]  # it is told which are on
        for operational in (False, True)
    )
    added = [part for part in after if part not in before]
    assert [part for part in after if part in before] == before
    names = [part.split("\n  name: ")[1].split("\n")[0] for part in added]
    assert {without_ports(name) for name in names} == operational_policies()


def test_the_namespace_of_the_jobs_outlives_the_release(objects: ObjectsOf) -> None:
    (namespace,) = (item for item in objects(Scenario("prod")) if item["kind"] == "Namespace")
    assert namespace["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def inside(value: Any) -> Iterator[Any]:
    """Every value inside, at any depth."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield item
            yield from inside(item)


def selectors(value: Any) -> Iterator[Object]:
    """The labels of every selector inside, at any depth."""
    for item in [value, *inside(value)]:
        if isinstance(item, Mapping) and "matchLabels" in item:
            yield item["matchLabels"]
