"""The hooks, by the real pre-commit from a repository that has an override and no matrix."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.pipelines.conftest import BAD, GOOD, MANIFEST, NARROWED, OVERRIDE, WIDENED, git
from tests.pipelines.tools import python_tools

pytestmark = pytest.mark.pipelines

VALUES = ["--environment", "prod", "-f", OVERRIDE]


@dataclass(frozen=True)
class Hooks:
    """pre-commit with a home of its own, in which the project is installed once."""

    program: Path
    source: Path
    environment: dict[str, str]

    def run(self, repository: Path, hook: str) -> subprocess.CompletedProcess[str]:
        configured = {"netmatrix-validate": VALUES, "netmatrix-verify": VALUES, "netmatrix-lint": []}
        hooks = [{"id": name, "args": arguments} for name, arguments in configured.items()]
        config = {"repos": [{"repo": str(self.source), "rev": git(self.source, "rev-parse", "HEAD"), "hooks": hooks}]}
        (repository / ".pre-commit-config.yaml").write_text(yaml.dump(config), encoding="utf-8")
        git(repository, "add", "--all")
        command = [str(self.program), "run", hook, "--all-files", "--color", "never"]
        return subprocess.run(command, cwd=repository, env=self.environment, capture_output=True, text=True)


@pytest.fixture(scope="session")
def hooks(source: Path, path_with_helm: str, tmp_path_factory: pytest.TempPathFactory) -> Hooks:
    home = tmp_path_factory.mktemp("pre-commit")
    dropped = ("HELM", "GITHUB_ACTIONS", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    settings = {"PATH": path_with_helm, "PRE_COMMIT_HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull}
    return Hooks(python_tools() / "pre-commit", source, kept | settings)


@pytest.mark.parametrize("hook", ["netmatrix-validate", "netmatrix-verify"])
def test_a_hook_passes_on_a_narrowed_override_and_fails_on_a_widened_one(
    hook: str, hooks: Hooks, operator: Path
) -> None:
    passed = hooks.run(operator, hook)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Passed" in passed.stdout
    (operator / OVERRIDE).write_text(WIDENED, encoding="utf-8")
    failed = hooks.run(operator, hook)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert f"{OVERRIDE}:2:" in failed.stdout
    assert "error NM251 " in failed.stdout


def test_lint_passes_on_a_good_policy_and_fails_on_one_that_is_wider_than_it_says(hooks: Hooks, operator: Path) -> None:
    assert hooks.run(operator, "netmatrix-lint").returncode == 0
    (operator / MANIFEST).write_text(BAD, encoding="utf-8")
    failed = hooks.run(operator, "netmatrix-lint")
    assert failed.returncode == 1
    assert f"{MANIFEST}:" in failed.stdout
    assert "error NM630 " in failed.stdout


def test_the_version_that_is_pinned_is_the_matrix_that_judges(hooks: Hooks, operator: Path) -> None:
    (operator / OVERRIDE).write_text(NARROWED.replace("jobs-to-internet", "jobs-to-nowhere"), encoding="utf-8")
    (operator / MANIFEST).write_text(GOOD, encoding="utf-8")
    failed = hooks.run(operator, "netmatrix-validate")
    assert failed.returncode == 1
    assert "judging by the one installed with netmatrix" in failed.stdout
    assert "did you mean 'jobs-to-internet'?" in failed.stdout
