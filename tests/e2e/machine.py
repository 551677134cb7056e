"""What the machine must have, and what Debian's packages can add to it."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.e2e.errors import MachineError
from tests.e2e.paths import CNI_PLUGINS, IN_MEMORY, ROOT

PACKAGES: Mapping[str, str] = {
    "etcd-server": "etcd",
    "containerd": "containerd",
    "runc": "runc",
    "containernetworking-plugins": str(CNI_PLUGINS / "ptp"),
    "iptables": "iptables-save",
    "ipset": "ipset",
    "nftables": "nft",
    "conntrack": "conntrack",
    "iproute2": "ip",
    "util-linux": "nsenter",
    "openssl": "openssl",
    "busybox-static": "busybox",
}
"""Debian's packages, each with a program of it."""

_SERVICES = Path("/usr/sbin/policy-rc.d")
"""Debian asks this program before a package starts its service; without it, etcd and containerd would run."""


def provide(system: str = sys.platform, user: int | None = None) -> dict[str, str]:
    """Make sure that the machine has what the cluster needs, and return the versions of the packages.

    Raises MachineError, with a line for everything that is missing and cannot be installed.
    """
    problems = list(_problems(system, os.geteuid() if user is None else user))
    if problems:
        raise MachineError("\n".join(problems))
    if absent := _absent():
        install(absent)
    return {name: _version(name) for name in PACKAGES}


def install(packages: list[str]) -> None:
    """Install Debian packages and start no service of theirs."""
    print(f"installing {', '.join(packages)} ...", file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_services():
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            done = subprocess.run(["apt-get", "--quiet", *command], env=environment, capture_output=True, text=True)
            if done.returncode != 0:
                raise MachineError(f"apt-get {command[0]} failed:\n{done.stderr.strip()}")
    if absent := _absent():
        raise MachineError(f"installed, and yet not there: {', '.join(absent)}")


def _problems(system: str, user: int) -> Iterator[str]:
    if (system, platform.machine()) != ("linux", "x86_64"):
        yield f"the cluster needs Linux on x86_64; this is {system} on {platform.machine()}"
        return
    if user != 0:
        yield "the cluster needs root, for namespaces and containers; run it as root, in a virtual machine of its own"
    if shutil.which("go") is None:
        yield "the cluster needs Go, to build Kubernetes; install Go 1.26 or newer"
    for path in (ROOT, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()):
        if any(path.is_relative_to(covered) for covered in IN_MEMORY):
            yield f"{path} is not seen from within the cluster, which has a file system of its own there; move it"
    absent = _absent()
    if absent and shutil.which("apt-get") is None:
        programs = ", ".join(PACKAGES[name] for name in absent)
        yield f"the cluster needs {programs}, and this is no Debian; install them from your distribution"


def _absent() -> list[str]:
    return [name for name, program in PACKAGES.items() if shutil.which(program) is None]


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


def _version(package: str) -> str:
    if shutil.which("dpkg-query") is None:
        return "not Debian's"
    query = ["dpkg-query", "--show", "--showformat=${Version}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout or "not Debian's"
