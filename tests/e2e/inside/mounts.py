"""The file systems as the cluster sees them: it can write to its own folder and to memory, and to nothing else.

All of it is in a mount namespace of its own: nothing of this is seen outside, and it goes with the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.e2e.inside.commands import mount
from tests.e2e.paths import IN_MEMORY, RUN, Folder

_KEPT = ("/proc", "/sys", "/dev")
_SYSCTLS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What the kubelet wants the machine to be set to, and would set, were it not so already."""


def prepare(folder: Folder, groups: Mapping[Path, Path]) -> None:
    """Mount everything; `groups` are the cluster's own control groups by the mount points that they replace."""
    # The kubelet looks up a file system by its device: each has to be mounted in one place alone.
    for path in (*IN_MEMORY, RUN, RUN / "sysctl"):
        path.mkdir(exist_ok=True)
        mount("-t", "tmpfs", "-o", "mode=755", "netmatrix", str(path))
    for path in (RUN / "tmp", RUN / "home"):
        path.mkdir()
    for target, group in groups.items():
        mount("--bind", str(group), str(target))
    _pretend_sysctls()
    mount("--bind", str(folder.path), str(folder.path))
    _protect_the_rest(folder)


def _pretend_sysctls() -> None:
    """The kubelet reads what it wants to read, and the machine keeps its own settings."""
    for name, value in _SYSCTLS.items():
        pretended = RUN / "sysctl" / name
        pretended.parent.mkdir(parents=True, exist_ok=True)
        pretended.write_text(value + "\n", encoding="ascii")
        if Path("/proc/sys", name).exists():
            mount("--bind", str(pretended), f"/proc/sys/{name}")


def _protect_the_rest(folder: Folder) -> None:
    """Make every other file system read-only, in this mount namespace."""
    ours = (*map(str, IN_MEMORY), *_KEPT, str(folder.path))
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        target = line.split()[4].encode().decode("unicode_escape")
        if not any(target == path or target.startswith(path + "/") for path in ours):
            mount("-o", "remount,bind,ro", target)
