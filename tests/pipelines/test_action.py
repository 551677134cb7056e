"""action.yml, its steps run in bash as a runner does, in an operator's repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.helm import Helm
from tests.pipelines.conftest import BAD, MANIFEST, NARROWED, OPENED, OVERRIDE, WIDENED, commit, git
from tests.support.scenarios import ROOT

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
DNS = "jobs -> dns (pods of kube-system): TCP 53,UDP 53"
ACKNOWLEDGED = f'acknowledged: [{{connection: "{DNS}", reason: names, who: Ada, until: "2999-01-31"}}]\n'


def test_no_input_is_a_part_of_a_script_and_every_action_is_pinned_by_commit() -> None:
    assert ACTION["runs"]["using"] == "composite"
    for step in STEPS:
        assert "${{" not in step.get("run", "")
        assert "run" in step or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])


def test_every_input_is_used_and_described() -> None:
    used = set(re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", json.dumps(STEPS)))
    assert used == set(ACTION["inputs"])
    assert all(item["description"] for item in ACTION["inputs"].values())


@dataclass(frozen=True)
class Outcome:
    status: int
    log: str
    summary: str


@dataclass(frozen=True)
class Runner:
    """What a job has: the action's files, a folder for temporary files, an environment."""

    action: Path
    temporary: Path
    path: str

    def step(self, step: dict[str, Any], workspace: Path, inputs: dict[str, str], base: str) -> Outcome:
        """One `run` step, in the way of "Workflow syntax for GitHub Actions", Shells: bash."""
        summary = self.temporary / "summary.md"
        summary.write_text("", encoding="utf-8")
        script = self.temporary / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        known = {"github.event.pull_request.base.sha": base}
        given = {name: item.get("default", "") for name, item in ACTION["inputs"].items()} | inputs
        known |= {f"inputs.{name}": _filled(value, known) for name, value in given.items()}
        environment = {
            "PATH": self.path,
            "HOME": str(self.temporary),
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(self.action),
            "GITHUB_STEP_SUMMARY": str(summary),
            "RUNNER_TEMP": str(self.temporary),
            **{name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "SSL_"))},
            **{name: _filled(value, known) for name, value in step.get("env", {}).items()},
        }
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
        done = subprocess.run(command, cwd=workspace, env=environment, capture_output=True, text=True)
        return Outcome(done.returncode, done.stdout + done.stderr, summary.read_text(encoding="utf-8"))

    def judge(self, workspace: Path, base: str = "", **inputs: str) -> Outcome:
        """The step that judges, with an override for prod unless told otherwise."""
        (step,) = (step for step in STEPS if "judge" in step.get("run", ""))
        return self.step(step, workspace, {"environment": "prod", "values": f"{OVERRIDE}\n", **inputs}, base)


def _filled(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda match: known[match[1]], text)


@pytest.fixture(scope="session")
def runner(source: Path, path_with_helm: str, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A runner on which the step that installs has passed."""
    made = Runner(source, tmp_path_factory.mktemp("runner"), path_with_helm)
    (install,) = (step for step in STEPS if "install" in step.get("run", ""))
    outcome = made.step(install, made.temporary, {}, "")
    assert outcome.status == 0, outcome.log
    return made


@pytest.mark.pipelines
def test_a_narrowed_override_passes_and_the_summary_says_what_is_lost(runner: Runner, operator: Path) -> None:
    base = commit(operator, override=NARROWED.replace("{jobs-to-internet: {enabled: false}}", "{}"))
    commit(operator, override=NARROWED)
    outcome = runner.judge(operator, base)
    assert outcome.status == 0, outcome.log
    assert outcome.summary.startswith("### Network of `prod`: 0 connections gained, 1 lost")
    assert "- `jobs` can no longer reach `internet` on `every port` (`flows.jobs-to-internet`)" in outcome.summary


@pytest.mark.pipelines
def test_a_widened_override_fails_at_its_line(runner: Runner, operator: Path) -> None:
    commit(operator, override=WIDENED)
    outcome = runner.judge(operator, sarif="found.sarif")
    assert outcome.status == 1, outcome.log
    assert f"::error file={OVERRIDE},line=2,col=" in outcome.log
    assert "title=NM251::" in outcome.log
    (run,) = json.loads((operator / "found.sarif").read_text(encoding="utf-8"))["runs"]
    assert {result["ruleId"] for result in run["results"] if result["level"] == "error"} == {"NM251"}


@pytest.mark.pipelines
def test_a_connection_gained_fails_until_it_is_acknowledged(runner: Runner, operator: Path) -> None:
    base = git(operator, "rev-parse", "HEAD")
    commit(operator, override=NARROWED.replace("flows: {", "flows: {jobs-to-dns: {enabled: true}, "))
    outcome = runner.judge(operator, base)
    assert outcome.status == 1, outcome.log
    assert "`jobs` can now reach `dns (pods of kube-system)` on `TCP 53,UDP 53`" in outcome.summary
    assert outcome.summary in outcome.log
    commit(operator, **{"acknowledged.yaml": ACKNOWLEDGED})
    agreed = runner.judge(operator, base, acknowledge="acknowledged.yaml")
    assert agreed.status == 0, agreed.log
    assert "acknowledged by `Ada`" in agreed.summary


@pytest.mark.pipelines
def test_a_new_file_is_compared_with_the_environment_alone(runner: Runner, operator: Path) -> None:
    base = git(operator, "rev-parse", "HEAD")
    commit(operator, **{"clusters/more.yaml": OPENED})
    outcome = runner.judge(operator, base, values=f"\n  {OVERRIDE}\n\n\tclusters/more.yaml  \n")
    assert outcome.status == 1, outcome.log
    assert outcome.summary.startswith("### Network of `prod`: 1 connection gained, 0 lost")


@pytest.mark.pipelines
@pytest.mark.parametrize("name", ["{repository}/clusters/k3s.yaml", "by-link/k3s.yaml", "{outside}/clusters/k3s.yaml"])
def test_a_file_is_compared_with_its_old_self_however_it_is_named(
    name: str, runner: Runner, operator: Path, tmp_path: Path
) -> None:
    (operator / "by-link").symlink_to("clusters")
    (tmp_path / "outside").symlink_to(operator)
    base = commit(operator, override="flows: {jobs-to-internet: {enabled: false}}\n")
    commit(operator, override="{}\n")
    file = name.format(repository=operator, outside=tmp_path / "outside")
    outcome = runner.judge(operator, base, values=file)
    assert outcome.status == 1, outcome.log
    assert outcome.summary.startswith("### Network of `prod`: 1 connection gained, 0 lost")
    assert "`jobs` can now reach `internet` on `every port`" in outcome.summary


@pytest.mark.pipelines
@pytest.mark.parametrize("another_repository", [False, True])
def test_a_file_outside_the_repository_has_no_old_self_to_compare_with(
    another_repository: bool, runner: Runner, operator: Path, tmp_path: Path
) -> None:
    base = git(operator, "rev-parse", "HEAD")
    outside = tmp_path / "elsewhere" / "more.yaml"
    outside.parent.mkdir()
    outside.write_text(OPENED, encoding="utf-8")
    if another_repository:
        git(outside.parent, "init", "--quiet")
    outcome = runner.judge(operator, base, values=str(outside))
    assert outcome.status == 2, outcome.log
    assert f"::error title=netmatrix::{outside} is not in the repository" in outcome.log
    assert runner.judge(operator, values=str(outside)).status == 0


@pytest.mark.pipelines
def test_a_shallow_checkout_fetches_what_it_compares_with(runner: Runner, operator: Path, tmp_path: Path) -> None:
    base = git(operator, "rev-parse", "HEAD")
    commit(operator, override=OPENED)
    git(tmp_path, "clone", "--quiet", "--depth=1", operator.as_uri(), "checkout")
    outcome = runner.judge(tmp_path / "checkout", base)
    assert outcome.status == 1, outcome.log
    assert "`jobs` can now reach `dns (pods of kube-system)`" in outcome.summary
    unknown = runner.judge(tmp_path / "checkout", "0" * 40)
    assert unknown.status == 2
    assert "::error title=netmatrix::base is a revision that git neither knows nor can fetch" in unknown.log


@pytest.mark.pipelines
def test_policies_of_the_repository_are_linted_where_it_is_asked(runner: Runner, operator: Path) -> None:
    assert runner.judge(operator, manifests="manifests\n").status == 0
    commit(operator, manifest=BAD)
    outcome = runner.judge(operator, manifests="manifests\n")
    assert outcome.status == 1
    assert f"::error file={MANIFEST},line=" in outcome.log


HOSTILE = "$(touch pwned)`touch pwned`\"; touch pwned; '\n--set=x=y\n-f"


@pytest.mark.pipelines
@pytest.mark.parametrize("name", ["environment", "values", "matrix", "manifests", "base", "acknowledge", "sarif"])
def test_whatever_an_input_holds_it_is_data(name: str, runner: Runner, operator: Path) -> None:
    base = git(operator, "rev-parse", "HEAD")
    hostile = HOSTILE.replace("/", "")
    outcome = runner.judge(operator, **{"base": base, name: hostile})
    assert outcome.status == (0 if name == "sarif" else 2), outcome.log
    assert "Traceback" not in outcome.log
    assert not list(operator.parent.rglob("pwned"))
    assert not list(runner.temporary.rglob("pwned"))


@pytest.mark.pipelines
def test_a_repository_s_own_modules_are_not_run(runner: Runner, operator: Path) -> None:
    for name in ("yaml", "click", "netmatrix", "json"):
        commit(operator, **{f"{name}.py": "import pathlib; pathlib.Path('pwned').touch()\n"})
    assert runner.judge(operator).status == 0
    assert not (operator / "pwned").exists()


@pytest.mark.pipelines
def test_a_repository_with_a_matrix_of_its_own_is_judged_by_that(runner: Runner, source: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(source, own, symlinks=True)
    base = git(own, "rev-parse", "HEAD")
    matrix = (own / "matrix.yaml").read_text(encoding="utf-8")
    flow = "  cron-to-kafka: {from: cron, to: kafka, ports: [client], basis: table}\n  cron-to-mongo:"
    commit(own, **{"matrix.yaml": matrix.replace("  cron-to-mongo:", flow)})
    stale = runner.judge(own, matrix="matrix.yaml", values="")
    assert stale.status == 1
    assert "title=NM301::" in stale.log
    python = runner.temporary / "netmatrix" / "bin" / "python"
    environment = {"PATH": runner.path, "PYTHONPATH": str(source / "generator")}
    subprocess.run([python, "-P", "-m", "netmatrix", "generate"], cwd=own, env=environment, check=True)
    commit(own)
    outcome = runner.judge(own, base, matrix="matrix.yaml", values="")
    assert outcome.status == 1, outcome.log
    assert "- **New peer:** `cron` can now reach `kafka` on `TCP 9092` (`flows.cron-to-kafka`)" in outcome.summary


@pytest.mark.pipelines
@pytest.mark.parametrize("on_path", [False, True], ids=["no helm on PATH", "one on PATH that cannot be run"])
def test_a_helm_that_the_judged_repository_brings_is_not_run(
    on_path: bool, runner: Runner, source: Path, helm: Helm, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    shutil.copytree(source, own, symlinks=True)
    (own / ".tools").mkdir()
    (own / ".tools" / "helm").write_text(f'#!/bin/sh\ntouch {tmp_path}/pwned\nexec {helm.executable} "$@"\n')
    (own / ".tools" / "helm").chmod(0o755)
    git(own, "add", "--force", ".tools/helm")
    base = commit(own)
    action = tmp_path / "action"
    shutil.copytree(source, action, symlinks=True)
    folder = tmp_path / "bin"
    folder.mkdir()
    if on_path:
        (folder / "helm").touch()
    bare = replace(runner, action=action, path=os.pathsep.join((str(folder), "/usr/bin", "/bin")))
    missing = bare.judge(own, base, matrix="matrix.yaml", values="")
    (action / ".tools").mkdir()
    (action / ".tools" / "helm").symlink_to(helm.executable)  # as the step that installs leaves it
    outcome = bare.judge(own, base, matrix="matrix.yaml", values="")
    assert (missing.status, outcome.status) == (2, 0), outcome.log
    assert not (tmp_path / "pwned").exists()


@pytest.mark.pipelines
def test_what_runs_from_its_files_alone_knows_its_version_and_proves_a_fleet(runner: Runner, tmp_path: Path) -> None:
    python = str(runner.temporary / "netmatrix" / "bin" / "python")
    environment = {"PATH": runner.path, "PYTHONPATH": str(runner.action / "generator")}

    def run(*arguments: str) -> str:
        command = [python, "-P", "-m", "netmatrix", *arguments]
        done = subprocess.run(
            command, cwd=runner.action, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    version = yaml.safe_load((ROOT / "matrix.yaml").read_text(encoding="utf-8"))["version"]
    assert run("--version") == f"netmatrix, version {version}\n"
    fleet = ("--fleet", "values/clusters/k3s.yaml", "--record", str(tmp_path / "record"))
    assert "fleet of 1: 1 hold" in run("verify", "--environment", "prod", *fleet)
