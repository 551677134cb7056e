"""The cluster leaves the machine as it was, however it ends, and cannot touch it while it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e import cgroups, machine, session, snapshot
from tests.e2e.errors import ClusterError, MachineError
from tests.e2e.inside import dns
from tests.e2e.paths import ROOT, Folder
from tests.e2e.patience import patient
from tests.e2e.records import Record
from tests.e2e.session import Cluster, Hosts

pytestmark = [pytest.mark.e2e, pytest.mark.harness]

HOSTS = Hosts(("203.0.113.1", "2600::1"), (80,))
_PATIENCE = patient(120.0)
_HOLD = """
import sys, time
from pathlib import Path
from tests.e2e.paths import Folder
from tests.e2e.session import Hosts, running
with running(Folder(Path(sys.argv[1])), Hosts(("203.0.113.1",), (80,))):
    time.sleep(600)
"""


@pytest.fixture
def folder() -> Folder:
    """A folder for a cluster of the test's own; the logs stay, until the next one starts."""
    path = ROOT / "build" / "e2e" / "ending"
    path.mkdir(parents=True, exist_ok=True)
    return Folder(path)


def test_it_can_touch_nothing_and_when_who_started_it_is_killed_nothing_is_left(folder: Folder) -> None:
    before = snapshot.take()
    with _holder(folder) as holder:
        _await_phase(folder, holder, "name service")
        cluster = session.attached(folder)
        assert cluster.get("node", "node")["status"]["nodeInfo"]["kubeletVersion"] == "v1.36.3"
        seen = {line.partition(":")[0] for line in snapshot.differences(before, snapshot.take())}
        assert {"processes", "namespaces"} <= seen <= {"processes", "namespaces", "cgroups"}
        assert _containers(cluster) == {2 * dns.REPLICAS}
        for path in ("/etc", "/usr/local", "/tmp", str(Path.home()), str(ROOT)):
            refused = cluster.run("touch", f"{path}/netmatrix-was-here", check=False)
            assert "Read-only file system" in refused.stderr, path
        cluster.run("touch", str(folder.scratch / "here"))
        assert cluster.run("ip", "route", "show", "default").stdout == ""
        assert cluster.run("ip", "-6", "route", "show", "default").stdout == ""
        machines = {line.split()[1] for line in _links("ip", "-oneline", "link")}
        clusters = {line.split()[1] for line in cluster.run("ip", "-oneline", "link").stdout.splitlines()}
        assert machines & clusters == {"lo:"}
        holder.kill()
        holder.wait()
    assert snapshot.lasting_differences(before) == []
    assert list(folder.logs.iterdir())


def test_what_mount_notes_for_itself_is_not_left_on_the_machine() -> None:
    """On a machine where nobody has mounted anything yet, which /run stands for here."""
    empty = "mount --no-mtab -t tmpfs netmatrix /run"
    mounting = "from tests.e2e.inside.commands import mount; mount('-t', 'tmpfs', 'netmatrix', '/mnt')"
    command = ["unshare", "--mount", "sh", "-c", f'{empty} && "$@" && ls -A /run', "sh", sys.executable, "-c", mounting]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_a_folder_has_one_cluster_at_a_time_and_the_second_to_come_touches_nothing(folder: Folder) -> None:
    """The lock is its guard's, and stands for one that has lost its cluster and has yet to remove what it left."""
    before = snapshot.take()
    with _holder(folder) as holder:
        _await_phase(folder, holder, "API server")
        record = Record.read(folder.record)
        assert record is not None
        for second in (session.start, _run_and_end):
            with pytest.raises(ClusterError, match=rf"up already in {folder.path}.* ends with the run"):
                second(folder, HOSTS)
        assert Record.read(folder.record) == record
        assert "API server" in (folder.path / "holder.log").read_text(encoding="utf-8")
        record.guard.send(signal.SIGSTOP)
        record.first.send(signal.SIGKILL)
        with pytest.raises(ClusterError, match="or ends just now"):
            _run_and_end(folder, HOSTS)
        record.guard.send(signal.SIGCONT)
        holder.kill()
        holder.wait()
    assert snapshot.lasting_differences(before) == []


def test_it_is_ended_by_its_record_alone(folder: Folder) -> None:
    before = snapshot.take()
    cluster = session.start(folder, HOSTS)
    assert session.attached(folder) == cluster
    assert session.stop(folder)
    assert not session.stop(folder)
    assert snapshot.lasting_differences(before) == []


def test_when_its_start_is_interrupted_nothing_is_left(folder: Folder) -> None:
    before = snapshot.take()
    with _holder(folder) as holder:
        _await_phase(folder, holder, "API server")
        holder.send_signal(signal.SIGINT)
        holder.wait()
    assert snapshot.lasting_differences(before) == []
    assert list(folder.logs.iterdir())


def test_when_the_guard_is_killed_all_ends_and_the_next_run_tidies_up(folder: Folder) -> None:
    before = snapshot.take()
    with _holder(folder) as holder:
        _await_phase(folder, holder, "API server")
        record = Record.read(folder.record)
        assert record is not None
        record.guard.send(signal.SIGKILL)
        holder.wait()

    def is_group(line: str) -> bool:
        return line.startswith("cgroups: +") and f"/netmatrix-e2e-{record.guard.pid}" in line

    assert all(map(is_group, snapshot.lasting_differences(before, is_group)))
    with pytest.raises(ClusterError), session.running(folder, Hosts(("no address",), (80,))):
        pass
    assert snapshot.lasting_differences(before) == []


def test_a_cluster_that_cannot_start_says_why_and_leaves_nothing(folder: Folder) -> None:
    before = snapshot.take()
    with (
        pytest.raises(ClusterError, match='"nowhere"'),
        session.running(folder, Hosts(("nowhere",), (80,))),
    ):
        pass
    assert snapshot.lasting_differences(before) == []


def test_a_machine_that_cannot_have_a_cluster_is_told_all_that_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MachineError, match=r"needs Linux .* darwin"):
        machine.provide("darwin")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MachineError) as caught:
        machine.provide("linux", user=1000)
    assert [line.split(",")[0] for line in str(caught.value).splitlines()] == [
        "the cluster needs root",
        "the cluster needs Go",
        "the cluster needs etcd",
    ]


def test_the_command_says_what_is_missing_and_stops_with_status_2() -> None:
    """As `make e2e` does before it starts anything."""
    command = [sys.executable, "-m", "tests.e2e", "tools"]
    done = subprocess.run(command, cwd=ROOT, env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "error: the cluster needs Go" in done.stderr
    assert "Traceback" not in done.stderr


def _containers(cluster: Cluster) -> set[int]:
    """How many containers are in groups below the cluster's own: of memory, and of process ids. A pod has two."""
    name = f"netmatrix-e2e-{cluster.record.guard.pid}"
    groups = [Path(folder, name) for folder, names, _ in os.walk("/sys/fs/cgroup") if name in names]
    files = ("memory.stat", "pids.max")
    return {_held_below(group) for group in groups if any((group / file).exists() for file in files)}


def _held_below(group: Path) -> int:
    """How many groups below this one hold processes."""
    own = (group, group / cgroups.LEAF)
    files = [file for file in group.rglob("cgroup.procs") if file.parent not in own]
    return sum(file.read_text(encoding="ascii").strip() != "" for file in files)


def _run_and_end(folder: Folder, hosts: Hosts) -> None:
    with session.running(folder, hosts):
        pass


@contextmanager
def _holder(folder: Folder) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has started a cluster and holds it."""
    log = (folder.path / "holder.log").open("wb")
    with log, subprocess.Popen([sys.executable, "-c", _HOLD, str(folder.path)], cwd=ROOT, stderr=log) as holder:
        try:
            yield holder
        finally:
            holder.kill()


def _await_phase(folder: Folder, holder: subprocess.Popen[bytes], phase: str) -> None:
    """Wait until a phase is over; the name service is the last."""
    deadline = time.monotonic() + _PATIENCE
    while phase not in (folder.path / "holder.log").read_text(encoding="utf-8"):
        assert holder.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _links(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
