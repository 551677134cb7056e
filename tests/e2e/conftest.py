"""The cluster with its stand-ins, started once for all tests that ask for it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from netmatrix.matrix.model import Matrix
from tests.e2e import hosts, installation, packets, session, workloads
from tests.e2e.endpoints import Endpoint, endpoints
from tests.e2e.inside import dns
from tests.e2e.packets import Packet
from tests.e2e.paths import ROOT, Folder
from tests.e2e.report import TARGET, Report
from tests.e2e.session import Cluster

VALUES = ROOT / "values"


@dataclass(frozen=True)
class World:
    """A running cluster, everybody in and around it, and every question about them."""

    cluster: Cluster
    endpoints: list[Endpoint]
    questions: list[Packet]


def questions_of(cluster: Cluster, found: Sequence[Endpoint], ports: Sequence[int]) -> list[Packet]:
    """Every question about the endpoints; those of one source stand together."""
    service = cluster.get("service", "kube-dns", "--namespace", dns.NAMESPACE)
    asked = [*packets.packets(found, ports), *packets.requests(found, service["spec"]["clusterIPs"])]
    place = {id(endpoint): at for at, endpoint in enumerate(found)}
    return sorted(asked, key=lambda question: place[id(question.source)])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts clusters of its own sees a quiet machine; then come those that share one, one cluster at a time."""
    items.sort(key=lambda item: [name in getattr(item, "fixturenames", ()) for name in ("world", "first")])


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Iterator[Report]:
    """What the run will say; it is written where none failed, and nobody interrupted it."""
    begin = time.monotonic()
    found = Report()
    yield found
    found.phases.append(("all of it", time.monotonic() - begin))
    is_whole = not request.session.testsfailed and request.session.exitstatus == pytest.ExitCode.OK
    if is_whole and request.config.getoption("--write-report"):
        TARGET.write_text(found.text(), encoding="utf-8")


@pytest.fixture(scope="session")
def world(matrix: Matrix, report: Report) -> Iterator[World]:
    """The cluster with all stand-ins, and no policy."""
    outside = hosts.hosts(matrix)
    path = ROOT / "build" / "e2e" / "cluster"
    path.mkdir(parents=True, exist_ok=True)
    with session.running(Folder(path), outside, report.phases) as cluster:
        cluster.apply(workloads.objects(outside.ports))
        found = endpoints(cluster, outside, workloads.pods() + dns.REPLICAS)
        yield World(cluster, found, questions_of(cluster, found, outside.ports))


@pytest.fixture
def bare(world: World) -> Iterator[World]:
    """The cluster without the chart, before the test and after it."""
    installation.uninstall(world.cluster)
    yield world
    installation.uninstall(world.cluster)
