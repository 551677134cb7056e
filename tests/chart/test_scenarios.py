"""Every environment with every example of a cluster, with and without the operational overlay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kubernetes_validate
import pytest

from tests.chart.conftest import ObjectsOf
from tests.support.connections import ANYONE, Connection, Names, connections
from tests.support.kubernetes import VERSIONS, assert_accepted_by_the_api
from tests.support.rendering import Object
from tests.support.scenarios import ALL, CLUSTERS, ENVIRONMENTS, Scenario

EACH_SCENARIO = pytest.mark.parametrize("scenario", ALL, ids=str)


@dataclass(frozen=True)
class Example:
    """What an example of a cluster changes, against the environment file alone."""

    api: tuple[str, str] = ("10.96.0.1/32", "443")
    dns: tuple[tuple[str, str], ...] = (("dns", "53"),)
    taken_out_of_the_internet: str = ""
    outside: str = ANYONE
    exception: tuple[Connection, ...] = ()


# By hand, from the comments of each file.
EXAMPLES = {
    "minikube": Example(api=("192.168.49.2/32", "8443")),
    "kind": Example(api=("172.18.0.2/32", "6443")),
    "k3s": Example(api=("10.43.0.1/32", "443")),
    "eks": Example(api=("172.20.0.1/32", "443"), taken_out_of_the_internet=", 169.254.0.0/16, 100.64.0.0/10"),
    "gke": Example(
        api=("34.118.224.1/32", "443"),
        dns=(("dns", "53"), ("169.254.20.10/32", "53")),
        taken_out_of_the_internet=", 34.118.224.0/20, 240.0.0.0/4, 100.64.0.0/10",
    ),
    "aks": Example(
        api=("10.0.0.1/32", "443"),
        dns=(("dns", "53"), ("169.254.10.10/32", "53"), ("169.254.10.11/32", "53")),
        taken_out_of_the_internet=", 168.63.129.16/32, 100.64.0.0/10",
    ),
    "openshift": Example(
        api=("172.30.0.1/32", "443"),
        dns=(("openshift-dns/dns.operator.openshift.io/daemonset-dns=default", "5353"),),
    ),
    "ingress-controller": Example(
        outside="ingress-nginx/app.kubernetes.io/name=ingress-nginx,app.kubernetes.io/component=controller"
    ),
    "with-audit": Example(exception=(Connection("audit", "egress", "10.96.0.1/32", "TCP", "443"),)),
    "with-exception": Example(
        exception=(Connection("orchestrator", "egress", "203.0.113.20/32", "TCP", "443"),),
    ),
}


@EACH_SCENARIO
@pytest.mark.parametrize("version", VERSIONS)
def test_the_api_server_accepts_every_object(objects: ObjectsOf, scenario: Scenario, version: str) -> None:
    assert_accepted_by_the_api(objects(scenario), version)


@EACH_SCENARIO
def test_helm_3_renders_the_same_objects(objects: ObjectsOf, objects_of_helm3: ObjectsOf, scenario: Scenario) -> None:
    assert by_identity(objects_of_helm3(scenario)) == by_identity(objects(scenario))


@pytest.mark.parametrize("cluster", CLUSTERS)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_example_of_a_cluster_changes_what_it_is_about_and_nothing_else(
    objects: ObjectsOf, pod_names: Names, environment: str, cluster: str
) -> None:
    plain = connections(objects(Scenario(environment)), pod_names)
    expected = [moved for connection in plain for moved in as_in(EXAMPLES[cluster], connection)]
    opened = connections(objects(Scenario(environment, cluster=cluster)), pod_names)
    assert opened == sorted([*expected, *EXAMPLES[cluster].exception])


@pytest.mark.parametrize(
    ("field", "value"),
    [("ingres", []), ("policyTypes", "Ingress"), ("podSelector", {"matchLabels": {"app": 1}})],
    ids=["an unknown field", "a string for a list", "a number for a label"],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_schemas_would_refuse_a_policy_that_is_wrong(
    objects: ObjectsOf, version: str, field: str, value: Any
) -> None:
    *_, right = (item for item in objects(Scenario("prod")) if item["kind"] == "NetworkPolicy")
    wrong = {**right, "spec": {**right["spec"], field: value}}
    with pytest.raises(kubernetes_validate.ValidationError):
        assert_accepted_by_the_api([right, wrong], version)


def as_in(example: Example, connection: Connection) -> list[Connection]:
    """What a connection of the environment file alone becomes."""
    if connection.peer == "dns":
        return [connection._replace(peer=peer, port=port) for peer, port in example.dns]
    if connection.peer == Example.api[0]:
        return [connection._replace(peer=example.api[0], port=example.api[1])]
    if connection.peer == ANYONE:
        return [connection._replace(peer=example.outside)]
    if connection.peer.startswith("0.0.0.0/0 except "):
        return [connection._replace(peer=connection.peer + example.taken_out_of_the_internet)]
    return [connection]


def by_identity(objects: list[Object]) -> dict[tuple[str, str, str], Object]:
    found = {(item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]): item for item in objects}
    assert len(found) == len(objects)
    return found
