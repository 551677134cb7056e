"""Whole processes, measured: wall time and peak memory."""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True)
class Cost:
    """Seconds of wall time, and peak resident memory in MiB."""

    seconds: float
    mebibytes: float


def once(command: Sequence[str], cwd: Path = ROOT) -> Cost:
    """One run of a command that must end well; its output goes to /dev/null."""
    # -I and -S: nothing of site-packages, so that the launcher is smaller than whatever it measures.
    launched = [sys.executable, "-I", "-S", str(_LAUNCHER), *command]
    done = subprocess.run(launched, cwd=cwd, stdout=subprocess.PIPE, text=True, check=True)
    seconds, kibibytes, status = done.stdout.split()
    if int(status) != 0:
        raise subprocess.CalledProcessError(int(status), list(command))
    return Cost(float(seconds), int(kibibytes) / 1024)


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
