"""helm unittest and ct lint on the chart, as its users run them; the suites notice a chart that widens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from netmatrix.emit.plan import plan
from netmatrix.matrix.load import load_matrix
from tests.pipelines.tools import chart_testing, chart_testing_defaults, helm_unittest, python_tools
from tests.support.generated import write
from tests.support.scenarios import ROOT

pytestmark = pytest.mark.pipelines

ENVIRONMENT, WIDENING, EMPTY = "nothing is rendered without", "values narrow, and never widen", "an empty list never"
MUTANTS = {
    "the guard is gone": ("*", r'\{\{- include "red-kite-network\.guard" \$ -\}\}', "", {ENVIRONMENT, WIDENING}),
    "ranges are not judged": ("_requirements.tpl", r'"peers" "exceptions"|"ranges" ', "", {WIDENING}),
    "default-deny denies nothing": ("default-deny.yaml", r"ingress: \[\]", "ingress: [{}]", {ENVIRONMENT}),
    "an empty list is rendered": (
        "*.yaml",
        r'with include "red-kite-network\.endpoint\.dns" \$ \| trim',
        'with "[]"',
        {EMPTY},
    ),
    "anyone comes in where nobody is named": ("*.yaml", r"if or \$peers [^}]*", "if true ", {EMPTY}),
}


def suites(chart: Path, *options: str) -> tuple[int, dict[str, bool]]:
    """The status of helm unittest, and which suites pass."""
    done = subprocess.run([helm_unittest(), "--strict", *options, chart], capture_output=True, text=True)
    found = re.findall(r"(?m)^ (PASS|FAIL)  (.*)\t", done.stdout)
    assert found, done.stdout + done.stderr
    return done.returncode, {name: word == "PASS" for word, name in found}


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "chart", tmp_path / "chart")


@pytest.mark.parametrize("options", [(), ("--skip-schema-validation",)])
def test_the_chart_passes_its_own_suites_with_and_without_the_schema(options: tuple[str, ...], chart: Path) -> None:
    status, passed = suites(chart, *options)
    assert status == 0
    assert len(passed) == 3
    assert all(passed.values())


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_suites_notice_a_chart_that_widens(mutant: str, chart: Path) -> None:
    files, pattern, text, failing = MUTANTS[mutant]
    changed = 0
    for file in (chart / "templates").glob(files):
        before = file.read_text(encoding="utf-8")
        after, count = re.subn(pattern, text, before)
        file.write_text(after, encoding="utf-8")
        changed += count
    assert changed
    status, passed = suites(chart, "--skip-schema-validation")
    assert status == 1
    failed = [name for name, passes in passed.items() if not passes]
    assert all(any(name.startswith(words) for name in failed) for words in failing), failed


@pytest.mark.parametrize("matrix", ["webshop/matrix.yaml", "matrix/minimal.yaml"])
def test_the_charts_of_other_matrices_pass_their_suites(matrix: str, tmp_path: Path) -> None:
    status, passed = suites(write(plan(load_matrix(str(ROOT / "tests" / matrix))), tmp_path))
    assert (status, len(passed)) == (0, 3)


def ct_lint(chart: Path, path_with_helm: str) -> subprocess.CompletedProcess[str]:
    defaults = chart_testing_defaults()
    configured = [f"--lint-conf={defaults / 'lintconf.yaml'}", f"--chart-yaml-schema={defaults / 'chart_schema.yaml'}"]
    # Who maintains a chart, ct asks a forge over the network.
    command = [str(chart_testing()), "lint", "--charts", str(chart), *configured, "--validate-maintainers=false"]
    environment = {**os.environ, "PATH": os.pathsep.join((str(python_tools()), path_with_helm))}
    return subprocess.run(command, cwd=chart.parent, env=environment, capture_output=True, text=True)


def test_ct_lint_passes_with_every_scenario_of_the_chart(chart: Path, path_with_helm: str) -> None:
    done = ct_lint(chart, path_with_helm)
    assert done.returncode == 0, done.stdout + done.stderr
    scenarios = list((ROOT / "chart" / "ci").iterdir())
    assert done.stdout.count("Linting chart with values file") == len(scenarios) >= 4
    assert "All charts linted successfully" in done.stdout


@pytest.mark.parametrize(
    ("file", "text"), [("Chart.yaml", "maintainers: [{email: a}]\n"), ("values.yaml", "a:  [ ]\n")]
)
def test_ct_lint_fails_on_a_chart_that_is_none(file: str, text: str, chart: Path, path_with_helm: str) -> None:
    with (chart / file).open("a", encoding="utf-8") as stream:
        stream.write(text)
    assert ct_lint(chart, path_with_helm).returncode == 1
