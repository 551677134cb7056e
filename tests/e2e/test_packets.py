"""Packets through every cell of the matrix: the network does what the engine computes and what the matrix grants."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from netmatrix.matrix.model import Matrix
from tests.e2e import breaking, packets
from tests.e2e.addresses import API_PORT
from tests.e2e.breaking import Break, broken_chart
from tests.e2e.choosing import chosen
from tests.e2e.comparison import closed, disagreements
from tests.e2e.conftest import World
from tests.e2e.expectation import Engine
from tests.e2e.installation import install, rendered, uninstall
from tests.e2e.packets import Packet
from tests.e2e.patience import FEW
from tests.e2e.probing import Result
from tests.e2e.report import Report
from tests.support.scenarios import ENVIRONMENTS, Scenario

pytestmark = pytest.mark.e2e

PROD = Scenario("prod")
SCENARIOS = [Scenario(environment, operational) for environment in ENVIRONMENTS for operational in (False, True)]
_SHOWN = 20


@pytest.fixture(scope="module")
def bare(world: World) -> Iterator[World]:
    """The cluster, without the chart before the first of these tests, and after the last."""
    uninstall(world.cluster)
    yield world
    uninstall(world.cluster)


@pytest.fixture(scope="module")
def asked(bare: World) -> list[Packet]:
    """Every question; on a slow machine, a few that stand for all of them."""
    if not FEW:
        return bare.questions
    return chosen(bare.questions, [Engine(rendered(bare.cluster, scenario.files())) for scenario in SCENARIOS])


def test_before_the_chart_is_installed_everything_is_open(bare: World, asked: list[Packet], report: Report) -> None:
    """Or the rest proves nothing."""
    found = packets.send(bare.cluster, asked, lambda _: True)
    not_open = closed(found)
    report.add("nothing", len(bare.endpoints), found, len(not_open))
    assert not_open[:_SHOWN] == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_the_network_the_engine_and_the_matrix_agree(
    scenario: Scenario, bare: World, asked: list[Packet], matrix: Matrix, report: Report
) -> None:
    expected = install(bare.cluster, matrix, scenario.files())
    found = packets.send(bare.cluster, asked, expected.engine)
    wrong = disagreements(found, expected)
    report.add(str(scenario), len(bare.endpoints), found, len(wrong))
    assert list(map(str, wrong[:_SHOWN])) == []


@pytest.fixture(scope="module")
def few(bare: World) -> list[Packet]:
    """Questions that stand for all of them under prod: what is wrong there is found with these."""
    return chosen(bare.questions, [Engine(rendered(bare.cluster, PROD.files()))])


@pytest.mark.parametrize(
    ("break_", "packet"),
    [
        (breaking.drop_the_ports_of_a_rule, "unrelated/nobody -> stalker/ui"),
        (breaking.split_a_peer, "stalker-jobs/job-1"),
        (breaking.lose_an_exception, "-> 169.254.169.254 at 169.254.169.254"),
        (breaking.widen_a_range, f"TCP {API_PORT}"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__.replace("_", "-"),
)
def test_a_chart_that_is_broken_in_one_place_is_found_out(
    break_: Break, packet: str, bare: World, few: list[Packet], matrix: Matrix, report: Report
) -> None:
    cluster, files = bare.cluster, PROD.files()
    chart = cluster.folder.scratch / "broken"
    shutil.rmtree(chart, ignore_errors=True)
    expected = install(cluster, matrix, files, chart=broken_chart(cluster, files, break_, chart))
    found = packets.send(cluster, few, expected.engine)
    wrong = disagreements(found, expected)
    assert wrong
    assert all(item.result is Result.OPEN and item.engine and not item.matrix for item in wrong)
    named = [str(item) for item in wrong if packet in str(item)]
    assert named
    report.broken.append((break_.__name__.replace("_", " "), len(wrong), named[0]))
