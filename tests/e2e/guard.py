"""The process that starts a cluster and ends it: when asked to, when who started it is gone, when the cluster ends.

`python -m tests.e2e.guard FOLDER [--stay]`. It is in a session of its own, so that neither Ctrl-C nor the end of a
terminal reaches it. Its standard input is a pipe from who started it, whose end is the order to stop: kill -9 closes it
too. With `--stay` it waits for a signal instead. Standard output is the cluster's: its phases, and
`ready`.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.e2e import cgroups
from tests.e2e.paths import ROOT, Folder
from tests.e2e.records import Process, Record, network_namespace

_UNSHARE = ["--net", "--mount", "--pid", "--cgroup", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"]
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Hold a cluster until it is to end; 0 where it was asked to, 1 where the cluster ended by itself."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.guard", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stay", action="store_true", help="do not end with who started it")
    arguments = parser.parse_args()
    folder = Folder(arguments.folder.absolute())
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    for number in _SIGNALS:
        signal.signal(number, lambda *_: None)
    groups = cgroups.create()
    try:
        return _hold(folder, groups, [wake] if arguments.stay else [wake, sys.stdin.fileno()])
    finally:
        cgroups.remove(groups)
        folder.tidy()


def _hold(folder: Folder, groups: tuple[cgroups.Group, ...], orders: list[int]) -> int:
    """Start the cluster and wait for an order, or for its end; then nothing of it is left but its groups."""
    unshare = _start(folder, groups)
    ended = os.pidfd_open(unshare.pid)
    first: Process | None = None
    try:
        first = _child(unshare.pid, ended)
        cgroups.enter_leaves(groups, unshare.pid)
        Record(Process.of(os.getpid()), first, network_namespace()).write(folder.record)
        ready, _, _ = select.select([ended, *orders], [], [])
        return 1 if ready == [ended] else 0
    finally:
        last = None if first is None or not first.lives else os.pidfd_open(first.pid)
        unshare.kill()  # `--kill-child`: the first process in the namespaces dies with it, and all others with that one
        unshare.wait()
        if last is not None:
            select.select([last], [], [])
            os.close(last)
        os.close(ended)


def _start(folder: Folder, groups: tuple[cgroups.Group, ...]) -> subprocess.Popen[bytes]:
    """`unshare`, in our groups, and dying with us: also where this process is killed with -9."""
    mounts = [f"{group.mount}={group.path}" for group in groups]
    inside = [sys.executable, "-m", "tests.e2e.inside", str(folder.path), str(network_namespace()), *mounts]
    return subprocess.Popen(
        ["unshare", *_UNSHARE, "--propagation", "private", "--", *inside],
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
        preexec_fn=_entering(groups, os.getpid()),  # there is one thread
    )


def _entering(groups: tuple[cgroups.Group, ...], guard: int) -> Callable[[], None]:
    library = ctypes.CDLL(None, use_errno=True)

    def enter() -> None:
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != guard:
            os._exit(1)
        signal.set_wakeup_fd(-1)
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        cgroups.enter(groups)

    return enter


def _child(pid: int, ended: int) -> Process:
    """The one child of a process, once it has one."""
    while True:
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        except (FileNotFoundError, ProcessLookupError):
            children = []
        if children:
            return Process.of(int(children[0]))
        if select.select([ended], [], [], 0.01)[0]:
            raise ChildProcessError("unshare has ended before it started anything")


if __name__ == "__main__":
    sys.exit(main())
