"""Exceptions open a connection beyond the matrix, by policies of their own, and never one that the matrix forbids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from tests.chart.conftest import ObjectsOf
from tests.chart.test_retargets import changed, difference
from tests.support.connections import Connection, Names
from tests.support.kubernetes import VERSIONS, assert_accepted_by_the_api
from tests.support.rendering import Chart, policies
from tests.support.scenarios import Scenario

PROD, DEV = Scenario("prod"), Scenario("dev")
REASON = 'Nobody else can: "why?" {{ fail }} # 100 % it\'s - needed'
INTERNET = "0.0.0.0/0 except 169.254.169.254/32, 172.16.0.0/12, 192.168.0.0/16, 10.0.0.0/8"
PROMETHEUS = {"namespace": "monitoring", "selector": ["app=prometheus"]}

# from, to, what it opens: pod, direction, peer.
OPENED = {
    "a pod to addresses": (
        {"pod": "orchestrator"},
        {"cidr": "203.0.113.20/32"},
        [("orchestrator", "egress", "203.0.113.20/32")],
    ),
    "addresses to a pod": ({"cidr": "2001:db8::/32"}, {"pod": "ui"}, [("ui", "ingress", "2001:db8::/32")]),
    "a pod to a pod": (
        {"pod": "cron"},
        {"pod": "kafka"},
        [("cron", "egress", "kafka"), ("kafka", "ingress", "cron")],
    ),
    "a pod to a pod of the other namespace": (
        {"pod": "ui"},
        {"pod": "jobs"},
        [("jobs", "ingress", "ui"), ("ui", "egress", "jobs")],
    ),
    "other pods to a pod": (PROMETHEUS, {"pod": "kafka"}, [("kafka", "ingress", "monitoring/app=prometheus")]),
    "a pod to other pods": ({"pod": "ui"}, PROMETHEUS, [("ui", "egress", "monitoring/app=prometheus")]),
    "anyone to a pod": ({"endpoint": "outside"}, {"pod": "kafka"}, [("kafka", "ingress", "anyone")]),
    "a pod to an endpoint": ({"pod": "cron"}, {"endpoint": "internet"}, [("cron", "egress", INTERNET)]),
    "a pod of ours that the documented tables leave out": (
        {"pod": "jobs-consumer"},
        {"endpoint": "dns"},
        [("jobs-consumer", "egress", "dns")],
    ),
}

FORBIDDEN = {
    "addresses to mongo": ({"cidr": "203.0.113.20/32"}, {"pod": "mongo"}),
    "anyone to mongo": ({"endpoint": "outside"}, {"pod": "mongo"}),
    "other pods to mongo": (PROMETHEUS, {"pod": "mongo"}),
    "addresses to cron": ({"cidr": "203.0.113.20/32"}, {"pod": "cron"}),
}


def sha256(text: str) -> str:
    """The digest of ports, as long as a name has room for."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def exception(from_: dict[str, Any], to: dict[str, Any], id_: str = "mine") -> dict[str, Any]:
    ports = [{"protocol": "TCP", "port": 8443}, {"protocol": "UDP", "port": 123}]
    about = {"reason": REASON, "owner": "platform@example.org", "expires": "2099-12-31"}
    return {"exceptions": {id_: {"from": from_, "to": to, "ports": ports, **about}}}


@pytest.mark.parametrize(("from_", "to", "ends"), OPENED.values(), ids=OPENED.keys())
def test_an_exception_opens_its_two_ends_in_policies_of_its_own(
    chart: Chart,
    objects: ObjectsOf,
    pod_names: Names,
    from_: dict[str, Any],
    to: dict[str, Any],
    ends: list[tuple[str, str, str]],
) -> None:
    after = chart.objects(*PROD.files(), exception(from_, to))
    own = {f"redkite-exception-mine-{direction}-tcp-8443-udp-123": direction for _, direction, _ in ends}
    assert changed(objects(PROD), after) == own.keys()
    opened = [Connection(*end, *port) for end in ends for port in (("TCP", "8443"), ("UDP", "123"))]
    assert difference(objects(PROD), after, pod_names) == ([], opened)
    for name, direction in own.items():
        policy = policies(after)[name]
        assert policy["metadata"]["annotations"] == {
            "red-kite-network/reason": REASON,
            "red-kite-network/owner": "platform@example.org",
            "red-kite-network/expires": "2099-12-31",
        }
        assert policy["spec"]["policyTypes"] == [direction.title()]
    for version in VERSIONS:
        assert_accepted_by_the_api(after, version)


@pytest.mark.parametrize(("from_", "to"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
@pytest.mark.parametrize("arguments", [[], ["--skip-schema-validation"]], ids=["", "without the schema"])
def test_no_exception_wins_over_a_never_line(
    chart: Chart, from_: dict[str, Any], to: dict[str, Any], arguments: list[str]
) -> None:
    output = chart.template(*PROD.files(), exception(from_, to), arguments=arguments)
    assert output.status != 0
    assert output.stdout == b""
    assert "NM272 exceptions.mine: the matrix forbids this (never line outside-to-" in output.stderr
    assert "A production deployment should not allow" in output.stderr


@pytest.mark.parametrize(("from_", "to"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_a_never_line_binds_in_its_environments_alone(
    chart: Chart, objects: ObjectsOf, from_: dict[str, Any], to: dict[str, Any]
) -> None:
    after = chart.objects(*DEV.files(), exception(from_, to))
    assert changed(objects(DEV), after) == {"redkite-exception-mine-ingress-tcp-8443-udp-123"}


def test_a_never_line_about_outside_leaves_pods_of_ours_alone(chart: Chart, objects: ObjectsOf) -> None:
    after = chart.objects(*PROD.files(), exception({"pod": "ui"}, {"pod": "mongo"}))
    assert changed(objects(PROD), after) == {
        "redkite-exception-mine-ingress-tcp-8443-udp-123",
        "redkite-exception-mine-egress-tcp-8443-udp-123",
    }


def test_an_exception_for_outside_follows_what_outside_is(chart: Chart, objects: ObjectsOf, pod_names: Names) -> None:
    mine = exception({"endpoint": "outside"}, {"pod": "kafka"})
    peers = {"office": {"cidr": "203.0.113.0/24"}}
    closed = chart.objects(*PROD.files(), mine, {"endpoints": {"outside": {"anyone": False}}})
    narrowed = chart.objects(*PROD.files(), mine, {"endpoints": {"outside": {"anyone": False, "peers": peers}}})
    assert "redkite-exception-mine-ingress-tcp-8443-udp-123" not in policies(closed)
    _, gained = difference(objects(PROD), narrowed, pod_names)
    assert {connection.peer for connection in gained} == {"203.0.113.0/24"}


def test_the_longest_id_gives_names_that_still_fit_a_label(chart: Chart) -> None:
    for ports in ([443], [8443], range(1, 33)):
        after = policies(chart.objects(*PROD.files(), of_ports({"TCP": ports}, "a" * 28)))
        assert max(map(len, after)) <= 63
    assert chart.template(*PROD.files(), of_ports({"TCP": [443]}, "a" * 29)).status != 0


def of_ports(ports: Mapping[str, Iterable[int]], id_: str = "mine") -> dict[str, Any]:
    """An exception between two pods of ours on these ports, in this order."""
    found = exception({"pod": "cron"}, {"pod": "kafka"}, id_)
    found["exceptions"][id_]["ports"] = [
        {"protocol": protocol, "port": port} for protocol, numbers in ports.items() for port in numbers
    ]
    return found


NAMED: dict[str, tuple[Mapping[str, Iterable[int]], str]] = {
    "one": ({"TCP": [443]}, "tcp-443"),
    "two": ({"TCP": [443, 22]}, "tcp-22-tcp-443"),
    "of each protocol": ({"UDP": [1], "TCP": [1], "SCTP": [1]}, "sctp-1-tcp-1-udp-1"),
    "more than fit": ({"TCP": range(1001, 1009)}, sha256("-".join(f"tcp-{port}" for port in range(1001, 1009)))),
}


@pytest.mark.parametrize(("ports", "said"), NAMED.values(), ids=NAMED.keys())
def test_the_name_of_an_exceptions_policy_says_its_ports_in_any_order(
    chart: Chart, objects: ObjectsOf, ports: Mapping[str, Iterable[int]], said: str
) -> None:
    backwards = {protocol: list(numbers)[::-1] for protocol, numbers in list(ports.items())[::-1]}
    for order in (ports, backwards):
        after = chart.objects(*PROD.files(), of_ports(order))
        names = {f"redkite-exception-mine-{direction}-{said}" for direction in ("ingress", "egress")}
        assert changed(objects(PROD), after) == names
