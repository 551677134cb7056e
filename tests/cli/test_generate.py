"""`netmatrix generate`: from the matrix to files, and back to the proof that they are what it gives."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run, replace_in, snapshot
from tests.support.scenarios import ROOT

DNS_ROW = "  mongo-to-dns:\n"


def without_mongo_to_dns(matrix: Path) -> None:
    """Take an operational flow out of the matrix: its template goes, and values and tables change."""
    lines = matrix.read_text(encoding="utf-8").splitlines(keepends=True)
    start = lines.index(DNS_ROW)
    matrix.write_text("".join(lines[:start] + lines[start + 2 :]), encoding="utf-8")


def test_the_project_s_own_files_are_what_its_matrix_gives(netmatrix: Run) -> None:
    result = netmatrix("generate", "--check")
    assert result.status == 0, result.out
    assert result.out == ""


def test_the_bytes_depend_on_the_matrix_alone(process: Run, copy: Path, tmp_path: Path) -> None:
    ours = ("README.md", "docs/network-layout.yaml")
    expected = {name: content for name, (content, _) in snapshot(copy).items() if name not in ours}
    below = copy / "values" / "clusters"
    settings = [
        (copy, {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "Asia/Tokyo"}, []),
        (below, {"PYTHONHASHSEED": "2", "LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "0"}, []),
        (
            tmp_path,
            {"PYTHONHASHSEED": "3", "LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"},
            ["--matrix", "copy/matrix.yaml"],
        ),
    ]
    for number, (cwd, env, arguments) in enumerate(settings):
        target = tmp_path / "new" / str(number)
        result = process("generate", *arguments, "--output", target, cwd=cwd, env=env)
        assert result.status == 0, result.err
        got = {name: content for name, (content, _) in snapshot(target).items()}
        assert got == {name: expected[name] for name in expected if name in got}
        assert len(got) == len(expected) - 1 - len(list((copy / "values/clusters").iterdir()))
        assert process("generate", "--check", *arguments, cwd=cwd, env=env).status == 0


def test_a_difference_is_shown_with_the_command_that_mends_it(netmatrix: Run, copy: Path) -> None:
    (copy / "chart/values.yaml").unlink()
    replace_in(copy / "values/values-prod.yaml", "environment: prod\n", "environment: dev\n")
    leftover = (copy / "chart/templates/ui.yaml").read_text(encoding="utf-8")
    (copy / "chart/templates/gone.yaml").write_text(leftover, encoding="utf-8")
    before = snapshot(copy)
    result = netmatrix("generate", "--check", cwd=copy)
    assert result.status == 1
    assert "--- values/values-prod.yaml\n+++ values/values-prod.yaml\n" in result.out
    assert "-environment: dev\n+environment: prod\n" in result.out
    assert "values/values-prod.yaml:1:1: error NM301 is not what is generated from matrix.yaml\n" in result.out
    assert "chart/values.yaml:1:1: error NM301 is missing" in result.out
    assert "chart/templates/gone.yaml:1:1: error NM301 belongs to a row that is gone" in result.out
    assert "run `netmatrix generate` (or `make generate`)" in result.out
    assert snapshot(copy) == before, "a check changes nothing"


def test_the_command_that_mends_is_complete(netmatrix: Run, copy: Path, tmp_path: Path) -> None:
    result = netmatrix("generate", "--check", "--matrix", "copy/matrix.yaml", "--output", "a b", cwd=tmp_path)
    assert result.status == 1
    assert "run `netmatrix generate --matrix copy/matrix.yaml --output 'a b'` and commit" in result.out
    assert netmatrix("generate", "--matrix", "copy/matrix.yaml", "--output", "a b", cwd=tmp_path).status == 0
    assert netmatrix("generate", "--check", "--matrix", "copy/matrix.yaml", "--output", "a b", cwd=tmp_path).status == 0


def test_only_what_differs_is_written_and_rows_that_are_gone_take_their_files_along(netmatrix: Run, copy: Path) -> None:
    before = snapshot(copy)
    without_mongo_to_dns(copy / "matrix.yaml")
    result = netmatrix("generate", cwd=copy)
    assert result.status == 0, result.err
    assert "removed chart/templates/flow-mongo-to-dns.yaml\n" in result.out
    assert "wrote README.md\n" in result.out
    after = snapshot(copy)
    assert set(before) - set(after) == {"chart/templates/flow-mongo-to-dns.yaml"}
    assert set(after) <= set(before)
    changed = {name for name in after if after[name] != before[name]}
    assert {f"wrote {name}" for name in changed - {"matrix.yaml"}} <= set(result.out.splitlines())
    assert all(after[name][0] != before[name][0] for name in changed), "no file is written that is as it should be"
    assert {"values/values-prod.yaml", "chart/templates/ui.yaml", "values/clusters/k3s.yaml"}.isdisjoint(changed)
    assert "mongo-to-dns" not in (copy / "README.md").read_text(encoding="utf-8")
    assert (copy / "README.md").read_text(encoding="utf-8").endswith("\nBy hand.\n")


@pytest.mark.parametrize(
    "name", ["chart/Chart.yaml", "values/values-prod.yaml", "schema/values.schema.json", "docs/tables.md"]
)
def test_a_file_without_the_marker_stops_everything(name: str, netmatrix: Run, copy: Path) -> None:
    (copy / name).write_text("by: hand\n", encoding="utf-8")
    without_mongo_to_dns(copy / "matrix.yaml")
    before = snapshot(copy)
    result = netmatrix("generate", cwd=copy)
    assert result.status == 1
    assert f"{name}:1:1: error NM302 {name} was not written by the generator" in result.err
    assert "move it elsewhere or delete it" in result.err
    assert snapshot(copy) == before


def test_a_foreign_file_in_the_chart_stops_everything(netmatrix: Run, copy: Path) -> None:
    (copy / "chart/templates/allow-all.yaml").write_text("kind: NetworkPolicy\n", encoding="utf-8")
    without_mongo_to_dns(copy / "matrix.yaml")
    before = snapshot(copy)
    for arguments in (["generate"], ["generate", "--check"]):
        result = netmatrix(*arguments, cwd=copy)
        assert result.status == 1
        assert "chart/templates/allow-all.yaml:1:1: error NM302" in result.err
    assert snapshot(copy) == before


def test_a_broken_region_in_the_readme_is_told(netmatrix: Run, copy: Path) -> None:
    replace_in(copy / "README.md", "<!-- netmatrix:tables end -->\n", "")
    result = netmatrix("generate", cwd=copy)
    assert result.status == 1
    assert "README.md:1:1: error NM304" in result.err


def test_a_file_where_a_folder_should_be_could_not_run(netmatrix: Run, copy: Path, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("x", encoding="utf-8")
    for output in (target, target / "below"):
        result = netmatrix("generate", "--output", output, cwd=copy)
        assert result.status == 2
        assert "error NM303 cannot write: not a directory" in result.err
        assert "nothing was changed" in result.err
    assert target.read_text(encoding="utf-8") == "x"


def test_a_disk_that_is_full_leaves_everything_as_it_was(copy: Path, environment: dict[str, str]) -> None:
    without_mongo_to_dns(copy / "matrix.yaml")
    before = snapshot(copy)
    code = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, {resource.RLIM_INFINITY}))"
    command = [sys.executable, "-c", f"{code}; from netmatrix.cli import main; main()", "generate"]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "error NM303 cannot write: file too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert snapshot(copy) == before
    assert not list(copy.glob(".netmatrix-*"))


_SMALL = 800 * 1024
"""Bytes: all generated files fit once, and not twice."""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_small_disk_that_fills_up_keeps_the_old_files(process: Run, copy: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "--no-mtab", "-t", "tmpfs", "-o", f"size={_SMALL}", "tmpfs", str(disk)]
    mounted = subprocess.run(mounting, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        assert process("generate", "--output", disk, cwd=copy).status == 0
        before = snapshot(disk)
        without_mongo_to_dns(copy / "matrix.yaml")
        (disk / "ballast").write_bytes(b"x" * (_SMALL - 4096 - _used(disk)))
        result = process("generate", "--output", disk, cwd=copy)
        assert result.status == 2, result.out
        assert "cannot write: no space left on device" in result.err
        (disk / "ballast").unlink()
        assert snapshot(disk) == before
        assert not list(disk.glob(".netmatrix-*"))
    finally:
        subprocess.run(["umount", "--no-mtab", str(disk)], check=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_leaves_everything_as_it_was(
    number: signal.Signals, copy: Path, environment: dict[str, str]
) -> None:
    without_mongo_to_dns(copy / "matrix.yaml")
    before = snapshot(copy)
    slow = "import os, time; sync = os.fsync; os.fsync = lambda file: (sync(file), time.sleep(5))"
    command = [sys.executable, "-c", f"{slow}; from netmatrix.cli import main; main()", "generate"]
    with subprocess.Popen(command, cwd=copy, env=environment, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 30
        while not list(copy.glob(".netmatrix-*/new-*")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        running.send_signal(number)
        _, err = running.communicate(timeout=30)
    assert running.returncode == 128 + number
    assert err == "netmatrix: interrupted; nothing was left half-written\n"
    assert snapshot(copy) == before
    assert not list(copy.glob(".netmatrix-*"))


def test_formats_are_whole_documents_also_with_nothing_to_say(netmatrix: Run, copy: Path) -> None:
    assert json.loads(netmatrix("generate", "--check", "--format", "json", cwd=copy).out)["findings"] == []
    assert json.loads(netmatrix("generate", "--format", "sarif", cwd=copy).out)["runs"][0]["results"] == []
    (copy / "chart/values.yaml").unlink()
    stale = json.loads(netmatrix("generate", "--check", "--format", "json", cwd=copy).out)
    assert [(row["rule"], row["file"]) for row in stale["findings"]] == [("NM301", "chart/values.yaml")]
    written = netmatrix("generate", "--format", "json", cwd=copy)
    assert json.loads(written.out)["findings"] == []
    assert "wrote chart/values.yaml\n" in written.err


def test_on_github_the_difference_is_shown_where_its_lines_are_no_commands(netmatrix: Run, copy: Path) -> None:
    replace_in(copy / "values/values-prod.yaml", "environment: prod\n", "environment: prod\n::error::forged\n")
    result = netmatrix("generate", "--check", "--format", "github", cwd=copy)
    lines = result.out.splitlines()
    token = lines[0].removeprefix("::stop-commands::")
    assert len(token) == 64
    end = lines.index(f"::{token}::")
    assert any("forged" in line for line in lines[1:end])
    assert [line.split(",")[0] for line in lines[end + 1 :]] == ["::error file=values/values-prod.yaml"]


@pytest.mark.parametrize("arguments", [["--matrix", ROOT / "tests/webshop/matrix.yaml"]])
def test_another_application_s_matrix_does_as_well(arguments: list[str], netmatrix: Run, tmp_path: Path) -> None:
    assert netmatrix("generate", *arguments, "--output", tmp_path / "shop", cwd=tmp_path).status == 0
    assert (tmp_path / "shop/chart/Chart.yaml").is_file()


def _used(disk: Path) -> int:
    status = os.statvfs(disk)
    return (status.f_blocks - status.f_bfree) * status.f_frsize
