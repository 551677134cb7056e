"""The kernel of the guest: had from Debian, booted, and ended with who booted it."""

from __future__ import annotations

import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.e2e import machine
from tests.e2e.errors import ClusterError
from tests.e2e.paths import ROOT
from tests.support import debian

PACKAGES = {"user-mode-linux": "linux.uml", "kmod": "modprobe"}
INIT = Path(__file__).with_name("init.sh")

_GIGABYTES = 8
"""The guest's memory, with its files; it is taken from this machine's as the guest uses it."""

_FILES = 20_000
"""How many files of this machine the guest holds open at most: `init.sh` makes it forget them early enough."""

_MEMORY = Path("/dev/shm")
MOST_MAPS = Path("/proc/sys/vm/max_map_count")
MAPS = 1_048_576
"""Each page that a program of the guest has can be a mapping of this machine's; many distributions allow as many. Where
this one does not, it does while a guest runs."""

STARTED = "the guest runs"
"""What the console says before it says what the command prints."""

_LONGEST = 3600
"""Seconds. Then it is ended, whatever it does."""

_SHOWN = 40


def provide() -> None:
    """Install what the guest needs. Raises MachineError, with a line for everything that is missing."""
    machine.install(PACKAGES, _problems())


def _problems() -> Iterator[str]:
    free = os.statvfs(_MEMORY)
    if free.f_bavail * free.f_frsize < _GIGABYTES << 30:
        yield (
            f"the guest needs {_GIGABYTES} GB of memory, which {_MEMORY} has not free; "
            f"run `mount -o remount,size={_GIGABYTES + 1}G {_MEMORY}` where the machine has as much"
        )
    if _most_files() < _FILES:
        yield f"the guest holds {_FILES} files open, and this process may hold {_most_files()}; raise `ulimit -Hn`"
    if int(MOST_MAPS.read_text(encoding="ascii")) < MAPS and not os.access(MOST_MAPS, os.W_OK):
        yield f"the guest needs many mappings; run `sysctl vm.max_map_count={MAPS}` on the machine below this one"
    if re.search(r"""[\s,'"]""", str(ROOT)):
        yield f"{ROOT} cannot be told to the guest's kernel; move it to a path without blanks, commas and quotes"
    yield from debian.problems(PACKAGES, "the guest")


def _most_files() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def run(share: Path, command: Sequence[str], settings: Mapping[str, str]) -> int:
    """Run a command of this machine in a guest, from the project's folder and as root, and return its exit status.

    What it prints is printed as it comes. Of this machine's files the guest has nothing mounted to write to but the
    folder `share`, which is made empty first; `settings` are environment variables. Raises ClusterError where the guest
    ends before the command.
    """
    shutil.rmtree(share, ignore_errors=True)
    share.mkdir(parents=True)
    order = share / "command"
    environment = {"PATH": os.environ["PATH"], "HOME": str(Path.home()), "LANG": "C.UTF-8", **settings}
    words = ["env", "--ignore-environment", *(f"{key}={value}" for key, value in environment.items()), *command]
    order.write_text(f"#!/bin/sh\necho '{STARTED}'\ncd {shlex.quote(str(ROOT))} || exit\n{shlex.join(words)}\n")
    order.chmod(0o755)
    with _many_mappings():
        begin = time.monotonic()
        _boot(share)
    try:
        return int((share / "status").read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        told = (share / "console.log").read_text(encoding="utf-8", errors="replace").splitlines()[-_SHOWN:]
        seconds = time.monotonic() - begin
        why = f"the guest ended after {seconds:.0f} s (of {_LONGEST} that it has), before its command did:"
        raise ClusterError("\n".join([why, *told])) from None


def _boot(share: Path) -> None:
    """Boot a guest, and wait until it is off. It dies with this process, however that ends."""
    kernel = ["linux.uml", "rootfstype=hostfs", "ro", f"mem={_GIGABYTES}G", "con=null", "con0=null,fd:1", "loglevel=1"]
    kernel += ["panic=-1", "noreboot", f"uml_dir={share}/", f"init={INIT}", "--", str(share)]
    # Two processes do the guest's work in turn, and on two processors wait for each other to wake: half as fast.
    pinned = ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0)))]
    bounded = ["timeout", "--signal=KILL", str(_LONGEST), *pinned, *kernel]
    isolated = ["unshare", "--net", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc", "--", *bounded]
    with (
        (share / "console.log").open("w", buffering=1, encoding="utf-8") as log,
        subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", "--", "prlimit", f"--nofile={_most_files()}", "--", *isolated],
            env={**os.environ, "TMPDIR": str(_MEMORY)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process,
    ):
        assert process.stdout is not None
        has_started = False
        try:
            for line in process.stdout:
                log.write(line)
                if has_started:
                    print(line.rstrip(), file=sys.stderr, flush=True)
                has_started = has_started or line.rstrip() == STARTED
        finally:
            process.kill()


@contextmanager
def _many_mappings() -> Iterator[None]:
    """This machine allows a program as many mappings as the guest needs; afterwards, as many as before.

    That is a child's work, which ends with this process's end of a pipe, so that it is done whatever becomes of this.
    What somebody else has set meanwhile stays.
    """
    before = int(MOST_MAPS.read_text(encoding="ascii"))
    if before >= MAPS:
        yield
        return
    command = f"cat > /dev/null; test $(cat {MOST_MAPS}) != {MAPS} || echo {before} > {MOST_MAPS}"
    with subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE, start_new_session=True):
        MOST_MAPS.write_text(str(MAPS), encoding="ascii")
        yield
