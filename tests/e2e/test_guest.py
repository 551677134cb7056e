"""A cluster on control groups of version 2, whatever this machine uses: in a guest, which changes nothing here."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.e2e import cgroups, snapshot
from tests.e2e.errors import ClusterError
from tests.e2e.guest import kernel
from tests.e2e.paths import ROOT
from tests.e2e.patience import patient
from tests.e2e.test_packets import SCENARIOS

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.guest,
    pytest.mark.skipif(cgroups.version() == 2, reason="control groups are of version 2 on this machine"),
]

_SHARE = ROOT / "build" / "e2e" / "guest"
_TESTS = ("test_cgroups.py", "test_machine.py", "test_packets.py")
_SLOW = {"NETMATRIX_PATIENCE": "4", "NETMATRIX_QUESTIONS": "few"}
_PATIENCE = patient(30.0)
_NOT_HERE = "test_where_version_2_has_too_little_the_command_says_so_and_stops_with_status_2"
_HOLD = """
import sys
from pathlib import Path
from tests.e2e.guest import kernel
kernel.run(Path(sys.argv[1]), ["sleep", "600"], {})
"""


def test_it_sees_the_files_of_this_machine_and_changes_none(capfd: pytest.CaptureFixture[str]) -> None:
    places = ["/etc", "/tmp", "/usr/local", str(Path.home()), str(ROOT)]
    script = "; ".join(
        [
            *(f"touch {shlex.quote(place)}/netmatrix-was-here || exit 1" for place in places),
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
    written = [path for place in places if (path := Path(place, "netmatrix-was-here")).exists()]
    for path in written:
        path.unlink()
    assert written == []
    assert (_SHARE / "and-here").exists()


def test_where_it_ends_too_early_its_last_words_are_told() -> None:
    with pytest.raises(ClusterError, match=r"before its command did:\n(.*\n)*.*Kernel panic"):
        kernel.run(_SHARE, ["sh", "-c", "echo c > /proc/sysrq-trigger"], {})


def test_when_who_booted_it_is_killed_nothing_is_left() -> None:
    before = snapshot.take()
    console = _SHARE / "console.log"
    console.unlink(missing_ok=True)
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(_SHARE)], cwd=ROOT) as holder:
        try:
            deadline = time.monotonic() + _PATIENCE
            while not console.exists() or kernel.STARTED not in console.read_text(encoding="utf-8"):
                assert holder.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            seen = snapshot.differences(before, snapshot.take())
        finally:
            holder.kill()
    assert any(line.startswith("processes: + ") and "linux.uml" in line for line in seen)
    assert snapshot.lasting_differences(before) == []
    is_set = f"settings: + {kernel.MOST_MAPS} = {kernel.MAPS}" in seen
    assert is_set == (int(kernel.MOST_MAPS.read_text(encoding="ascii")) < kernel.MAPS)


def test_a_cluster_starts_on_version_2_enforces_the_matrix_and_leaves_nothing() -> None:
    """The tests that hold this here, run in the guest; the cluster's logs are beside the console's.

    That a broken chart is found out has nothing to do with control groups, and is left out. Each of the others has
    passed but the one for machines whose version 2 has too little.
    """
    tests = [f"tests/e2e/{name}" for name in _TESTS]
    options = ["-v", "--capture=no", "--color=no", "--durations=12", "-m", "e2e", "-k", "not broken"]
    options += [f"--junit-xml={_SHARE}/tests.xml"]
    tried = [sys.executable, "-m", "pytest", *options, *tests]
    kept = f"cp --recursive --parents build/e2e/*/logs {shlex.quote(str(_SHARE))}"
    script = f"rm -rf build/e2e/*/logs; {shlex.join(tried)}; status=$?; {kept}; exit $status"
    assert kernel.run(_SHARE, ["sh", "-c", script], _SLOW) == 0
    cases = list(ElementTree.parse(_SHARE / "tests.xml").iter("testcase"))
    ran = [case.attrib["classname"].rpartition(".")[2] for case in cases if not list(case)]
    assert {f"{name}.py" for name in ran} == {*_TESTS}
    assert [case.attrib["name"] for case in cases if list(case)] == [_NOT_HERE]
    assert ran.count("test_packets") == 1 + len(SCENARIOS)
