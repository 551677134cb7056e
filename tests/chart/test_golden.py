"""The rendered manifests as they were last looked at: golden/<scenario>.yaml. `make golden` refreshes them."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest

from tests.chart.conftest import TextOf
from tests.support.scenarios import CLUSTERS, ENVIRONMENTS, Scenario

GOLDEN = Path(__file__).parent / "golden"
SCENARIOS = (
    *(Scenario(environment, operational) for environment in ENVIRONMENTS for operational in (False, True)),
    *(Scenario("prod", cluster=cluster) for cluster in CLUSTERS),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_the_manifests_are_the_ones_last_looked_at(
    text_of: TextOf, scenario: Scenario, request: pytest.FixtureRequest
) -> None:
    file = GOLDEN / f"{scenario}.yaml"
    rendered = without_blank_lines_between_documents(text_of(scenario))
    if request.config.getoption("--update-golden"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(rendered, encoding="utf-8", newline="\n")
    golden = file.read_text(encoding="utf-8") if file.exists() else ""
    difference = difflib.unified_diff(
        golden.splitlines(), rendered.splitlines(), f"golden/{file.name}", "rendered", lineterm=""
    )
    if golden != rendered:
        pytest.fail("\n".join([*difference, "", "If this is what you meant: make golden"]), pytrace=False)


def test_every_golden_file_belongs_to_a_scenario() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == {f"{scenario}.yaml" for scenario in SCENARIOS}


def without_blank_lines_between_documents(text: str) -> str:
    """Helm 4 prints a blank line there, Helm 3 does not."""
    return re.sub(r"\n+---\n", "\n---\n", text).rstrip("\n") + "\n"
