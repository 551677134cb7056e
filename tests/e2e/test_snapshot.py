"""What a run leaves is seen, wherever it is; what others do meanwhile is not taken for it; and then the run fails."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import snapshot
from tests.e2e.paths import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.harness]

_NAME = f"netmatrix-left-{os.getpid()}"
_PLACES = ["/", "/dev/shm", "/etc", "/tmp", "/usr/lib", "/usr/local/bin", "/var/lib", str(Path.home() / ".config")]
_SHARED = ["/tmp", str(Path.home())]
_EXCEPTED = Path(f"/tmp/pytest-of-{_NAME}")
_NOBODY = 65534


def test_a_process_that_outlives_its_parent_is_seen_with_the_namespace_that_it_holds() -> None:
    before = snapshot.take()
    command = ["setsid", "--fork", "unshare", "--net", "env", "--ignore-environment", "sleep", "20"]
    subprocess.run(command, check=True)
    found: list[str] = []
    deadline = time.monotonic() + 10
    while not any(line.endswith(" sleep 20") and "unshare" not in line for line in found):
        assert time.monotonic() < deadline
        found = snapshot.differences(before, snapshot.take())
    process, namespace = sorted(found, reverse=True)
    assert namespace.startswith("namespaces: + net:")
    os.kill(int(process.split()[2]), signal.SIGKILL)
    assert snapshot.lasting_differences(before) == []


def test_a_process_and_namespaces_of_others_are_not() -> None:
    before = snapshot.take()
    command = ["setsid", "--fork", "unshare", "--net", "sleep", "3"]
    subprocess.run(command, group=_NOBODY, check=True)
    assert snapshot.differences(before, snapshot.take()) == []


_RUN = f"""
import subprocess
import pytest

@pytest.mark.e2e
def test_it():
    for place in {_PLACES}:
        subprocess.run(["install", "-D", "/dev/null", place + "/{_NAME}/below/file"], check=True)
    subprocess.run(["mkdir", "{_EXCEPTED}"], check=True)
    for place in {_SHARED}:
        subprocess.run(["touch", place + "/{_NAME}-of-others"], group={_NOBODY}, check=True)
"""


@pytest.fixture
def _removed() -> Iterator[None]:
    yield
    for place in _PLACES:
        shutil.rmtree(Path(place, _NAME), ignore_errors=True)
    shutil.rmtree(_EXCEPTED, ignore_errors=True)
    for place in _SHARED:
        Path(place, f"{_NAME}-of-others").unlink(missing_ok=True)


@pytest.mark.usefixtures("_removed")
def test_a_run_that_leaves_files_fails_and_names_them_and_nothing_else(tmp_path: Path) -> None:
    tests = tmp_path / "test_leaving.py"
    tests.write_text(_RUN, encoding="utf-8")
    options = ["-m", "e2e", "-p", "tests.e2e.leaving", "--config-file", str(ROOT / "pyproject.toml")]
    command = [sys.executable, "-m", "pytest", *options, str(tests)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    told = [line for line in done.stdout.splitlines() if line.startswith("files: ")]
    for place in _PLACES[1:]:
        assert any(line.startswith(f"files: + {place}/{_NAME}/below/file") for line in told), place
    assert f"files: + /{_NAME}" in told
    assert [line for line in told if "of-others" in line or str(_EXCEPTED) in line] == []


def test_a_second_run_in_this_folder_is_told_of_the_first_and_stops_with_status_2() -> None:
    command = [sys.executable, "-m", "pytest", "-m", "e2e", "tests/e2e/test_cgroups.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"up already in {ROOT / 'build' / 'e2e'}" in done.stdout + done.stderr
    assert "passed" not in done.stdout
