"""Control groups of version 2, on a machine with whatever version: a mount namespace shows the test nothing else.

That a whole cluster runs on version 2 this cannot show where version 1 holds the controllers that containers need.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.e2e.paths import ROOT

pytestmark = pytest.mark.e2e

_VERSION_2_ALONE = r"""
awk '{for (at = 1; at < NF; at++) if ($at == "-" && $(at + 1) ~ /^cgroup/) print $5}' /proc/self/mountinfo |
  while read -r mount; do umount "$mount"; done
mount -t cgroup2 netmatrix /sys/fs/cgroup
exec "$@"
"""
_GUARD = """
import subprocess, sys
from pathlib import Path
from tests.e2e import cgroups

root = Path("/sys/fs/cgroup")
control = root / "cgroup.subtree_control"
added = set((root / "cgroup.controllers").read_text().split()) - set(control.read_text().split())
control.write_text(" ".join(f"+{name}" for name in added))
groups = cgroups.create()
try:
    (group,) = groups
    inside = subprocess.Popen(
        ["unshare", "--cgroup", "--", sys.executable, "-c", sys.argv[1], str(group.path)],
        preexec_fn=lambda: cgroups.enter(groups), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert inside.stdout.readline() == "started\\n"
    cgroups.enter_leaves(groups, inside.pid)
    print(inside.communicate("go on")[0].strip())
finally:
    cgroups.remove(groups)
    control.write_text(" ".join(f"-{name}" for name in added))
print("left" if group.path.exists() else "removed")
print((root / "cgroup.controllers").read_text().strip())
"""
_INSIDE = """
import sys
from pathlib import Path
from tests.e2e import cgroups

print("started", flush=True)
sys.stdin.read()
group = Path(sys.argv[1])
cgroups.delegate(group)
(group / "container").mkdir()
print(Path("/proc/self/cgroup").read_text().splitlines()[-1])
print((group / "container" / "cgroup.controllers").read_text().strip())
"""


def test_where_there_is_version_2_alone_a_group_hands_its_controllers_on_and_is_removed() -> None:
    isolated = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", _VERSION_2_ALONE, "sh"]
    program = [sys.executable, "-c", _GUARD, _INSIDE]
    done = subprocess.run([*isolated, *program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    own_group, handed_on, group, controllers = done.stdout.splitlines()
    assert own_group == "0::/init"
    assert handed_on.split() == controllers.split()
    assert handed_on
    assert group == "removed"
