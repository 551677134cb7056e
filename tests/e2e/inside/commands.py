"""Short commands, run to their end."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from tests.e2e.errors import ClusterError


def run(*command: str, stdin: str = "") -> str:
    """What a command prints; raises ClusterError with its own words where it fails."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(command)} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def mount(*options: str) -> None:
    """Mount something, without mount's own record of it: that is in /run/mount, which the machine may not have."""
    run("mount", "--no-mtab", *options)


def batch(lines: Sequence[str], *options: str) -> None:
    """Many `ip` commands at once."""
    run("ip", *options, "-batch", "-", stdin="\n".join(lines) + "\n")
