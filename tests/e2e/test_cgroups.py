"""Control groups of version 2, on a machine with whatever version: a mount namespace shows the test nothing else.

That a whole cluster runs on version 2 this cannot show where version 1 holds the controllers that containers need: a
controller is in one hierarchy at a time, for the whole machine, whatever a mount namespace mounts. `test_guest` can.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e import cgroups
from tests.e2e.paths import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.harness]

_VERSION_2_ALONE = r"""
awk '{for (at = 1; at < NF; at++) if ($at == "-" && $(at + 1) ~ /^cgroup/) print $5}' /proc/self/mountinfo |
  while read -r mount; do umount --no-mtab "$mount"; done
mount --no-mtab -t cgroup2 netmatrix /sys/fs/cgroup
exec "$@"
"""
_GUARD = """
import subprocess, sys
from pathlib import Path
from tests.e2e import cgroups

groups = cgroups.create()
try:
    (group,) = groups
    inside = subprocess.Popen(
        ["unshare", "--cgroup", "--", sys.executable, "-c", sys.argv[1], str(group.path), *sys.argv[2:]],
        preexec_fn=lambda: cgroups.enter(groups), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert inside.stdout.readline() == "started\\n"
    cgroups.enter_leaves(groups, inside.pid)
    print(inside.communicate("go on")[0].strip())
finally:
    cgroups.remove(groups)
print("left" if group.path.exists() else "removed")
"""
_INSIDE = """
import sys
from pathlib import Path
from tests.e2e import cgroups

print("started", flush=True)
sys.stdin.read()
group = Path(sys.argv[1])
cgroups.delegate(group, sys.argv[2:])
(group / "container").mkdir()
print(Path("/proc/self/cgroup").read_text().splitlines()[-1])
print((group / "container" / "cgroup.controllers").read_text().strip())
"""


_PROBLEMS = [
    sys.executable,
    "-c",
    "import sys; from tests.e2e import cgroups; print(*cgroups.problems(sys.argv[1:]), sep='\\n')",
]
_GUARDED = [sys.executable, "-c", _GUARD, _INSIDE]
_CONTROL = "/sys/fs/cgroup/cgroup.subtree_control"


@pytest.fixture
def held_back() -> Iterator[list[str]]:
    """The controllers that version 2 has here, and hands on to none: all, on a machine that nobody has set up."""
    found = [name for name in _words("cgroup.controllers") if name not in _words("cgroup.subtree_control")]
    yield found
    _run("sh", "-c", f"echo {' '.join(f'-{name}' for name in found)} > {_CONTROL}")
    assert not {*found} & {*_words("cgroup.subtree_control")}


def test_a_group_hands_on_what_the_root_does_and_what_that_holds_back_is_named_with_the_mend(
    held_back: list[str],
) -> None:
    if held_back:
        (problem,) = _run(*_PROBLEMS, *held_back).stdout.splitlines()
        assert f"{', '.join(held_back)}, which /sys/fs/cgroup has and does not hand on" in problem
        refused = _run(*_GUARDED, *held_back).stderr
        assert "ClusterError: the cluster's control group was not handed the controller" in refused
        assert _run("sh", "-c", problem.split("`")[1]).returncode == 0
    controllers = _words("cgroup.subtree_control")
    assert _run(*_PROBLEMS, *controllers).stdout.strip() == ""
    done = _run(*_GUARDED, *controllers)
    assert done.returncode == 0, done.stderr
    own_group, handed_on, group = done.stdout.splitlines()
    assert own_group == "0::/init"
    assert sorted(handed_on.split()) == sorted(controllers)
    assert group == "removed"


def test_where_version_2_has_too_little_the_command_says_so_and_stops_with_status_2() -> None:
    if {*cgroups.REQUIRED} <= {*_words("cgroup.controllers")}:
        pytest.skip("here it has enough")
    done = _run(sys.executable, "-m", "tests.e2e", "tools")
    assert done.returncode == 2
    assert (
        "error: the cluster needs control groups with the controllers cpu, memory, pids, which this machine"
        in done.stderr
    )


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command where nothing but version 2 is mounted."""
    isolated = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", _VERSION_2_ALONE, "sh"]
    return subprocess.run([*isolated, *command], cwd=ROOT, capture_output=True, text=True, check=False)


def _words(name: str) -> list[str]:
    """What a file of the root says."""
    return _run("cat", f"/sys/fs/cgroup/{name}").stdout.split()
