"""Whole processes, measured: wall time and peak memory."""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Cost:
    """Seconds of wall time, and peak resident memory in MiB."""

    seconds: float
    mebibytes: float


def once(command: Sequence[str], cwd: Path = ROOT) -> Cost:
    """One run of a command that must end well; its output goes to /dev/null."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return Cost(seconds, usage.ru_maxrss / 1024)


def interleaved(commands: Mapping[str, Sequence[str]], runs: int, *, warm: bool = True) -> dict[str, Cost]:
    """The medians of `runs` rounds of all commands, so that a busy machine slows all alike.

    With `warm`, a first round only warms the caches.
    """
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(-1 if warm else 0, runs):
        for name, command in commands.items():
            cost = once(command)
            if number >= 0:
                found[name].append(cost)
    return {
        name: Cost(statistics.median(c.seconds for c in costs), statistics.median(c.mebibytes for c in costs))
        for name, costs in found.items()
    }


def exponent(small: int, small_seconds: float, large: int, large_seconds: float) -> float:
    """The power of the size with which time grows: 1 is in proportion."""
    return math.log(large_seconds / small_seconds) / math.log(large / small)
