"""examples/audit/cronjob.yaml: the account of rbac.yaml, unprivileged, with a command line that the image can run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Run
from tests.support.kubernetes import VERSIONS, assert_accepted_by_the_api
from tests.support.scenarios import ROOT

EXAMPLES = ROOT / "examples/audit"
CONTAINERFILE = (EXAMPLES / "Containerfile").read_text(encoding="utf-8")


@pytest.fixture
def job() -> Any:
    return yaml.safe_load((EXAMPLES / "cronjob.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def pod(job: Any) -> Any:
    return job["spec"]["jobTemplate"]["spec"]["template"]["spec"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_api_accepts_it(job: Any, version: str) -> None:
    assert_accepted_by_the_api([job], version)


def test_it_runs_as_the_account_that_has_the_permissions(job: Any, pod: Any) -> None:
    accounts = [
        item["metadata"]
        for item in yaml.safe_load_all((EXAMPLES / "rbac.yaml").read_text(encoding="utf-8"))
        if item["kind"] == "ServiceAccount"
    ]
    assert accounts == [{"name": pod["serviceAccountName"], "namespace": job["metadata"]["namespace"]}]


def test_it_is_not_in_a_namespace_that_the_matrix_governs(job: Any, netmatrix: Run) -> None:
    """There default-deny would keep it from the API server."""
    calls = netmatrix("audit", "--environment", "prod", "--dry-run").out
    governed = set(re.findall(r"get pods --namespace=(\S+)", calls))
    assert governed == {"stalker", "stalker-jobs", "default"}
    assert job["metadata"]["namespace"] not in governed


def test_a_finding_fails_the_job_at_once(job: Any, pod: Any) -> None:
    assert job["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert pod["restartPolicy"] == "Never"
    assert job["spec"]["concurrencyPolicy"] == "Forbid"


def test_the_pod_is_restricted(pod: Any) -> None:
    """By the Pod Security Standards' profile "restricted", and with a root file system that nobody writes to."""
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not any("hostPath" in volume for volume in pod["volumes"])
    assert f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" in CONTAINERFILE


def test_what_the_image_copies_suffices_for_its_command_line(
    pod: Any, netmatrix: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    """The container's arguments, its values mounted, judge the example's cluster as the whole project does."""
    image, mounted = tmp_path / "netmatrix", tmp_path / "override.yaml"
    for source, target in copied():
        copy(ROOT / source, image / target)
    mounted.write_text("environment: prod\n", encoding="utf-8")
    arguments = [argument.replace("/values/override.yaml", str(mounted)) for argument in pod["containers"][0]["args"]]
    assert str(mounted) in arguments
    dump = ("--dump", str(EXAMPLES / "cluster.json"), "--format", "json", "--today", "2026-11-01")
    within = environment | {
        "PYTHONPATH": str(image / "generator"),
        "HOME": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    program = [sys.executable, "-P", "-m", "netmatrix", *arguments, *dump]
    run = subprocess.run(program, cwd=image, env=within, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stderr
    of_project = netmatrix("audit", "--environment", "prod", *dump)
    assert rules(run.stdout) == rules(of_project.out) != []


def copied() -> list[tuple[str, str]]:
    """What the Containerfile copies, and where to, below its working directory."""
    found = []
    for line in re.findall(r"^COPY (.+)$", CONTAINERFILE, re.MULTILINE):
        *sources, target = line.split()
        found += [(source, Path(source).name if target == "./" else target) for source in sources]
    return found


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)


def rules(output: str) -> list[str]:
    return sorted(item["rule"] for item in yaml.safe_load(output)["findings"])
