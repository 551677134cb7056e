"""Installing: without an environment, with one, and what Helm's own linter says."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from netmatrix.helm import Helm
from tests.support.rendering import Chart
from tests.support.scenarios import ROOT, Scenario

COMMANDS = {
    "template": ["template", "release"],
    "install": ["install", "release", "--dry-run=client"],
    "template without the schema": ["template", "release", "--skip-schema-validation"],
}


@pytest.fixture(params=["helm", "helm3"])
def each_helm(request: pytest.FixtureRequest) -> Helm:
    found: Helm = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_without_an_environment_nothing_is_rendered_and_the_two_files_are_named(
    helm: Helm, project_root: Path, command: list[str]
) -> None:
    output = helm.run([*command, str(project_root / "chart")])
    assert output.status != 0
    assert b"kind:" not in output.stdout
    assert "no environment is chosen" in output.stderr
    for name in ("values/values-prod.yaml", "values/values-dev.yaml"):
        assert name in output.stderr
        assert (project_root / name).is_file()


TEMPLATES = sorted(
    file.name for file in (ROOT / "chart/templates").iterdir() if file.suffix == ".yaml" or file.name == "NOTES.txt"
)


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_judges_the_values_by_itself(
    helm: Helm, project_root: Path, tmp_path: Path, template: str
) -> None:
    """Whichever template Helm comes to first: alone with the helpers, none of them renders what does not hold."""
    shutil.copytree(
        project_root / "chart", tmp_path / "chart", ignore=shutil.ignore_patterns(*{*TEMPLATES} - {template})
    )
    output = helm.run(["install", "release", str(tmp_path / "chart"), "--dry-run=client", "--namespace", "stalker"])
    assert output.status != 0
    assert "NM210 environment: no environment is chosen" in output.stderr


def test_helm_3_asks_for_an_environment_too(helm3: Helm, project_root: Path) -> None:
    output = helm3.run(["template", "release", str(project_root / "chart"), "--kube-version", "1.34.0"])
    assert output.status != 0
    assert "values/values-prod.yaml" in output.stderr


def test_the_chart_alone_passes_lint(each_helm: Helm, project_root: Path) -> None:
    output = each_helm.run(["lint", str(project_root / "chart"), "--kube-version", "1.34.0"])
    assert output.status == 0, output.stdout


@pytest.mark.parametrize(
    "file",
    ["ci/prod-values.yaml", "ci/prod.everything-values.yaml", "ci/dev-values.yaml", "ci/dev.everything-values.yaml"],
)
def test_every_scenario_of_the_chart_passes_strict_lint(each_helm: Helm, project_root: Path, file: str) -> None:
    chart = project_root / "chart"
    output = each_helm.run(["lint", "--strict", str(chart), "--values", str(chart / file), "--kube-version", "1.34.0"])
    assert output.status == 0, output.stdout


def test_the_packaged_chart_holds_the_environment_files(helm: Helm, project_root: Path, tmp_path: Path) -> None:
    packed = helm.run(["package", str(project_root / "chart"), "--destination", str(tmp_path)])
    assert packed.status == 0, packed.stderr
    (archive,) = tmp_path.glob("*.tgz")
    with tarfile.open(archive) as files:
        held = {name.removeprefix("red-kite-network/") for name in files.getnames()}
    assert {"values-prod.yaml", "values-dev.yaml", "operational.yaml", "values.schema.json"} <= held
    assert not [name for name in held if name.startswith("ci/")]


@pytest.mark.parametrize(
    ("scenario", "said", "unsaid"),
    [
        (
            Scenario("prod"),
            [
                "environment prod",
                "https://127.0.0.1:8443/",
                "service/ui 8443:8443",
                "mongo-to-dns",
                "nothing was looked up",
            ],
            ["127.0.0.1:3001", "Exceptions"],
        ),
        (Scenario("dev"), ["environment dev", "http://127.0.0.1:3001", "mongodb://127.0.0.1:27017"], ["8443"]),
        (
            Scenario("prod", cluster="with-exception"),
            ["orchestrator-to-registry: until 2027-06-30, platform-team@example.org: The job images"],
            [],
        ),
    ],
    ids=str,
)
def test_the_notes_say_what_is_on_how_to_reach_it_and_what_is_beyond_the_matrix(
    chart: Chart, helm: Helm, scenario: Scenario, said: list[str], unsaid: list[str]
) -> None:
    layers = [argument for file in scenario.files() for argument in ("--values", str(file))]
    output = helm.run(["install", "release", str(chart.folder), "--dry-run=client", *layers])
    assert output.status == 0, output.stderr
    notes = output.stdout.decode().split("\nNOTES:\n")[1]
    assert [text for text in said if text not in notes] == []
    assert [text for text in unsaid if text in notes] == []
