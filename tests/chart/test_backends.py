"""The objects of other APIs: off unless values switch them on, what their CRDs accept, and nothing else changed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from netmatrix.helm import Helm
from tests.fleet.crds import CLUSTER, FOLDER
from tests.support.crds import problems
from tests.support.rendering import Chart, Object, objects_of
from tests.support.scenarios import ROOT, Scenario

KINDS = {"clusterNetworkPolicy": "ClusterNetworkPolicy"}
EACH = pytest.mark.parametrize("backend", KINDS)


def rendered(helm: Helm, scenario: Scenario, *on: str, **sets: str) -> list[Object]:
    switched = {f"backends.{name}.enabled": "true" for name in on} | sets
    arguments = [argument for key, value in switched.items() for argument in ("--set", f"{key}={value}")]
    output = Chart(helm, ROOT / "chart", Path()).template(*scenario.files(), arguments=arguments)
    assert output.status == 0, output.stderr
    return objects_of(output.stdout)


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    return [item for item in objects if item["kind"] == kind]


@EACH
def test_a_back_end_adds_its_objects_and_changes_no_other(helm: Helm, backend: str) -> None:
    without, with_it = rendered(helm, Scenario("prod")), rendered(helm, Scenario("prod"), backend)
    assert not of_kind(without, KINDS[backend])
    assert of_kind(with_it, KINDS[backend])
    assert [item for item in with_it if item["kind"] != KINDS[backend]] == without


@EACH
@pytest.mark.parametrize("scenario", [Scenario("prod"), Scenario("dev", operational=True)], ids=str)
def test_what_is_rendered_is_what_the_crd_accepts(helm: Helm, backend: str, scenario: Scenario) -> None:
    found = of_kind(rendered(helm, scenario, backend), KINDS[backend])
    assert found
    assert [problem for item in found for problem in problems(item)] == []


def test_the_schema_is_that_of_the_pinned_module() -> None:
    assert CLUSTER in (FOLDER / "ClusterNetworkPolicy.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["spec", "tier"], "baseline"),
        (["spec", "priority"], 1001),
        (["spec", "ingress", 0, "from"], []),
        (["spec", "ingress", 0, "from", 0], {"networks": ["10.0.0.0/8"]}),
        (["spec", "egress", 0, "action"], "Allow"),
        (["apiVersion"], "policy.networking.k8s.io/v1alpha1"),
    ],
)
def test_a_slip_in_the_cluster_s_policy_would_be_told(helm: Helm, path: list[str | int], value: object) -> None:
    (item,) = of_kind(rendered(helm, Scenario("prod"), "clusterNetworkPolicy"), "ClusterNetworkPolicy")
    node: Any = (changed := copy.deepcopy(item))
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    assert problems(changed)


def test_the_cluster_s_policy_follows_the_namespaces(helm: Helm) -> None:
    names = {"namespaces.app.name": "apps", "namespaces.jobs.name": "work"}
    (item,) = of_kind(rendered(helm, Scenario("prod"), "clusterNetworkPolicy", **names), "ClusterNetworkPolicy")
    (expression,) = item["spec"]["subject"]["namespaces"]["matchExpressions"]
    assert expression["values"] == ["apps", "work", "default"]
