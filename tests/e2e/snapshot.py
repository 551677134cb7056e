"""What a machine looks like, so that what it looks like after a run can be compared with what it did before.

Other people's processes come and go, and with them their control groups; of processes, those count that are in
namespaces other than the machine's or run the cluster's programs, and of control groups those that are empty.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tests.e2e.paths import ROOT

_PATIENCE = 10.0
_NAMESPACES = ("net", "mnt", "pid", "ipc", "uts", "cgroup")
_PROGRAMS = re.compile(r"(^|/)(etcd|containerd|containerd-shim\S*|runc|unshare|nsenter|kube\S*|coredns|standin)$")
_COUNTERS = re.compile(
    "/(fs/(aio-nr|dentry-state|file-nr|inode-nr|inode-state|quota/.*)|kernel/(ns_last_pid|pty/nr|random/.*|tainted|"
    "perf_event_max_sample_rate|perf_cpu_time_max_percent)|net/netfilter/nf_conntrack_count|vm/stat_refresh|"
    "net/ipv4/tcp_fastopen_key|debug/.*)"
)
"""Settings that count, or are made afresh each time that they are read."""

_FOLDERS = ("/etc", "/opt", "/usr/libexec", "/usr/local", "/srv", "/var", "/run")
_HOME = ("*", ".cache/*", ".config/*", ".local/share/*")
_CHANGING = re.compile(
    r"/(var/(log|cache|spool|tmp)|var/lib/(apt|dpkg|systemd)|run/(log|systemd|user|lock)|etc/(ld\.so\.cache|mtab))(/|$)"
)
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


def take() -> Snapshot:
    """The machine as it is now."""
    return Snapshot(
        processes=frozenset(_processes()),
        namespaces=frozenset(_namespaces()),
        mounts=frozenset(_mounts()),
        addresses=frozenset(_addresses()),
        filters=frozenset(_filters()),
        cgroups=frozenset(_cgroups()),
        settings=frozenset(_settings()),
        files=frozenset(_files()),
    )


def differences(before: Snapshot, after: Snapshot) -> list[str]:
    """What came (+) and what went (-)."""
    found = []
    for field in fields(Snapshot):
        old, new = getattr(before, field.name), getattr(after, field.name)
        found += [f"{field.name}: + {line}" for line in sorted(new - old)]
        if field.name != "cgroups":  # an empty group of somebody else's may be in use again, or gone
            found += [f"{field.name}: - {line}" for line in sorted(old - new)]
    return found


def lasting_differences(before: Snapshot, may_last: Callable[[str], bool] = lambda _: False) -> list[str]:
    """The differences that remain: the end of a process, as its parent sees it, is not the end of all that it did.

    `may_last` says which of them are not waited for.
    """
    deadline = time.monotonic() + _PATIENCE
    while not all(map(may_last, found := differences(before, take()))) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def _processes() -> Iterator[str]:
    own = [_namespace(Path("/proc/self"), kind) for kind in _NAMESPACES]
    for folder in _process_folders():
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if not command or folder.name == str(os.getpid()):
            continue
        theirs = [_namespace(folder, kind) for kind in _NAMESPACES]
        is_elsewhere = None not in theirs and theirs != own
        if is_elsewhere or _PROGRAMS.search(command.split()[0]) or "tests.e2e" in command:
            yield f"{folder.name} {command[:200]}"


def _namespaces() -> Iterator[str]:
    for folder in _process_folders():
        for kind in _NAMESPACES:
            if (found := _namespace(folder, kind)) is not None:
                yield found


def _process_folders() -> Iterator[Path]:
    return (folder for folder in Path("/proc").iterdir() if folder.name.isdigit())


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
        try:
            processes = (Path(folder) / "cgroup.procs").read_text(encoding="ascii")
        except OSError:
            continue
        if not processes:
            yield folder


def _settings() -> Iterator[str]:
    for folder, _, names in os.walk("/proc/sys"):
        for name in names:
            file = f"{folder}/{name}"
            if not _COUNTERS.search(file.removeprefix("/proc/sys")):
                try:
                    yield f"{file} = {Path(file).read_text(encoding='utf-8', errors='replace').strip()}"
                except OSError:
                    continue


def _files() -> Iterator[str]:
    for top in _FOLDERS:
        for folder, below, names in os.walk(top):
            below[:] = [name for name in below if not _is_excepted(f"{folder}/{name}")]
            for name in names:
                file = f"{folder}/{name}"
                if not _is_excepted(file):
                    yield _described(file, with_time=not top.startswith(("/var", "/run")))
    for pattern in _HOME:
        yield from (str(path) for path in Path.home().glob(pattern))


def _described(file: str, *, with_time: bool) -> str:
    try:
        status = os.lstat(file)
    except OSError:
        return file
    return f"{file} {status.st_size} {status.st_mtime_ns}" if with_time else file


def _is_excepted(path: str) -> bool:
    return bool(_CHANGING.match(path)) or Path(path).is_relative_to(ROOT)


def _output(*command: str) -> str:
    """What a program prints; nothing where the machine has no such program."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout
