"""A cluster on control groups of version 2, whatever this machine uses: in a guest, which changes nothing here."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e import snapshot
from tests.e2e.errors import ClusterError
from tests.e2e.guest import kernel
from tests.e2e.paths import ROOT

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.guest,
    pytest.mark.skipif(Path("/sys/fs/cgroup/cgroup.controllers").exists(), reason="version 2 is this machine's own"),
]

_SHARE = ROOT / "build" / "e2e" / "guest"
_TESTS = ("test_cgroups.py", "test_machine.py", "test_packets.py")
_SLOW = {"NETMATRIX_PATIENCE": "4", "NETMATRIX_QUESTIONS": "few"}
_PATIENCE = 30.0
_HOLD = """
import sys
from pathlib import Path
from tests.e2e.guest import kernel
kernel.run(Path(sys.argv[1]), ["sleep", "600"], {})
"""


@pytest.fixture(scope="module", autouse=True)
def _provided() -> None:
    kernel.provide()


def test_it_sees_the_files_of_this_machine_and_changes_none(capfd: pytest.CaptureFixture[str]) -> None:
    places = ["/etc", "/tmp", "/usr/local", str(Path.home()), str(ROOT)]
    script = "; ".join(
        [
            *(f"touch {place}/netmatrix-was-here || exit 1" for place in places),
            "touch build/e2e/guest/and-here",
            "ls /sys/class/net",
            "cat /sys/fs/cgroup/cgroup.controllers",
            "grep -c cgroup2 /proc/mounts",
            "exit 3",
        ]
    )
    assert kernel.run(_SHARE, ["sh", "-c", script], {}) == 3
    said = capfd.readouterr().err.splitlines()
    assert said[0] == "lo"
    assert {"cpu", "memory", "pids"} <= {*said[1].split()}
    assert said[2] == "1"
    assert not [place for place in places if Path(place, "netmatrix-was-here").exists()]
    assert (_SHARE / "and-here").exists()


def test_where_it_ends_too_early_its_last_words_are_told() -> None:
    with pytest.raises(ClusterError, match=r"before its command did:\n(.*\n)*.*Kernel panic"):
        kernel.run(_SHARE, ["sh", "-c", "echo c > /proc/sysrq-trigger"], {})


def test_when_who_booted_it_is_killed_nothing_is_left() -> None:
    before = snapshot.take()
    console = _SHARE / "console.log"
    console.unlink(missing_ok=True)
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(_SHARE)], cwd=ROOT) as holder:
        deadline = time.monotonic() + _PATIENCE
        while not console.exists() or kernel.STARTED not in console.read_text(encoding="utf-8"):
            assert holder.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert any(line.startswith("processes: + ") for line in snapshot.differences(before, snapshot.take()))
        holder.kill()
    assert snapshot.lasting_differences(before) == []


def test_a_cluster_starts_on_version_2_enforces_the_matrix_and_leaves_nothing() -> None:
    """The tests that hold this here, run in the guest; the cluster's logs are beside the console's.

    That a broken chart is found out has nothing to do with control groups, and is left out.
    """
    tests = [f"tests/e2e/{name}" for name in _TESTS]
    options = ["-v", "--capture=no", "--color=no", "--durations=12", "-m", "e2e", "-k", "not broken"]
    tried = [sys.executable, "-m", "pytest", *options, *tests]
    script = f"{shlex.join(tried)}; status=$?; cp --recursive --parents build/e2e/*/logs {_SHARE}; exit $status"
    assert kernel.run(_SHARE, ["sh", "-c", script], _SLOW) == 0
