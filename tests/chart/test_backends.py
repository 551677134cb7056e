"""The objects of other APIs: off unless values switch them on, what their CRDs accept, and nothing else changed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from netmatrix.helm import Helm
from tests.fleet.crds import CILIUM, CLUSTER, FOLDER
from tests.support.api_server import Cluster, serving
from tests.support.crds import problems
from tests.support.rendering import Chart, Object, objects_of
from tests.support.scenarios import ROOT, Scenario

KINDS = {"cilium": "CiliumNetworkPolicy", "clusterNetworkPolicy": "ClusterNetworkPolicy"}
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


def test_the_schemas_are_those_of_the_pinned_modules() -> None:
    for kind, module in {"CiliumNetworkPolicy": CILIUM, "ClusterNetworkPolicy": CLUSTER}.items():
        assert module in (FOLDER / f"{kind}.json").read_text(encoding="utf-8")


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


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["spec", "endpointSelector"], []),
        (["spec", "egress", 0, "toPorts", 0, "ports", 0, "port"], 53),
        (["spec", "egress", 0, "toPorts", 0, "ports", 0, "port"], "!"),
        (["spec", "egress", 0, "toPorts", 0, "ports", 0, "protocol"], "ICMP"),
        (["spec", "egress", 0, "toEntities"], ["everybody"]),
        (["spec", "policyTypes"], ["Egress"]),
    ],
)
def test_a_slip_in_a_cilium_policy_would_be_told(helm: Helm, path: list[str | int], value: object) -> None:
    found = of_kind(rendered(helm, Scenario("prod"), "cilium"), "CiliumNetworkPolicy")
    (item,) = [item for item in found if item["metadata"]["name"] == "redkite-orchestrator-egress"]
    node: Any = (changed := copy.deepcopy(item))
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    assert problems(changed)


def test_cilium_has_the_api_server_by_name_and_dns_as_dns(helm: Helm) -> None:
    found = of_kind(rendered(helm, Scenario("prod"), "cilium"), "CiliumNetworkPolicy")
    rules = {item["metadata"]["name"]: item["spec"] for item in found}["redkite-orchestrator-egress"]["egress"]
    (server,) = [rule for rule in rules if "toEntities" in rule]
    assert server == {"toEntities": ["kube-apiserver"], "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}
    (dns,) = [rule["toPorts"][0] for rule in rules if rule["toPorts"][0].get("rules")]
    assert dns["rules"] == {"dns": [{"matchPattern": "*"}]}
    assert {item["port"] for item in dns["ports"]} == {"53"}


def test_every_cilium_policy_names_somebody_or_says_that_it_is_nobody(helm: Helm, tmp_path: Path) -> None:
    """An empty list is open to some readers, and no list at all is no policy."""
    nowhere: Object = {"kubernetes-api": {"cidrs": []}, "outside": {"anyone": False}}
    values = {"backends": {"cilium": {"enabled": True}}, "endpoints": nowhere}
    objects = Chart(helm, ROOT / "chart", tmp_path).objects(*Scenario("dev").files(), values)
    for item in of_kind(objects, "CiliumNetworkPolicy"):
        for field in item["spec"].keys() & {"ingress", "egress"}:
            rules = item["spec"][field]
            assert rules == [{}] or all(value for rule in rules for value in (rule, *rule.values())), item


def test_a_flow_to_nobody_is_left_out(helm: Helm) -> None:
    sets = {"endpoints.dns.peers.kube-dns": "null"}
    found = of_kind(rendered(helm, Scenario("prod"), "cilium", **sets), "CiliumNetworkPolicy")
    specs = {item["metadata"]["name"]: item["spec"] for item in found}
    assert not [rule for rule in specs["redkite-cron-egress"]["egress"] if rule["toPorts"][0].get("rules")]


def test_what_is_discovered_is_the_api_server_on_its_own_ports(helm: Helm, tmp_path: Path) -> None:
    cluster = Cluster()
    for name in ("apps", "stalker"):
        cluster.add_namespace(name)
    slice_ = {"service": "kubernetes", "addresses": ["192.0.2.10"], "ports": [6443], "addressType": "IPv4"}
    cluster.set_slices("default", [slice_])
    with serving(cluster, tmp_path / "kubeconfig") as kubeconfig:
        server = ["--dry-run=server", "--disable-openapi-validation", "--kubeconfig", str(kubeconfig)]
        on: Object = {"backends": {"cilium": {"enabled": True}}}
        objects = Chart(helm, ROOT / "chart", tmp_path).objects(*Scenario("prod").files(), on, arguments=server)
    specs = {item["metadata"]["name"]: item["spec"] for item in of_kind(objects, "CiliumNetworkPolicy")}
    entities = [rule for rule in specs["redkite-orchestrator-egress"]["egress"] if "toEntities" in rule]
    assert [rule["toPorts"][0]["ports"][0]["port"] for rule in entities] == ["443", "6443"]


def test_the_cluster_s_policy_follows_the_namespaces(helm: Helm) -> None:
    names = {"namespaces.app.name": "apps", "namespaces.jobs.name": "work"}
    (item,) = of_kind(rendered(helm, Scenario("prod"), "clusterNetworkPolicy", **names), "ClusterNetworkPolicy")
    (expression,) = item["spec"]["subject"]["namespaces"]["matchExpressions"]
    assert expression["values"] == ["apps", "work", "default"]
