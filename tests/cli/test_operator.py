"""An operator's repository: overrides under git, and no matrix."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import TODAY, Run
from tests.cli.test_diff import git, listed, needs_git
from tests.support.scenarios import ROOT

PROD = ("--environment", "prod", *TODAY)
MATRIX = ("--matrix", ROOT / "matrix.yaml")


@pytest.fixture
def operator(tmp_path: Path) -> Path:
    folder = tmp_path / "operator"
    folder.mkdir()
    (folder / "mine.yaml").write_text("flows: {jobs-to-internet: {enabled: false}}\n", encoding="utf-8")
    return folder


@needs_git
def test_diff_takes_values_from_the_repository_that_it_runs_in_and_the_matrix_from_elsewhere(
    netmatrix: Run, operator: Path
) -> None:
    git(operator, "init", "--quiet", "--initial-branch=main")
    git(operator, "add", "--all")
    git(operator, "commit", "--quiet", "--message", "One")
    (operator / "mine.yaml").write_text("flows: {jobs-to-dns: {enabled: true}}\n", encoding="utf-8")
    result = netmatrix("diff", *PROD, *MATRIX, "-f", "mine.yaml", "--git", "main", cwd=operator)
    assert (result.status, listed(result.out)) == (
        1,
        [
            "+ jobs -> dns (pods of kube-system): TCP 53,UDP 53  [new peer]",
            "+ jobs -> internet: All Connections  [new peer]",
        ],
    )
    assert f"(the flow jobs-to-dns at {ROOT / 'matrix.yaml'}:" in result.out


@pytest.mark.parametrize("command", ["validate", "template", "verify"])
def test_an_environment_stands_below_the_files_that_are_given(command: str, netmatrix: Run, operator: Path) -> None:
    assert netmatrix(command, *PROD, *MATRIX, "-f", "mine.yaml", cwd=operator).status == 0
    unknown = netmatrix(command, "--environment", "prd", *MATRIX, cwd=operator)
    assert unknown.status == 2
    assert "did you mean 'prod'?" in unknown.err


def test_without_a_matrix_the_installed_one_judges_and_that_is_told_once(
    netmatrix: Run, operator: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netmatrix.cli.project._installed_matrix", lambda: ROOT / "matrix.yaml")
    result = netmatrix("diff", *PROD, "--new", "mine.yaml", cwd=operator)
    assert (result.status, listed(result.out)) == (0, ["- jobs -> internet: All Connections"])
    told = f"no matrix.yaml here or above; judging by the one installed with netmatrix, {ROOT / 'matrix.yaml'}"
    assert result.err.count(told) == 1
    generate = netmatrix("generate", cwd=operator)
    assert generate.status == 2, "what is installed is nobody's to write"
    assert "there is no matrix.yaml here or in a folder above" in generate.err


def test_a_checkout_has_no_installed_matrix(netmatrix: Run, operator: Path) -> None:
    result = netmatrix("validate", *PROD, "-f", "mine.yaml", cwd=operator)
    assert result.status == 2
    assert "there is no matrix.yaml here or in a folder above" in result.err
