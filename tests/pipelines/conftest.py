"""The project as others fetch it, and repositories as an operator has them: overrides, policies, no matrix."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from netmatrix.helm import Helm
from netmatrix.lint.page import EXAMPLES
from tests.support.scenarios import ROOT

NARROWED = 'flows: {jobs-to-internet: {enabled: false}}\nendpoints: {kubernetes-api: {cidrs: ["10.43.0.1/32"]}}\n'
WIDENED = NARROWED.replace("10.43.0.1/32", "0.0.0.0/0")
"""The same with the whole Internet as the API server, which the matrix's ceiling forbids."""
OPENED = "flows: {jobs-to-dns: {enabled: true}}\n"
"""Within the ceiling, and more than before."""
OVERRIDE = "clusters/k3s.yaml"
MANIFEST = "manifests/policy.yaml"
GOOD, BAD = (EXAMPLES.joinpath(f"NM630-{kind}.yaml").read_text(encoding="utf-8") for kind in ("good", "bad"))


def git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    aside = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, check=True, env={**os.environ, **who, **aside}, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def commit(folder: Path, **files: str) -> str:
    """Write files, commit everything, and give the commit."""
    for name, text in files.items():
        path = folder / {"override": OVERRIDE, "manifest": MANIFEST}.get(name, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "A change")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of this project's files as they are now, committed or not."""
    folder = tmp_path_factory.mktemp("source") / "netmatrix"
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder)
    return folder


@pytest.fixture
def operator(tmp_path: Path) -> Path:
    """An operator's repository with a narrowed override and a good policy."""
    folder = tmp_path / "operator"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, override=NARROWED, manifest=GOOD)
    return folder


@pytest.fixture(scope="session")
def path_with_helm(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH on which helm and python are found, as on a runner and on an operator's machine."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "helm").symlink_to(helm.executable)
    (folder / "python").symlink_to(shutil.which("python3") or "/usr/bin/python3")
    return os.pathsep.join((str(folder), "/usr/local/bin", "/usr/bin", "/bin"))
