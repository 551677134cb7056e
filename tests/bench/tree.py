"""A command with all the processes that it starts: wall time, and the most memory that they need together."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import ROOT, Cost

_EVERY = 0.1


@dataclass(frozen=True)
class Finished:
    """What it cost and what it printed."""

    cost: Cost
    stdout: bytes


def whole_tree(command: Sequence[str], cwd: Path = ROOT) -> Finished:
    """One run of a command that must end well. Memory is the sum of shares (PSS) of all processes, ten times a second:
    what they share counts once."""
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        sampler = _Sampler(process.pid)
        sampler.start()
        stdout, _ = process.communicate()
        seconds = time.perf_counter() - started
        sampler.done.set()
        sampler.join()
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return Finished(Cost(seconds, sampler.peak / 1024), stdout)


class _Sampler(threading.Thread):
    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root, self.peak, self.done = root, 0, threading.Event()

    def run(self) -> None:
        while not self.done.wait(_EVERY):
            self.peak = max(self.peak, sum(map(_kibibytes, _tree(self.root))))


def _tree(root: int) -> Iterator[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    pending = [root]
    while pending:
        process = pending.pop()
        yield process
        pending += children.get(process, ())


def _parent(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except OSError:
        return None


def _kibibytes(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
