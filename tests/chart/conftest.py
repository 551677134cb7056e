"""The chart rendered with the project's values files, each combination once per run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from netmatrix.helm import Helm
from tests.chart.expected import AUDIT, PODS
from tests.support.connections import Names, names
from tests.support.rendering import Chart, Object, objects_of
from tests.support.scenarios import ROOT, Scenario

TextOf = Callable[[Scenario], str]
ObjectsOf = Callable[[Scenario], list[Object]]


@pytest.fixture(scope="session")
def pod_names() -> Names:
    """The seven documented pods, the jobs consumer, the audit and the cluster's name service."""
    return names(PODS | AUDIT)


@pytest.fixture(scope="session")
def text_of(helm: Helm) -> TextOf:
    """What `helm template` prints for a scenario."""
    return cache(lambda scenario: _render(helm, scenario))


@pytest.fixture(scope="session")
def objects(text_of: TextOf) -> ObjectsOf:
    """The objects of a scenario; shared, so a test must not change them."""
    return cache(lambda scenario: objects_of(text_of(scenario).encode()))


@pytest.fixture(scope="session")
def objects_of_helm3(helm3: Helm) -> ObjectsOf:
    """The objects of a scenario as the last Helm 3 renders them."""
    return lambda scenario: objects_of(_render(helm3, scenario).encode())


def _render(helm: Helm, scenario: Scenario) -> str:
    output = Chart(helm, ROOT / "chart", Path()).template(*scenario.files())
    assert output.status == 0, output.stderr
    return output.stdout.decode()
