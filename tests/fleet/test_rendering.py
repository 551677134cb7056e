"""What a fleet is proved of: a batch gives, to the byte, what `helm template` prints for each cluster's own files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest

from netmatrix.cli.exit_status import ExitStatus, status_of_findings
from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.project import Project
from netmatrix.cli.rendering import rendered
from netmatrix.cli.validating import judge
from netmatrix.helm import HelmError, template_batch
from netmatrix.matrix.model import Matrix
from tests.parity.overrides import override
from tests.support.scenarios import ALL, ENVIRONMENTS, ROOT
from tests.support.shares import long_but

TODAY = date(2026, 6, 15)
SCHEMA = json.loads((ROOT / "schema" / "values.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def project(matrix: Matrix) -> Project:
    return Project(matrix, ROOT)


def compare(project: Project, sets: list[tuple[str, ...]]) -> None:
    """One batch of all sets of files, and each set through helm alone."""
    options = [ValuesOptions(None, files, (), TODAY) for files in sets]
    judged = [judge(project, item) for item in options]
    data = [item.validated.values.data for item in judged if item.validated]
    together = template_batch(
        project.helm(),
        project.chart,
        project.matrix.chart_name,
        {str(number): item for number, item in enumerate(data)},
        release=project.release_name,
        namespace=project.release_namespace,
    )
    for number, (item, found) in enumerate(zip(options, judged, strict=True)):
        assert together[str(number)] == rendered(project, item, found), item.files


@pytest.mark.parametrize("environment", long_but(lambda name: name == "prod", ENVIRONMENTS))
def test_every_example_of_a_cluster(environment: str, project: Project) -> None:
    compare(project, [tuple(map(str, item.files())) for item in ALL if item.environment == environment])


def random_overrides(project: Project, folder: Path) -> Iterator[tuple[str, ...]]:
    """Files with values that hold, no null among them, on top of an environment."""
    for seed in count():
        data: dict[str, Any] = override(SCHEMA, seed)
        file = folder / f"{seed}.yaml"
        file.write_text(json.dumps(data), encoding="utf-8")
        files = (str(ROOT / f"values/values-{ENVIRONMENTS[seed % 2]}.yaml"), str(file))
        found = judge(project, ValuesOptions(None, files, (), TODAY))
        holds = found.validated and status_of_findings(found.findings) is ExitStatus.HOLDS
        if data and holds and found.validated and not found.validated.values.root.has_nulls():
            yield files


def test_random_overrides(project: Project, tmp_path: Path) -> None:
    compare(project, list(islice(random_overrides(project, tmp_path), 8)))


def test_values_that_break_the_schema_are_refused_by_the_templates(project: Project) -> None:
    """Helm itself does not look at the schema here; nothing reaches a batch that was not held to it in Python."""
    values = {"environment": "prod", "pods": {"ui": {"selector": []}}}
    with pytest.raises(HelmError, match=r"NM201 pods\.ui\.selector"):
        template_batch(
            project.helm(),
            project.chart,
            project.matrix.chart_name,
            {"one": values},
            release=project.release_name,
            namespace=project.release_namespace,
        )


@pytest.mark.long
def test_very_many_random_overrides(project: Project, tmp_path: Path) -> None:
    sets = list(islice(random_overrides(project, tmp_path), 500))
    for start in range(0, len(sets), 50):
        compare(project, sets[start : start + 50])
