"""Values that move a pod, a port or a namespace: both ends of every flow move together, and nothing else does."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.chart.conftest import ObjectsOf, TextOf
from tests.chart.expected import ENDPOINTS, PODS, lone
from tests.support.connections import Connection, Names, connections, names
from tests.support.rendering import Chart, Object, policies
from tests.support.scenarios import Scenario

PROD = Scenario("prod")
PROD_FILES = PROD.files()
FLOWS = re.findall(r"^  ([\w-]+): \{enabled: true\}$", PROD_FILES[0].read_text(encoding="utf-8"), re.M)


def test_a_port_moves_at_both_ends_and_nothing_else_changes(chart: Chart, objects: ObjectsOf, pod_names: Names) -> None:
    after = chart.objects(*PROD_FILES, {"pods": {"orchestrator": {"ports": {"http": 8080}}}})
    assert changed(objects(PROD), after) == {"redkite-orchestrator-ingress", "redkite-jobs-egress"}
    lost, gained = difference(objects(PROD), after, pod_names)
    ends = [("jobs", "egress", "orchestrator"), ("orchestrator", "ingress", "jobs")]
    assert lost == [Connection(*end, "TCP", "80") for end in ends]
    assert gained == [Connection(*end, "TCP", "8080") for end in ends]


def test_one_of_several_ports_moves_alone(chart: Chart, objects: ObjectsOf, pod_names: Names) -> None:
    after = chart.objects(*PROD_FILES, {"pods": {"kafka": {"ports": {"controller": 29093}}}})
    lost, gained = difference(objects(PROD), after, pod_names)
    ends = [("kafka", "egress", "kafka"), ("kafka", "ingress", "kafka")]
    assert lost == [Connection(*end, "TCP", "9093") for end in ends]
    assert gained == [Connection(*end, "TCP", "29093") for end in ends]


@pytest.mark.parametrize("pod", [pod for pod in PODS if pod != "dns"])
def test_a_pod_under_other_labels_keeps_all_its_connections(
    chart: Chart, objects: ObjectsOf, pod_names: Names, pod: str
) -> None:
    scenario = Scenario("prod", operational=True)
    after = chart.objects(*scenario.files(), {"pods": {pod: {"selector": ["app.kubernetes.io/name=moved", "tier=a"]}}})
    moved = PODS | {pod: (PODS[pod][0], {"app.kubernetes.io/name": "moved", "tier": "a"})}
    assert connections(after, names(moved)) == connections(objects(scenario), pod_names)


def test_a_renamed_namespace_is_renamed_wherever_it_occurs(chart: Chart, objects: ObjectsOf, pod_names: Names) -> None:
    renamed = {"stalker": "red", "stalker-jobs": "red-work"}
    values = {"namespaces": {"app": {"name": "red"}, "jobs": {"name": "red-work"}}}
    output = chart.template(*PROD_FILES, values)
    assert b"stalker" not in output.stdout
    after = chart.objects(*PROD_FILES, values)
    moved = {pod: (renamed.get(namespace, namespace), labels) for pod, (namespace, labels) in PODS.items()}
    assert connections(after, names(moved)) == connections(objects(PROD), pod_names)
    assert {name for name in policies(after) if "default-deny" in name} == {
        f"redkite-default-deny/{namespace}" for namespace in ("red", "red-work", "default")
    }
    assert [item["metadata"]["name"] for item in after if item["kind"] == "Namespace"] == ["red-work"]


@pytest.mark.parametrize(
    ("create", "created"),
    [
        ({"jobs": False}, []),
        ({"app": True}, ["stalker", "stalker-jobs"]),
        ({"app": True, "jobs": False}, ["stalker"]),
    ],
    ids=str,
)
def test_the_chart_creates_the_namespaces_that_values_say_and_their_policies_anyway(
    chart: Chart, objects: ObjectsOf, create: dict[str, bool], created: list[str]
) -> None:
    after = chart.objects(*PROD_FILES, {"namespaces": {id_: {"create": yes} for id_, yes in create.items()}})
    assert sorted(item["metadata"]["name"] for item in after if item["kind"] == "Namespace") == created
    assert policies(after) == policies(objects(PROD))


def test_the_releases_own_namespace_is_never_rendered(chart: Chart) -> None:
    """Helm has made it by then. Without a cluster the namespace that `--namespace` names is the release's own."""
    create = {"namespaces": {"app": {"create": True}}}
    after = chart.objects(*PROD_FILES, create, arguments=["--namespace", "stalker"])
    assert [item["metadata"]["name"] for item in after if item["kind"] == "Namespace"] == ["stalker-jobs"]


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_switched_off_closes_its_two_ends_and_nothing_else(
    chart: Chart, objects: ObjectsOf, pod_names: Names, flow: str
) -> None:
    after = chart.objects(*PROD_FILES, {"flows": {flow: {"enabled": False}}})
    lost, gained = difference(objects(PROD), after, pod_names)
    assert not gained
    source, destination = flow.split("-to-")
    ends = {("egress", source), ("ingress", destination)} & {
        (direction, pod) for pod in PODS if pod != "dns" for direction in ("ingress", "egress")
    }
    assert {(connection.direction, connection.pod) for connection in lost} == ends
    alone = {
        lone("prod", pod, direction, peer) for direction, pod in ends for peer in ENDPOINTS & {source, destination}
    }
    assert policies(objects(PROD)).keys() - policies(after).keys() == alone
    assert policies(after).keys() <= policies(objects(PROD)).keys()


@pytest.mark.parametrize(
    ("values", "off"),
    [
        ({"pods": {"mongo": {"ports": {"mongodb": 1}}, "kafka": {"ports": {"client": 1}}}}, []),
        ({"namespaces": {"app": {"name": "zzz"}, "jobs": {"name": "aaa"}}}, []),
        ({"endpoints": {"dns": {"peers": {"a": {"namespace": "a", "selector": ["a=a"]}}}}}, []),
        ({"endpoints": {"outside": {"anyone": False, "peers": {"office": {"cidr": "203.0.113.0/24"}}}}}, []),
        ({"flows": {"cron-to-mongo": {"enabled": False}}}, ["cron -> mongo"]),
    ],
    ids=["ports", "namespaces", "dns", "outside", "a flow off"],
)
def test_the_order_of_rules_is_the_matrixs_whatever_values_say(
    chart: Chart, text_of: TextOf, values: dict[str, Any], off: list[str]
) -> None:
    before, output = who_reaches_whom(text_of(PROD)), chart.template(*PROD_FILES, values)
    assert who_reaches_whom(output.stdout.decode()) == [line for line in before if line not in off]


def who_reaches_whom(text: str) -> list[str]:
    return re.findall(r"^ +# ([\w-]+ -> [\w-]+):", text, re.M)


def changed(before: list[Object], after: list[Object]) -> set[str]:
    """The names of the policies that differ or are on one side only."""
    one, other = policies(before), policies(after)
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def difference(before: list[Object], after: list[Object], known: Names) -> tuple[list[Connection], list[Connection]]:
    """The connections lost and gained."""
    one, other = connections(before, known), connections(after, known)
    return [c for c in one if c not in other], [c for c in other if c not in one]
