"""While one set of values gives way to another, nothing passes that neither grants, on a data plane that counts rules.

`tests/support/places.py` says how such a data plane lets more through for a moment, and how that is computed here.
"""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from netmatrix.helm import Helm
from netmatrix.matrix.model import Matrix
from netmatrix.matrix.names import without_ports
from tests.chart.conftest import ObjectsOf
from tests.chart.moving import Layer, layers
from tests.support.places import accepted_between, accepted_in_turn
from tests.support.rendering import Chart, Object, objects_of
from tests.support.scenarios import CLUSTERS, ENVIRONMENTS, ROOT, Scenario
from tests.support.shares import long_but

PROD = Scenario("prod", operational=True)
EARLIER = Path(__file__).parent / "earlier_layout"
"""What the chart rendered before a flow that leads to no pod had a policy of its own; its README says more."""

FLOWS = sorted(
    {
        (environment, flow)
        for environment in ENVIRONMENTS
        for file in Scenario(environment, operational=True).files()
        for flow in yaml.safe_load(file.read_text(encoding="utf-8"))["flows"]
    }
)


def is_quick(switched: tuple[str, str]) -> bool:
    """In the quick run a flow is switched in one environment: in prod, or in dev where that alone has it."""
    environment, flow = switched
    return environment == "prod" or ("prod", flow) not in FLOWS


def exception(to: Layer, *ports: int, of: str = "cron") -> Layer:
    """One from a pod of ours, under one id."""
    said = {"reason": "a test", "owner": "tests", "expires": "2030-01-01"}
    declared = {"from": {"pod": of}, "to": to, "ports": [{"protocol": "TCP", "port": port} for port in ports]}
    return {"exceptions": {"mine": declared | said}}


def dns(**values: Any) -> Layer:
    return {"endpoints": {"dns": values}}


def api(cidrs: list[str], *ports: int) -> Layer:
    return {"endpoints": {"kubernetes-api": {"cidrs": cidrs, "ports": list(ports)}}}


def outside(namespace: str) -> Layer:
    peers = {"those": {"namespace": namespace, "selector": ["app=proxy"]}}
    return {"endpoints": {"outside": {"anyone": False, "peers": peers}}}


NOTHING: Layer = {}
ELSEWHERE = {"kube-dns": {"namespace": "dns", "selector": ["app=unbound"]}}
BLOCK, OTHER_BLOCK = {"cidr": "203.0.113.0/28"}, {"cidr": "198.51.100.0/28"}
UI_PORT = {"pods": {"ui": {"ports": {"https": 8443}}}}

CLEAN: dict[str, tuple[Layer, Layer]] = {
    "a port": (NOTHING, {"pods": {"kafka": {"ports": {"controller": 29093}}}}),
    "all ports": (NOTHING, {"pods": {"kafka": {"ports": {"client": 1, "controller": 2, "interbroker": 3}}}}),
    "labels": (NOTHING, {"pods": {"mongo": {"selector": ["app.kubernetes.io/name=percona"]}}}),
    "labels and ports": (
        NOTHING,
        {"pods": {"kafka": {"selector": ["app.kubernetes.io/name=redpanda"], "ports": {"client": 19092}}}},
    ),
    "outside narrowed": (NOTHING, outside("ingress-nginx")),
    "outside narrowed and its port": (NOTHING, outside("ingress-nginx") | UI_PORT),
    "outside moved": (outside("ingress-nginx"), outside("traefik")),
    "outside moved to addresses": (
        outside("ingress-nginx"),
        {"endpoints": {"outside": {"anyone": False, "peers": {"those": BLOCK}}}},
    ),
    "outside nobody": (NOTHING, {"endpoints": {"outside": {"anyone": False}}}),
    "dns elsewhere": (NOTHING, dns(peers=ELSEWHERE)),
    "dns on another port": (NOTHING, dns(ports={"udp": 5353, "tcp": 5353})),
    "dns at addresses too": (NOTHING, dns(cidrs=["169.254.20.10/32"])),
    "dns at addresses alone": (dns(cidrs=["169.254.20.10/32"]), dns(peers={"kube-dns": None}, cidrs=["10.0.0.1/32"])),
    "dns nowhere": (NOTHING, dns(peers={"kube-dns": None})),
    "the API elsewhere": (NOTHING, api(["192.0.2.10/32"], 443)),
    "the API on another port": (NOTHING, api(["10.96.0.1/32"], 6443)),
    "the API nowhere": (NOTHING, api([], 443)),
    "the API from nowhere elsewhere, on another port": (api([], 443), api(["192.0.2.10/32"], 6443)),
    "less of the Internet": (NOTHING, {"endpoints": {"internet": {"additionalExcept": {"a": "100.64.0.0/10"}}}}),
    "an exception": (NOTHING, exception(BLOCK, 443)),
    "an exception elsewhere": (exception(BLOCK, 443), exception(OTHER_BLOCK, 443)),
    "an exception on another port": (exception(BLOCK, 443), exception(BLOCK, 22)),
    "an exception for another pod": (
        exception(BLOCK, 443),
        exception(BLOCK, 443, of="ui"),
    ),
    "an exception to another kind of end": (
        exception(BLOCK, 443),
        exception({"namespace": "monitoring", "selector": ["app=loki"]}, 3100),
    ),
    "dns elsewhere, on another port": (NOTHING, dns(peers=ELSEWHERE, ports={"udp": 5353, "tcp": 5353})),
    "the API elsewhere, on another port": (NOTHING, api(["192.0.2.10/32"], 6443)),
    "outside moved, and a port of who is open to it": (outside("ingress-nginx"), outside("traefik") | UI_PORT),
    "an exception elsewhere, on another port": (exception(BLOCK, 443), exception(OTHER_BLOCK, 22)),
    "an exception elsewhere, on many ports": (exception(BLOCK, *range(1, 20)), exception(OTHER_BLOCK, *range(2, 21))),
    "an exception to a pod of ours, once to another on another port": (
        exception({"pod": "kafka"}, 9092),
        exception({"pod": "orchestrator"}, 80),
    ),
    "an exception for another pod, elsewhere, on another port": (
        exception(BLOCK, 443),
        exception(OTHER_BLOCK, 22, of="ui"),
    ),
    "an exception for another pod, elsewhere": (exception(BLOCK, 443), exception(OTHER_BLOCK, 443, of="ui")),
}  # fmt: skip
"""What values change, by what is changed: before and after. The last ones change both peers and ports of a rule."""


@pytest.fixture(scope="module")
def render(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Prod with the operational flows and a layer more, each once."""
    chart = Chart(helm, ROOT / "chart", tmp_path_factory.mktemp("values"))

    @cache
    def rendered(environment: str, layer: str) -> list[Object]:
        return chart.objects(*Scenario(environment, operational=True).files(), yaml.safe_load(layer))

    return lambda layer, environment="prod": rendered(environment, yaml.safe_dump(layer))


def test_every_flow_of_the_matrix_is_switched(matrix: Matrix) -> None:
    granted = {
        (environment, flow.id) for flow in matrix.without_audit().flows.values() for environment in flow.environments
    }
    assert set(FLOWS) == granted


@pytest.mark.parametrize("switched", long_but(is_quick, FLOWS))
def test_a_flow_is_switched_off_and_on(render: Any, objects: ObjectsOf, switched: tuple[str, str]) -> None:
    environment, flow = switched
    with_it = objects(Scenario(environment, operational=True))
    without = render({"flows": {flow: {"enabled": False}}}, environment)
    assert without != with_it
    assert accepted_between(with_it, without) == []
    assert accepted_between(without, with_it) == []


@pytest.mark.parametrize("operational", [False, True])
def test_environments_change(objects: ObjectsOf, operational: bool) -> None:
    prod, dev = (objects(Scenario(environment, operational)) for environment in ENVIRONMENTS)
    assert accepted_between(prod, dev) == []
    assert accepted_between(dev, prod) == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_overlay_comes_and_goes(objects: ObjectsOf, environment: str) -> None:
    without, with_it = (objects(Scenario(environment, operational)) for operational in (False, True))
    assert accepted_between(without, with_it) == []
    assert accepted_between(with_it, without) == []


@pytest.mark.parametrize("name", CLEAN)
def test_values_move_something(render: Any, name: str) -> None:
    one, other = map(render, CLEAN[name])
    assert one != other
    assert accepted_between(one, other) == []
    assert accepted_between(other, one) == []


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_the_example_of_a_cluster_is_put_on_and_taken_off(objects: ObjectsOf, cluster: str) -> None:
    without, with_it = objects(PROD), objects(Scenario("prod", operational=True, cluster=cluster))
    assert accepted_between(without, with_it) == []
    assert accepted_between(with_it, without) == []


def gives_way(render: Any, one: Layer, other: Layer) -> None:
    """What passes on any data plane, between two pods of ours, is not the names' to prevent."""
    before, after = render(one), render(other)
    if found := accepted_between(before, after):
        assert set(found) <= set(accepted_in_turn(before, after))


@settings(max_examples=20, deadline=None, derandomize=True, database=None)
@given(one=layers, other=layers)
def test_random_values_give_way_to_others(render: Any, one: Layer, other: Layer) -> None:
    gives_way(render, one, other)


@pytest.mark.long
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(one=layers, other=layers)
def test_very_many_random_values_give_way_to_others(render: Any, one: Layer, other: Layer) -> None:
    gives_way(render, one, other)


def test_one_end_of_two_pods_of_ours_may_be_as_before_and_the_other_as_after(render: Any) -> None:
    """On every data plane: what is opened here is a range that holds addresses of our pods."""
    before = render(NOTHING)
    after = render(outside("ingress-nginx") | exception({"endpoint": "internet"}, 443))
    found = accepted_between(before, after)
    assert found == accepted_in_turn(before, after) == ["stalker/devspace-app,cron -> stalker/devspace-app,ui TCP 443"]


def without_ports_in_names(objects: list[Object]) -> list[Object]:
    """The objects as the chart rendered them before the names of policies held ports."""
    found = copy.deepcopy(objects)
    for item in found:
        item["metadata"]["name"] = without_ports(item["metadata"]["name"])
    return found


MOVED = (
    "all ports",
    "outside narrowed and its port",
    "dns elsewhere, on another port",
    "the API elsewhere, on another port",
    "an exception",
    "an exception elsewhere, on many ports",
)


@pytest.mark.parametrize("name", MOVED)
def test_names_without_ports_give_way_to_names_with_them(render: Any, name: str) -> None:
    """The same values, upgraded from a chart whose policies' names held no ports, and rolled back."""
    _, values = CLEAN[name]
    now = render(values)
    earlier = without_ports_in_names(now)
    assert earlier != now
    assert accepted_between(earlier, now) == []
    assert accepted_between(now, earlier) == []


def test_peers_and_ports_that_move_at_once_under_one_name_are_found_out(render: Any) -> None:
    """What the names are for."""
    one, other = (without_ports_in_names(render(layer)) for layer in CLEAN["an exception elsewhere, on another port"])
    through = ["stalker/devspace-app,cron -> 198.51.100.0 TCP 443"]
    assert [packet for packet in accepted_between(one, other) if packet in through] == through


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("operational", [False, True])
def test_the_layout_of_earlier_versions_gives_way(objects: ObjectsOf, environment: str, operational: bool) -> None:
    scenario = Scenario(environment, operational)
    earlier = objects_of((EARLIER / f"{scenario}.yaml").read_bytes())
    assert accepted_between(earlier, objects(scenario)) == []


def test_the_layout_of_earlier_versions_is_found_out() -> None:
    """A flow to the name service that comes takes the place of the rule for Kafka, whose ports it gets for a moment."""
    earlier = objects_of((EARLIER / "prod.yaml").read_bytes())
    without = objects_of((EARLIER / "prod.yaml").read_bytes())
    (policy,) = (item for item in without if item["metadata"]["name"] == "redkite-kafka-egress")
    del policy["spec"]["egress"][0]
    assert "stalker/kafka,kafka -> kube-system/kube-dns TCP 9092" in accepted_between(without, earlier)
