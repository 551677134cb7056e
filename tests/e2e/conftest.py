"""The cluster with its stand-ins, started once for all tests that ask for it."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import pytest

from netmatrix.matrix.model import Matrix
from tests.e2e import hosts, installation, leaving, packets, session, workloads
from tests.e2e.endpoints import Endpoint, endpoints
from tests.e2e.errors import ClusterError
from tests.e2e.inside import dns
from tests.e2e.packets import Packet
from tests.e2e.paths import ROOT, Folder
from tests.e2e.patience import FEW
from tests.e2e.report import TARGET, Report
from tests.e2e.session import Cluster, Hosts, locked

VALUES = ROOT / "values"
_RUNS = Folder(ROOT / "build" / "e2e")
"""The clusters of a run are in folders of this one."""

_REPORT = pytest.StashKey[Report]()


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
    """What starts clusters of its own sees a quiet machine; the others share one, which is empty for the first."""
    items.sort(key=lambda item: [name in getattr(item, "fixturenames", ()) for name in ("world", "empty")])


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_REPORT] = Report()
    config.pluginmanager.register(leaving)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was not asked is said."""
    if FEW and config.getoption("--write-report"):
        unwritten = f"{TARGET.relative_to(ROOT)} was not written"
        terminalreporter.write_line(f"NETMATRIX_QUESTIONS=few: not all was asked, and {unwritten}", yellow=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """One run at a time: a second one is told so, and stops with status 2 before it touches anything."""
    if not leaving.starts_clusters(session):
        return (yield)
    try:
        with locked(_RUNS):
            return (yield)
    except ClusterError as error:
        pytest.exit(str(error), returncode=2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    """Note how long each file of tests takes, with what its fixtures do before and after."""
    begin = time.monotonic()
    try:
        return (yield)
    finally:
        item.config.stash[_REPORT].took(item.path.name, time.monotonic() - begin)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """The report is written where all was asked, none failed, nobody interrupted the run, and nothing was left."""
    result = yield
    if session.exitstatus == pytest.ExitCode.OK and session.config.getoption("--write-report") and not FEW:
        TARGET.write_text(session.config.stash[_REPORT].text(), encoding="utf-8")
    return result


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Report:
    """What the run will say."""
    return request.config.stash[_REPORT]


@pytest.fixture(scope="session")
def outside(matrix: Matrix) -> Hosts:
    """The hosts outside the cluster."""
    return hosts.hosts(matrix)


@pytest.fixture(scope="session")
def empty(outside: Hosts, report: Report) -> Iterator[Cluster]:
    """The one cluster of the run, as it starts: for the tests of the life cycle, which come first. Others want `world`.

    A start takes a quarter of a minute, so that nothing else should start one.
    """
    with session.running(Folder(_RUNS.path / "cluster"), outside, report.phases) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def world(empty: Cluster, outside: Hosts) -> World:
    """The cluster with all stand-ins, and no policy.

    Who installs something uninstalls it: a fixture of one's own module, around several tests, is cheapest.
    """
    empty.apply(workloads.objects(outside.ports))
    found = endpoints(empty, outside, workloads.pods() + dns.REPLICAS)
    return World(empty, found, questions_of(empty, found, outside.ports))


@pytest.fixture
def bare(world: World) -> Iterator[World]:
    """The cluster without the chart, before the test and after it: for a test that installs it in a way of its own."""
    yield world
    installation.uninstall(world.cluster)
