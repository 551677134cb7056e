"""What a cluster may change about the chart, for real: the network follows at both ends, and in nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from netmatrix.matrix.model import Matrix
from tests.e2e import hosts, packets, release, workloads
from tests.e2e.addresses import API_PORT
from tests.e2e.choosing import chosen
from tests.e2e.comparison import disagreements
from tests.e2e.conftest import World, questions_of
from tests.e2e.endpoints import Endpoint, Kind, endpoints
from tests.e2e.expectation import Engine
from tests.e2e.inside import dns
from tests.e2e.installation import install, rendered, uninstall
from tests.e2e.packets import Packet
from tests.e2e.probing import Result
from tests.e2e.release import PROD
from tests.e2e.report import Report
from tests.e2e.session import Cluster
from tests.e2e.workloads import APP, JOBS, StandIn

pytestmark = pytest.mark.e2e

RENAMED = {APP: "red", JOBS: "red-jobs"}
STANDING = {"ui", "cron", "mongo-mongodb", "orchestrator", "job-1"}
"""Who is in the renamed namespaces too: those who are reached from outside, by others, by jobs, by nobody."""

CONDUCTOR = StandIn("conductor", APP, "Pod", {"app.kubernetes.io/name": "conductor"})
"""An Orchestrator with labels of its own."""

EXTRA = (
    CONDUCTOR,
    *(replace(item, namespace=RENAMED[item.namespace]) for item in workloads.RED_KITE if item.name in STANDING),
)

OTHER_PORT = 27018
"""One that the matrix does not know."""

MONGO_PORT = 27017
ATTACKERS = ("nobody", "as-dns", "as-job")

Flow = tuple[str, str, int]
"""From where, to where, on which TCP port; pods by namespace and workload."""

OVERRIDES: Mapping[str, Mapping[str, Any]] = {
    "renamed namespaces": {"namespaces": {"app": {"name": RENAMED[APP]}, "jobs": {"name": RENAMED[JOBS]}}},
    "other labels": {"pods": {"orchestrator": {"selector": ["app.kubernetes.io/name=conductor"]}}},
    "a moved port": {"pods": {"orchestrator": {"ports": {"http": OTHER_PORT}}}},
    "a narrowed outside": {"endpoints": {"outside": {"anyone": False, "peers": {"somebody": release.SOMEBODY}}}},
    "an exception": {"exceptions": {"somewhere": release.EXCEPTION}},
    "discovery switched off": {"endpoints": {"kubernetes-api": {"discover": False}}},
}


@dataclass(frozen=True)
class Crowd:
    """Everybody, those who are there for one override alone among them, and questions that stand for all."""

    cluster: Cluster
    ends: int
    questions: list[Packet]
    in_prod: dict[int, bool]
    """What arrived in prod, by the place of the question."""


@pytest.fixture(scope="module")
def crowd(world: World, matrix: Matrix) -> Iterator[Crowd]:
    """Prod is installed; the extra stand-ins go with the tests."""
    cluster = world.cluster
    outside = hosts.hosts(matrix)
    cluster.apply(workloads.objects(outside.ports, EXTRA))
    everybody = endpoints(cluster, outside, workloads.pods() + workloads.pods(EXTRA) + dns.REPLICAS)
    # No override here touches the ranges that the other hosts outside are there for.
    found = [item for item in everybody if item.kind is not Kind.HOST or item.name in hosts.INTERNET]
    expected = install(cluster, matrix, [PROD])
    states = [Engine(expected.policies)]
    states += [Engine(rendered(cluster, release.with_override(cluster, values))) for values in OVERRIDES.values()]
    everything = questions_of(cluster, found, outside.ports)
    standing = {id(packet) for packet in chosen(everything, states)}
    questions = [packet for packet in everything if id(packet) in standing or _is_told(packet)]
    seen = packets.send(cluster, questions, expected.engine)
    assert list(map(str, disagreements(seen, expected))) == []
    yield Crowd(
        cluster, len(found), questions, {at: result is Result.OPEN for at, (_, result) in enumerate(seen.results)}
    )
    uninstall(cluster)
    cluster.kubectl("delete", "namespace", *RENAMED.values(), "--wait=false")
    cluster.kubectl("delete", "pod", CONDUCTOR.name, "--namespace", CONDUCTOR.namespace)


@dataclass(frozen=True)
class Change:
    """What an override has opened and closed, as the network says, beside prod."""

    opened: set[Flow]
    closed: set[Flow]


@pytest.fixture
def changed(crowd: Crowd, matrix: Matrix, report: Report) -> Callable[[str], Change]:
    """Upgrade with an override; network, engine and matrix agree on every question."""

    def change(name: str) -> Change:
        expected = install(crowd.cluster, matrix, release.with_override(crowd.cluster, OVERRIDES[name]))
        seen = packets.send(crowd.cluster, crowd.questions, expected.engine)
        wrong = list(map(str, disagreements(seen, expected)))
        report.add_override(f"prod with {name}", crowd.ends, seen, len(wrong))
        assert wrong == []
        tcp = [
            (at, packet, result is Result.OPEN)
            for at, (packet, result) in enumerate(seen.results)
            if packet.target.protocol == "TCP"
        ]
        return Change(
            {_flow(packet) for at, packet, is_open in tcp if is_open and not crowd.in_prod[at]},
            {_flow(packet) for at, packet, is_open in tcp if not is_open and crowd.in_prod[at]},
        )

    return change


def test_renamed_namespaces_are_segmented_and_the_old_ones_are_left(changed: Callable[[str], Change]) -> None:
    found = changed("renamed namespaces")
    assert {(f"unrelated/{name}", "red/mongo-mongodb", MONGO_PORT) for name in ATTACKERS} <= found.closed
    assert {(f"unrelated/{name}", "stalker/mongo-mongodb", MONGO_PORT) for name in ATTACKERS} <= found.opened
    assert ("red/mongo-mongodb", "red/mongo-mongodb", MONGO_PORT) not in found.closed
    assert ("red-jobs/job-1", "red/orchestrator", 80) not in found.closed


def test_other_labels_move_what_is_granted_at_both_ends(changed: Callable[[str], Change]) -> None:
    found = changed("other labels")
    granted = {("stalker-jobs/job-1", "ORCHESTRATOR", 80), ("stalker-jobs/job-2", "ORCHESTRATOR", 80)}
    granted |= {("ORCHESTRATOR", name, 9092) for name in ("stalker/kafka-controller", "stalker/kafka-provisioning")}
    granted |= {("ORCHESTRATOR", "the API server", API_PORT)}
    granted |= {("ORCHESTRATOR", name, 53) for name in ("kube-system/coredns", "kube-system/kube-dns")}
    assert found.closed == _of("stalker/orchestrator", granted)
    assert found.opened == _of("stalker/conductor", granted)


def test_a_moved_port_is_opened_and_the_old_one_closed(changed: Callable[[str], Change]) -> None:
    found = changed("a moved port")
    jobs = ("stalker-jobs/job-1", "stalker-jobs/job-2")
    assert found.opened == {(job, "stalker/orchestrator", OTHER_PORT) for job in jobs}
    assert found.closed == {(job, "stalker/orchestrator", 80) for job in jobs}


def test_outside_narrowed_to_a_pod_of_one_namespace_keeps_all_others_out(changed: Callable[[str], Change]) -> None:
    found = changed("a narrowed outside")
    assert found.opened == set()
    assert {(destination, port) for _, destination, port in found.closed} == {("stalker/ui", 80), ("stalker/ui", 443)}
    sources = {source for source, _, _ in found.closed}
    assert {*hosts.INTERNET[:1], "unrelated/nobody", "kube-system/nobody"} <= sources
    assert "unrelated/as-dns" not in sources


def test_a_declared_exception_opens_itself_and_nothing_else(changed: Callable[[str], Change]) -> None:
    found = changed("an exception")
    assert found == Change({("stalker/orchestrator", hosts.INTERNET[0], 443)}, set())


def test_with_discovery_off_what_the_values_name_is_granted_alone(changed: Callable[[str], Change]) -> None:
    """They name the Service's address, which this data plane never sees."""
    found = changed("discovery switched off")
    assert found == Change(set(), {("stalker/orchestrator", "the API server", API_PORT)})


def _of(name: str, flows: set[Flow]) -> set[Flow]:
    def named(end: str) -> str:
        return name if end == "ORCHESTRATOR" else end

    return {(named(source), named(destination), port) for source, destination, port in flows}


def _is_told(packet: Packet) -> bool:
    """Whether a test above speaks of it, so that it is asked for every pod, and not for one that stands for others."""
    if (packet.target.protocol, packet.target.family) != ("TCP", 4):
        return False
    source, destination, port = _flow(packet)
    orchestrators = ("stalker/orchestrator", "stalker/conductor", "red/orchestrator")
    return (
        (destination in (*orchestrators, "stalker/ui") and port in (80, 443, OTHER_PORT))
        or (source in orchestrators and port in (53, 443, API_PORT, 9092))
        or (destination.endswith("/mongo-mongodb") and port == MONGO_PORT)
    )


def _flow(packet: Packet) -> Flow:
    return _workload(packet.source), _workload(packet.destination), packet.target.port


def _workload(endpoint: Endpoint) -> str:
    """The name that replicas share."""
    names = ["coredns", *(item.name for item in (*workloads.ALL, *EXTRA))]
    known = (name for name in names if endpoint.name == name or endpoint.name.startswith(f"{name}-"))
    return f"{endpoint.namespace}/{next(known)}" if endpoint.namespace else endpoint.name
