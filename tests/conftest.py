"""Fixtures for all rooms: the project's folder, its matrix, the real helm, the chart to render."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from netmatrix.helm import Helm, find_helm
from netmatrix.matrix.load import load_matrix
from netmatrix.matrix.model import Matrix
from tests.support.rendering import Chart

ROOT = Path(__file__).resolve().parent.parent
ORACLE_SHARE = int(os.environ.get("NETMATRIX_ORACLE_SHARE", "1"))
"""One of so many of the tests that are marked `oracle`: where a run's time has an end."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden manifests instead of comparing")
    parser.addoption("--update-docs", action="store_true", help="write the outputs that the documentation shows")
    parser.addoption("--write-report", action="store_true", help="write docs/e2e.md, after a run of all e2e tests")


def pytest_configure() -> None:
    """Let what the tests start hear every signal: a shell's background or nohup would have them ignored there too.

    And spare programs in Go, which are over before their memory matters, most of their collecting of garbage: a fifth
    of helm's time. A cluster's daemons do so too, and are over in minutes.
    """
    os.environ.setdefault("GOGC", "400")
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, lambda *_: None)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    judges = [item for item in items if item.get_closest_marker("oracle")]
    left_out = {item for number, item in enumerate(judges) if number % ORACLE_SHARE}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def helm() -> Helm:
    """The helm that the project itself would use."""
    return find_helm(tools=ROOT / ".tools")


@pytest.fixture(scope="session")
def helm3() -> Helm:
    """The last Helm 3, where the machine has one and $HELM3 names it."""
    if not os.environ.get("HELM3"):
        pytest.skip("no Helm 3 at hand: set $HELM3")
    return find_helm({"HELM": os.environ["HELM3"]})


@pytest.fixture(scope="session")
def matrix() -> Matrix:
    return load_matrix(str(ROOT / "matrix.yaml"))


@pytest.fixture
def chart(helm: Helm, tmp_path: Path) -> Chart:
    """The project's chart."""
    scratch = tmp_path / "values"
    scratch.mkdir()
    return Chart(helm, ROOT / "chart", scratch)
