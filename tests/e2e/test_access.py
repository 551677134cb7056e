"""How a person reaches the application, as Helm prints it after an install; and that nobody else does."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from netmatrix.matrix.model import Matrix
from tests.e2e import packets, workloads
from tests.e2e.conftest import World
from tests.e2e.endpoints import Kind
from tests.e2e.errors import ClusterError
from tests.e2e.installation import NAMESPACE, RELEASE, install, uninstall
from tests.e2e.packets import Packet
from tests.e2e.paths import TOOLS
from tests.e2e.patience import patient
from tests.e2e.release import DEV, PROD
from tests.e2e.session import Cluster
from tests.e2e.visiting import visit
from tests.e2e.workloads import APP, JOBS, UI, UI_WITH_TLS

pytestmark = pytest.mark.e2e

_COMMAND = re.compile(r"^ *(kubectl port-forward .*)\n *then (\S+)$", re.MULTILINE)
_PATIENCE = patient(30.0)


@dataclass(frozen=True)
class Access:
    """A command that Helm has printed, and the URL that answers while it runs."""

    command: str
    url: str


@pytest.fixture(scope="module")
def cluster(world: World) -> Iterator[Cluster]:
    """The Service of the UI leads to a stand-in that speaks TLS."""
    found = world.cluster
    ports = (80, 4200)
    found.apply(workloads.objects(ports, [UI_WITH_TLS]))
    place = ("--namespace", APP)
    found.kubectl("wait", "--for=condition=Ready", "pod", UI_WITH_TLS.name, *place, f"--timeout={_PATIENCE:.0f}s")
    yield found
    uninstall(found)
    found.kubectl("delete", "pod", UI_WITH_TLS.name, *place)
    services = [item for item in workloads.objects(ports, [UI]) if item["kind"] == "Service"]
    found.apply(services)


def test_in_prod_the_printed_command_makes_the_ui_answer_over_https(cluster: Cluster, matrix: Matrix) -> None:
    install(cluster, matrix, [PROD])
    (ui,) = _printed(cluster)
    assert ui.url == "https://127.0.0.1:8443/"
    with _forwarding(cluster, ui.command):
        assert visit(cluster, ui.url) == f"200 {UI_WITH_TLS.name}"


def test_in_dev_each_printed_command_makes_its_url_answer(cluster: Cluster, matrix: Matrix) -> None:
    install(cluster, matrix, [DEV])
    answers = {}
    for access in _printed(cluster):
        with _forwarding(cluster, access.command):
            answers[access.url] = visit(cluster, access.url)
    assert {url: re.sub("-.*", "", answer) for url, answer in answers.items()} == {
        "http://127.0.0.1:4200/": "ui",
        "http://127.0.0.1:3000/": "jobs",
        "http://127.0.0.1:3001": "cron",
        "mongodb://127.0.0.1:27017": "mongo",
    }


def test_without_the_command_nothing_answers(cluster: Cluster) -> None:
    with pytest.raises(ClusterError, match="refused"):
        visit(cluster, "https://127.0.0.1:8443/")


@pytest.mark.parametrize("workload", ["mongo-mongodb", "cron"])
def test_in_prod_the_network_refuses_mongo_and_cron_to_all_outside_and_a_port_forward_does_not(
    world: World, cluster: Cluster, matrix: Matrix, workload: str
) -> None:
    expected = install(cluster, matrix, [PROD])
    asked = [packet for packet in world.questions if _comes_from_outside(packet, workload)]
    assert {Kind.HOST, Kind.POD} <= {packet.source.kind for packet in asked}
    seen = packets.send(cluster, asked, expected.engine)
    assert [f"{packet}: {result.name}" for packet, result in seen.results if not result.agrees(False)] == []
    service, port = {"mongo-mongodb": ("mongo-mongodb-headless", 27017), "cron": ("cron", 3001)}[workload]
    with _forwarding(cluster, f"kubectl port-forward --namespace {APP} service/{service} {port}:{port}"):
        assert visit(cluster, f"http://127.0.0.1:{port}").startswith(workload)


def _comes_from_outside(packet: Packet, workload: str) -> bool:
    to = packet.destination
    is_there = to.namespace == APP and to.name.startswith(f"{workload}-")
    return is_there and packet.source.namespace not in (APP, JOBS)


def _printed(cluster: Cluster) -> list[Access]:
    """The commands of the notes that Helm prints."""
    notes = cluster.helm("get", "notes", RELEASE, "--namespace", NAMESPACE).stdout
    return [Access(command, url) for command, url in _COMMAND.findall(notes)]


@contextmanager
def _forwarding(cluster: Cluster, command: str) -> Iterator[None]:
    """A `kubectl port-forward` runs, as it was printed."""
    program, *arguments = shlex.split(command)
    assert program == "kubectl"
    with cluster.background(str(TOOLS / "kubectl"), *arguments) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Forwarding from 127.0.0.1:"), line
        yield
