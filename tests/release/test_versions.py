"""Version, changelog, chart and documentation cannot disagree."""

from __future__ import annotations

from pathlib import Path

import pytest

import netmatrix
from releasing.__main__ import main
from releasing.versions import disagreements
from tests.support.scenarios import ROOT

VERSION = netmatrix.__version__


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file.name} has changed: {old!r} is not in it"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_project_as_it_is_agrees() -> None:
    assert disagreements(ROOT) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("generator/netmatrix/__init__.py", VERSION, "9.9.9", "CHANGELOG.md:6: the newest version is"),
        ("CHANGELOG.md", f"## {VERSION}", "## 9.9.9", "CHANGELOG.md:6: the newest version is 9.9.9"),
        ("matrix.yaml", f"version: {VERSION}", "version: 9.9.9", "matrix.yaml: version is 9.9.9"),
        ("chart/Chart.yaml", f"version: {VERSION}", "version: 9.9.9", "chart/Chart.yaml: version is 9.9.9"),
        ("pyproject.toml", 'dynamic = ["version"]', f'version = "{VERSION}"', "pyproject.toml: the version"),
        ("docs/getting-started.md", f"version {VERSION}", "version 9.9.9", "docs/getting-started.md:17: says 9.9.9"),
        ("examples/fleet/argo-cd.yaml", f"ision: {VERSION}", "ision: 9.9.9", "examples/fleet/argo-cd.yaml:38: says"),
        ("docs/audit.md", f"audit:{VERSION}", "audit:9.9.9", "docs/audit.md:"),
        ("values/clusters/with-audit.yaml", f"audit:{VERSION}", "audit:9.9.9", "values/clusters/with-audit.yaml:7: "),
        ("examples/audit/Containerfile", f"audit:{VERSION}", "audit:9.9.9", "examples/audit/Containerfile:2: "),
        ("chart/Chart.yaml", '"Apache-2.0"', '"Apache 2"', "chart/Chart.yaml: annotations: artifacthub.io/license"),
    ],
)
def test_whatever_is_changed_alone_is_found(project: Path, file: str, old: str, new: str, told: str) -> None:
    assert disagreements(project) == []
    replace(project / file, old, new)
    assert any(problem.startswith(told) for problem in disagreements(project)), disagreements(project)


def test_a_tag_must_be_the_version_with_nothing_unreleased(project: Path) -> None:
    assert disagreements(project, f"v{VERSION}") == []
    (wrong,) = disagreements(project, "v9.9.9")
    assert wrong.startswith("the tag is v9.9.9")
    replace(project / "CHANGELOG.md", f"## {VERSION}", f"## [Unreleased]\n\n### Fixed\n\n- More.\n\n## {VERSION}")
    assert disagreements(project) == []
    (wrong,) = disagreements(project, f"v{VERSION}")
    assert wrong.startswith("CHANGELOG.md:6: there are unreleased changes")


def test_the_command_says_so_and_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert main(["check", "--tag", "v9.9.9"]) == 1
    assert "the tag is v9.9.9" in capsys.readouterr().out
