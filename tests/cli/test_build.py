"""`netmatrix build`: the main job, from the check of generated files to manifests and tables."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from netmatrix.helm import Helm
from tests.cli.conftest import OnATerminal, Run, replace_in, snapshot
from tests.support.rendering import objects_of
from tests.support.scenarios import CLUSTERS, ENVIRONMENTS


@pytest.fixture
def whole(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the project to change."""
    return shutil.copytree(pristine, tmp_path / "copy", symlinks=True)


@pytest.fixture
def copy(whole: Path) -> Path:
    """A copy with one example of a cluster: a build proves each of them, and two seconds are enough for most tests."""
    for file in (whole / "values/clusters").glob("*.yaml"):
        if file.stem != "minikube":
            file.unlink()
    return whole


def test_every_environment_is_rendered_and_the_tables_printed(netmatrix: Run, copy: Path, helm: Helm) -> None:
    result = netmatrix("build", cwd=copy)
    assert result.status == 0, result.err
    for environment, port in (("prod", 443), ("dev", 4200)):
        text = (copy / f"build/{environment}.yaml").read_text(encoding="utf-8")
        objects = objects_of(text)
        kinds = {item["kind"] for item in objects}
        assert kinds == {"NetworkPolicy", "Namespace", "Pod"}
        assert str(port) in text
        values = str(copy / f"values/values-{environment}.yaml")
        plain = helm.run(["template", "red-kite", str(copy / "chart"), "--namespace", "stalker", "-f", values])
        assert text == plain.stdout.decode()
        assert (
            f"{environment}: 1 Namespace, {len(objects) - 2} NetworkPolicy, 1 Pod in build/{environment}.yaml\n"
            in result.out
        )
    for cell in ("Nginx (UI)", "80, 443", "Deny All", "53 (DNS), 443 (K8s API), 9092 (Kafka)", "4200"):
        assert cell in result.out
    assert "helm install red-kite chart -f values/values-prod.yaml --namespace stalker --create-namespace" in result.out
    assert "prod: validate ..." in result.err
    assert not list((copy / "build").glob(".netmatrix-*"))


def test_the_install_line_names_a_helm_that_a_shell_finds(
    netmatrix: Run, copy: Path, helm: Helm, tmp_path: Path
) -> None:
    own = copy / ".tools" / "helm"
    for link in (own, tmp_path / "helm"):
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(helm.executable)
    assert "\ninstall: .tools/helm install red-kite chart " in netmatrix("build", cwd=copy, env={"HELM": str(own)}).out
    on_path = {"HELM": "", "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    assert "\ninstall: helm install red-kite chart " in netmatrix("build", cwd=copy, env=on_path).out


def test_a_second_time_gives_the_same(netmatrix: Run, copy: Path) -> None:
    first = netmatrix("build", cwd=copy)
    before = {name: content for name, (content, _) in snapshot(copy).items()}
    second = netmatrix("build", cwd=copy / "chart")
    assert second.status == 0
    assert {name: content for name, (content, _) in snapshot(copy).items()} == before
    assert "build/prod.yaml" in first.out


def test_a_stale_chart_is_told_and_nothing_written(netmatrix: Run, copy: Path) -> None:
    replace_in(copy / "chart/Chart.yaml", "type: application\n", "type: library\n")
    result = netmatrix("build", cwd=copy)
    assert result.status == 1
    assert "-type: library\n+type: application\n" in result.out
    assert "error NM301" in result.out
    assert not (copy / "build").exists()


def test_what_cannot_be_rendered_writes_nothing(netmatrix: Run, copy: Path, helm: Helm, tmp_path: Path) -> None:
    fake = tmp_path / "helm"
    fake.write_text(
        f"#!/bin/sh\ncase \"$*\" in *dev*) echo 'Error: no' >&2; exit 1;; esac\nexec '{helm.executable}' \"$@\"\n",
        encoding="utf-8",
    )
    fake.chmod(0o755)
    result = netmatrix("build", cwd=copy, env={"HELM": str(fake)})
    assert result.status == 2
    assert "helm refused: no" in result.err
    assert not (copy / "build").exists()


@pytest.mark.parametrize("stale", [False, True])
def test_a_terminal_sees_what_is_done(stale: bool, copy: Path, on_a_terminal: OnATerminal) -> None:
    if stale:
        replace_in(copy / "chart/Chart.yaml", "type: application\n", "type: library\n")
    status, shown = on_a_terminal("build", cwd=copy)
    assert status == (1 if stale else 0)
    assert (b"prod: render with helm" in shown) is not stale
    assert (b"done" in shown) is not stale, "what failed is not called done"


def test_a_folder_that_cannot_be_written_is_told(netmatrix: Run, copy: Path) -> None:
    (copy / "build").write_text("x", encoding="utf-8")
    result = netmatrix("build", cwd=copy)
    assert result.status == 2
    assert "build: file exists" in result.err
    elsewhere = netmatrix("build", "--output", "else/where", cwd=copy)
    assert elsewhere.status == 0
    assert (copy / "else/where/dev.yaml").is_file()


def test_the_summary_says_what_was_proved_of_every_file_of_values(netmatrix: Run, whole: Path) -> None:
    result = netmatrix("build", cwd=whole)
    for environment in ENVIRONMENTS:
        assert f"{environment}: holds: the rendered policies allow exactly what the matrix grants" in result.out
        assert f"{environment}: holds with each of operational, {', '.join(CLUSTERS)}\n" in result.out


def test_what_a_cluster_s_file_breaks_ends_it(netmatrix: Run, copy: Path) -> None:
    (copy / "values/clusters/mine.yaml").write_text("endpoints: {dns: {cidrs: [0.0.0.0/0]}}\n", encoding="utf-8")
    result = netmatrix("build", cwd=copy)
    assert result.status == 1
    assert "values/clusters/mine.yaml:1:27: error NM251" in result.err
    assert not (copy / "build").exists()


def test_a_cluster_s_file_that_chooses_an_environment_is_for_that_one(netmatrix: Run, copy: Path) -> None:
    (copy / "values/clusters/mine.yaml").write_text("environment: dev\n", encoding="utf-8")
    out = netmatrix("build", cwd=copy).out
    assert [line.startswith("dev") for line in out.splitlines() if "mine" in line] == [True]


def test_manifests_that_are_not_the_matrix_are_kept_as_evidence(netmatrix: Run, copy: Path, tmp_path: Path) -> None:
    """A helm that renders one port otherwise."""
    helm = tmp_path / "helm"
    real = os.environ["HELM"]
    helm.write_text(f"#!/bin/sh\n{real} \"$@\" | sed 's/port: 9093/port: 9095/'\n", encoding="utf-8")
    helm.chmod(0o755)
    result = netmatrix("build", cwd=copy, env={"HELM": str(helm)})
    assert (result.status, result.out) == (1, "")
    assert "error NM701 kafka -> kafka, TCP 9095: allowed, and not granted" in result.err
    assert "error NM702 kafka -> kafka, TCP 9093: granted, and not allowed" in result.err
    place = next(line for line in result.err.splitlines() if "NM701" in line).split(":")
    assert place[0] == "build/prod.yaml"
    assert (copy / "build/prod.yaml").read_text(encoding="utf-8").splitlines()[int(place[1]) - 1].strip() == "- to:"
