"""Debian's packages, for tests that need programs which a machine may lack."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_SERVICES = Path("/usr/sbin/policy-rc.d")
"""Debian asks this program before a package starts its service; without it, all that are installed would run."""


class PackagesError(Exception):
    """The packages cannot be installed; the message says why."""


def absent(packages: Mapping[str, str]) -> list[str]:
    """Those of the packages whose program is not there."""
    return [name for name, program in packages.items() if shutil.which(program) is None]


def problems(packages: Mapping[str, str], whose: str) -> Iterator[str]:
    """A line where some are absent and cannot be installed; `whose` is what needs them."""
    wanted = absent(packages)
    if wanted and shutil.which("apt-get") is None:
        programs = ", ".join(packages[name] for name in wanted)
        yield f"{whose} needs {programs}, and this is no Debian; install them from your distribution"


def install(packages: Mapping[str, str]) -> None:
    """Install those of the packages that are absent, each given with a program of it, and start no service of theirs.

    Needs root. Raises PackagesError.
    """
    wanted = absent(packages)
    if not wanted:
        return
    print(f"installing {', '.join(wanted)} ...", file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_services():
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *wanted]):
            done = subprocess.run(["apt-get", "--quiet", *command], env=environment, capture_output=True, text=True)
            if done.returncode != 0:
                raise PackagesError(f"apt-get {command[0]} failed:\n{done.stderr.strip()}")
    if left := absent(packages):
        raise PackagesError(f"installed, and yet not there: {', '.join(left)}")


@contextlib.contextmanager
def _no_services() -> Iterator[None]:
    if _SERVICES.exists():
        yield
        return
    _SERVICES.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    try:
        _SERVICES.chmod(0o755)
        yield
    finally:
        _SERVICES.unlink()
