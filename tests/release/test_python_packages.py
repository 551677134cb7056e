"""Wheel, sdist and SBOM: the same each time, whole, and working where nothing but them is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import netmatrix
from netmatrix.helm import Helm
from releasing.__main__ import ROOT, SUMS, make_packages
from releasing.chart import sha256
from releasing.errors import ReleaseError
from releasing.python_packages import sources
from releasing.sbom import needed, validate_sbom
from releasing.tools import release_tools
from tests.release.test_chart_package import elsewhere

pytestmark = pytest.mark.release

VERSION = netmatrix.__version__


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that is published."""
    folder = tmp_path_factory.mktemp("made")
    make_packages(folder)
    return folder


def run(*command: str | Path, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "VIRTUAL_ENV"))}
    environment = {**kept, **settings}
    return subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True)


def test_all_are_the_same_bytes_again(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with elsewhere(monkeypatch):
        make_packages(tmp_path)
    assert {file.name: sha256(file) for file in made.iterdir()} == {
        file.name: sha256(file) for file in tmp_path.iterdir()
    }
    assert len(list(made.iterdir())) == 5


def test_the_list_of_sums_is_one_that_sha256sum_checks(made: Path) -> None:
    done = run("sha256sum", "--check", "--strict", SUMS, cwd=made)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": OK") == 4


def test_the_sdist_holds_every_file_of_the_project(made: Path) -> None:
    with tarfile.open(made / f"netmatrix-{VERSION}.tar.gz") as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
    names = {member.name.removeprefix(f"netmatrix-{VERSION}/") for member in members}
    assert names - {"PKG-INFO", "setup.cfg", "generator/netmatrix.egg-info/SOURCES.txt"} == set(map(str, sources(ROOT)))
    assert {(member.uid, member.uname, member.mode) for member in members} <= {(0, "", 0o644), (0, "", 0o755)}


def test_the_wheel_works_in_a_clean_environment(made: Path, helm: Helm, tmp_path: Path) -> None:
    home = tmp_path / "clean"
    assert run(sys.executable, "-m", "venv", home, cwd=tmp_path).returncode == 0
    install = (home / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    # The dependencies are those that the SBOM names.
    for what in (
        ("--require-hashes", "-r", ROOT / "requirements.lock"),
        ("--no-deps", made / f"netmatrix-{VERSION}-py3-none-any.whl"),
    ):
        done = run(*install, *what, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert run(home / "bin/python", "-m", "pip", "check", cwd=tmp_path).returncode == 0
    program, settings = home / "bin/netmatrix", {"HELM": str(helm.executable)}
    assert run(program, "--version", cwd=tmp_path).stdout == f"netmatrix, version {VERSION}\n"
    override = tmp_path / "override.yaml"
    override.write_text("flows: {jobs-to-dns: {enabled: true}}\n", encoding="utf-8")
    proved = run(program, "verify", "--environment", "prod", "-f", override, cwd=tmp_path, **settings)
    assert proved.returncode == 0, proved.stderr
    assert "holds" in proved.stdout
    override.write_text("flows: {outside-to-mongo: {enabled: true}}\n", encoding="utf-8")
    assert run(program, "verify", "--environment", "prod", "-f", override, cwd=tmp_path, **settings).returncode == 1


def test_the_sbom_is_of_what_is_published_and_complete(made: Path) -> None:
    bom = json.loads((made / f"netmatrix-{VERSION}.cdx.json").read_text(encoding="utf-8"))
    parts = {component["bom-ref"]: component for component in bom["components"]}
    main = bom["metadata"]["component"]
    locked = {name for name in needed(ROOT) if name}
    assert {component["name"] for component in parts.values()} == locked | {"red-kite-network"}
    assert main["hashes"][0]["content"] == sha256(made / f"netmatrix-{VERSION}-py3-none-any.whl")
    chart = parts[f"pkg:helm/red-kite-network@{VERSION}"]
    assert chart["hashes"][0]["content"] == sha256(made / f"red-kite-network-{VERSION}.tgz")
    graph = {item["ref"]: item["dependsOn"] for item in bom["dependencies"]}
    assert graph.keys() == parts.keys() | {main["bom-ref"]}
    reached, waiting = set(), [main["bom-ref"]]
    while waiting:
        part = waiting.pop()
        reached.add(part)
        waiting += [need for need in graph[part] if need not in reached]
    assert reached == graph.keys(), "every part is there because of another"


def test_the_sbom_is_held_to_cyclonedx_own_schema(made: Path, tmp_path: Path) -> None:
    tools, file = release_tools(ROOT), made / f"netmatrix-{VERSION}.cdx.json"
    validate_sbom(tools, file)
    bom = json.loads(file.read_text(encoding="utf-8"))
    bom["components"][0]["tipe"] = "library"
    (tmp_path / "bad.json").write_text(json.dumps(bom), encoding="utf-8")
    with pytest.raises(ReleaseError, match="is no CycloneDX"):
        validate_sbom(tools, tmp_path / "bad.json")


def test_nothing_is_written_where_a_package_cannot_be_made(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for file in sources(ROOT):
        (project / file).parent.mkdir(parents=True, exist_ok=True)
        (project / file).write_bytes((ROOT / file).read_bytes())
    (project / ".tools").symlink_to(ROOT / ".tools")
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text(encoding="utf-8").replace("setuptools.build_meta", "no.such.backend"))
    with pytest.raises(ReleaseError, match="failed"):
        make_packages(tmp_path / "out", root=project)
    assert not (tmp_path / "out").exists()
