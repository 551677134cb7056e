"""`netmatrix build`: the main job, from the check of generated files to manifests and tables."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from netmatrix.helm import Helm
from tests.cli.conftest import Run, replace_in, snapshot


def test_every_environment_is_rendered_and_the_tables_printed(netmatrix: Run, copy: Path, helm: Helm) -> None:
    result = netmatrix("build", cwd=copy)
    assert result.status == 0, result.err
    for environment, port in (("prod", 443), ("dev", 4200)):
        text = (copy / f"build/{environment}.yaml").read_text(encoding="utf-8")
        objects = [document for document in yaml.safe_load_all(text) if document]
        kinds = {item["kind"] for item in objects}
        assert kinds == {"NetworkPolicy", "Namespace"}
        assert str(port) in text
        values = str(copy / f"values/values-{environment}.yaml")
        plain = helm.run(["template", "red-kite", str(copy / "chart"), "--namespace", "stalker", "-f", values])
        assert text == plain.stdout.decode()
        assert (
            f"{environment}: 1 Namespace, {len(objects) - 1} NetworkPolicy in build/{environment}.yaml\n" in result.out
        )
    for cell in ("Nginx (UI)", "80, 443", "Deny All", "53 (DNS), 443 (K8s API), 9092 (Kafka)", "4200"):
        assert cell in result.out
    assert "helm install red-kite chart -f values/values-prod.yaml --namespace stalker --create-namespace" in result.out
    assert "prod: validate ..." in result.err
    assert not list((copy / "build").glob(".netmatrix-*"))


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
def test_a_terminal_sees_what_is_done(stale: bool, copy: Path, environment: dict[str, str]) -> None:
    if stale:
        replace_in(copy / "chart/Chart.yaml", "type: application\n", "type: library\n")
    ours, theirs = os.openpty()
    env = {**environment, "TERM": "xterm", "COLUMNS": "80"}
    command = [sys.executable, "-m", "netmatrix", "build"]
    done = subprocess.run(command, cwd=copy, env=env, stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=False)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    assert done.returncode == (1 if stale else 0)
    assert b"Traceback" not in shown
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
