"""What a machine looks like, so that what it looks like after a run can be compared with what it did before.

Others start processes and write files meanwhile. So that these are told apart, a run bears a mark, which is a group id
that nobody else has (`mark`). The kernel gives it to every process that the run starts, whatever its environment, and
to every file and control group that these make. The rule:

- mounts, addresses, packet filters, sysctls, what a version 2 root hands on to its control groups, and the folders of
  programs and settings (`_STEADY`) are compared whole: who touches them during a run fails it.
- processes count that bear the mark or descend from one that does, and the namespaces that they hold; of control
  groups, and of files in folders that everybody writes to (`_SHARED`), those that bear it.

So what is changed or removed in a shared folder is not seen, only what is left there. From within the cluster there is
nothing to be seen, since all of the machine's files are read-only to it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from tests.e2e.paths import ROOT
from tests.e2e.patience import patient

_PATIENCE = patient(10.0)
_MARKS = 2_000_000_000
"""Group ids from here on are nobody's: they lie beyond those that distributions and containers share out."""

_NAMESPACES = ("net", "mnt", "pid", "ipc", "uts", "cgroup")
_COUNTERS = re.compile(
    "/(fs/(aio-nr|dentry-state|file-nr|inode-nr|inode-state|quota/.*)|kernel/(ns_last_pid|pty/nr|random/.*|tainted|"
    "perf_event_max_sample_rate|perf_cpu_time_max_percent)|net/netfilter/nf_conntrack_count|vm/stat_refresh|"
    "net/ipv4/tcp_fastopen_key|debug/.*)"
)
"""Settings that count, or are made afresh each time that they are read."""

_BEGIN = time.time() - 1
"""This module is read before anything is started, by the clock of file systems, which may be late."""

_STEADY = ("/boot", "/etc", "/opt", "/srv", "/usr/libexec", "/usr/local")
_SHARED = ("/dev/shm", "/media", "/mnt", "/run", "/tmp", "/var")
_LARGE = ("/usr",), ("/home", str(Path.home()))
"""Steady and shared ones besides, which take a second or two to read. Of what is in /usr, the names are compared."""

_NEW = ("-type", "d", "-newerct", f"@{_BEGIN}", "-print")
"""Folders to which anything was added, or in which anything was renamed or removed: to look at each file takes long."""

_EXCEPTED_BY_NAME = {
    "__pycache__": "Python writes there when somebody runs it for the first time, and removes nothing",
    "pytest-of-*": "pytest keeps the folders of its last three runs, for a person to look into",
}
_TIMES = frozenset({"valid_life_time", "preferred_life_time", "expires", "stats64"})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Each kind of thing as a set of lines."""

    processes: frozenset[str]
    namespaces: frozenset[str]
    mounts: frozenset[str]
    addresses: frozenset[str]
    filters: frozenset[str]
    cgroups: frozenset[str]
    settings: frozenset[str]
    files: frozenset[str]


def mark() -> int:
    """The mark of the run that this process is; the process and all that it starts bear it once it is their group."""
    return _MARKS + os.getpid()


def take(*, everywhere: bool = False) -> Snapshot:
    """The machine as it is now, as to the mark that this process bears; `everywhere` reads all of its files."""
    ours = _ours()
    return Snapshot(
        processes=frozenset(_processes(ours)),
        namespaces=frozenset(_namespaces(ours)),
        mounts=frozenset(_mounts()),
        addresses=frozenset(_addresses()),
        filters=frozenset(_filters()),
        cgroups=frozenset(_cgroups()),
        settings=frozenset(_settings()),
        files=frozenset(_files(everywhere=everywhere)),
    )


def differences(before: Snapshot, after: Snapshot) -> list[str]:
    """What came (+) and what went (-)."""
    found = []
    for field in fields(Snapshot):
        old, new = getattr(before, field.name), getattr(after, field.name)
        found += [f"{field.name}: + {line}" for line in sorted(new - old)]
        found += [f"{field.name}: - {line}" for line in sorted(old - new)]
    return found


def lasting_differences(
    before: Snapshot, may_last: Callable[[str], bool] = lambda _: False, *, everywhere: bool = False
) -> list[str]:
    """The differences that remain: the end of a process, as its parent sees it, is not the end of all that it did.

    `may_last` says which of them are not waited for.
    """
    deadline = time.monotonic() + _PATIENCE
    while (
        not all(map(may_last, found := differences(before, take(everywhere=everywhere))))
        and time.monotonic() < deadline
    ):
        time.sleep(0.5)
    return found


def _ours() -> list[Path]:
    """The folders in /proc of the processes that bear our mark, or descend from one that does."""
    parents: dict[int, int] = {}
    marked = set()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "status").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        # One that has ended waits for its parent, which may be the machine's first process.
        if status["State"][0] in "ZX":
            continue
        parents[int(folder.name)] = int(status["PPid"])
        if int(status["Gid"].split()[1]) == os.getegid():
            marked.add(int(folder.name))

    def is_ours(process: int) -> bool:
        return process in marked or (process in parents and is_ours(parents[process]))

    return [Path("/proc", str(process)) for process in parents if is_ours(process)]


def _processes(ours: Sequence[Path]) -> Iterator[str]:
    for folder in ours:
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            name = command[:200] or (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
            if folder.name != str(os.getpid()):
                yield f"{folder.name} {name}"


def _namespaces(ours: Sequence[Path]) -> Iterator[str]:
    for folder in ours:
        for kind in _NAMESPACES:
            if (found := _namespace(folder, kind)) is not None:
                yield found


def _namespace(process: Path, kind: str) -> str | None:
    try:
        return str((process / "ns" / kind).readlink())
    except OSError:
        return None


def _mounts() -> Iterator[str]:
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        yield " ".join(line.split()[2:])


def _addresses() -> Iterator[str]:
    for what in (["address"], ["route", "show", "table", "all"], ["-6", "route", "show", "table", "all"], ["rule"]):
        for item in json.loads(_output("ip", "-json", *what) or "[]"):
            yield json.dumps(_timeless(item), sort_keys=True)


def _timeless(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _timeless(value) for key, value in item.items() if key not in _TIMES}
    return [_timeless(value) for value in item] if isinstance(item, list) else item


def _filters() -> Iterator[str]:
    for command in (["iptables-save"], ["ip6tables-save"], ["nft", "list", "ruleset"], ["ipset", "save"]):
        for line in _output(*command).splitlines():
            if line and not line.startswith("#"):
                yield f"{command[0]}: {re.sub(r'[[][0-9]+:[0-9]+[]]|counter packets [0-9]+ bytes [0-9]+', '', line)}"


def _cgroups() -> Iterator[str]:
    for folder, _, _ in os.walk("/sys/fs/cgroup"):
        with contextlib.suppress(OSError):
            if os.lstat(folder).st_gid == os.getegid():
                yield folder
    for mount in map(str.split, Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()):
        if mount[mount.index("-") + 1] == "cgroup2":
            control = Path(mount[4], "cgroup.subtree_control")
            yield f"{control} = {control.read_text(encoding='ascii').strip()}"


def _settings() -> Iterator[str]:
    for folder, _, names in os.walk("/proc/sys"):
        for name in names:
            file = f"{folder}/{name}"
            if not _COUNTERS.search(file.removeprefix("/proc/sys")):
                try:
                    yield f"{file} = {Path(file).read_text(encoding='utf-8', errors='replace').strip()}"
                except OSError:
                    continue


def _files(*, everywhere: bool) -> Iterator[str]:
    yield from map(str, Path("/").iterdir())
    yield from _found(_STEADY, "-type", "d", "-print", "-o", "-printf", r"%p %s %T@\n")
    if everywhere:
        yield from _found(_LARGE[0], "-print")
    for folder in _found([*_SHARED, *(_LARGE[1] if everywhere else ())], *_NEW):
        yield from _marked(folder)


def _marked(folder: str) -> Iterator[str]:
    """What lies in a folder and bears our mark, but for the exceptions."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if any(fnmatch(entry.name, pattern) for pattern in _EXCEPTED_BY_NAME):
                continue
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_gid == os.getegid():
                    yield entry.path


def _found(folders: Sequence[str], *expression: str) -> list[str]:
    """What `find` finds in these folders, on their file systems, but for our own folder, Go's caches and exceptions."""
    paths = [str(ROOT), *_output("go", "env", "GOCACHE", "GOMODCACHE", "GOTELEMETRYDIR").split()]
    excepted = [item for path in paths for item in ("-path", path, "-o")]
    excepted += [item for name in _EXCEPTED_BY_NAME for item in ("-name", name, "-o")]
    return _output("find", *folders, "-xdev", "(", *excepted[:-1], ")", "-prune", "-o", *expression).splitlines()


def _output(*command: str) -> str:
    """What a program prints; nothing where the machine has no such program."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout
