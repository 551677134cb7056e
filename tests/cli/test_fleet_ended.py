"""`netmatrix verify --fleet` that is interrupted, or of which a process is killed: it ends whole, and goes on later."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import DNS, PROD, TODAY, Fleet

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


class Running:
    """A fleet of a few batches under way in a process group of its own."""

    def __init__(self, fleet: Fleet, environment: dict[str, str], scratch: Path, *, begun: bool = True) -> None:
        """With `begun`, something is proved by now; without, the workers load their modules."""
        self.fleet = fleet
        fleet.write(**{f"c{number:03}": DNS % number for number in range(100)})
        command = [sys.executable, "-m", "netmatrix", "verify", *PROD, *TODAY, "--fleet", "fleet/*.yaml", "--jobs", "2"]
        scratch.mkdir()
        self.process = subprocess.Popen(
            command,
            cwd=fleet.folder,
            env=environment | {"TMPDIR": str(scratch)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        deadline = time.monotonic() + 120
        while not (fleet.records() if begun else self.workers()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert begun == bool(fleet.records())

    def everyone(self) -> list[int]:
        """Who is still there of the group."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(fields[2]) == self.process.pid and fields[0] != "Z":
                    found.append(int(entry.name))
        return found

    def workers(self) -> list[int]:
        """Those of them that are workers."""
        found = []
        for pid in self.everyone():
            with contextlib.suppress(OSError):
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        return found

    def wait_for_the_end(self) -> None:
        deadline = time.monotonic() + 60
        while self.everyone() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self.everyone() == []


@pytest.mark.long
def test_an_interrupted_run_ends_whole_and_is_continued(
    fleet: Fleet, environment: dict[str, str], tmp_path: Path
) -> None:
    running = Running(fleet, environment, tmp_path / "scratch")
    os.killpg(running.process.pid, signal.SIGINT)
    out, err = running.process.communicate(timeout=120)
    assert (running.process.returncode, out) == (130, b"")
    assert b"of 100 clusters were judged; what holds is recorded, and the same command goes on from there" in err
    assert b"Traceback" not in err
    running.wait_for_the_end()
    assert list((tmp_path / "scratch").iterdir()) == []
    kept = len(fleet.records())
    assert all(file.suffix == ".json" for file in fleet.records())
    result = fleet.verify(*PROD)
    assert result.status == 0
    assert f"; {kept} were proved before" in result.err
    assert len(fleet.records()) == 100


@pytest.mark.long
def test_an_interrupt_while_workers_start_shows_no_traceback(
    fleet: Fleet, environment: dict[str, str], tmp_path: Path
) -> None:
    running = Running(fleet, environment, tmp_path / "scratch", begun=False)
    os.killpg(running.process.pid, signal.SIGINT)
    _, err = running.process.communicate(timeout=120)
    assert running.process.returncode == 130
    assert b"Traceback" not in err
    assert b"0 of 100 clusters were judged" in err
    running.wait_for_the_end()


def test_a_killed_run_leaves_no_worker_and_no_helm(fleet: Fleet, environment: dict[str, str], tmp_path: Path) -> None:
    running = Running(fleet, environment, tmp_path / "scratch")
    running.process.kill()
    running.process.communicate(timeout=60)
    running.wait_for_the_end()


def test_a_worker_that_is_killed_is_told(fleet: Fleet, environment: dict[str, str], tmp_path: Path) -> None:
    running = Running(fleet, environment, tmp_path / "scratch")
    os.kill(running.workers()[0], signal.SIGKILL)
    _, err = running.process.communicate(timeout=120)
    assert running.process.returncode == 2
    assert b"a worker was ended from outside" in err
    assert b"Traceback" not in err
    running.wait_for_the_end()
