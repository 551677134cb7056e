"""What the machine must have, and what Debian's packages can add to it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.e2e import cgroups
from tests.e2e.errors import MachineError
from tests.e2e.paths import CNI_PLUGINS, IN_MEMORY, ROOT
from tests.support import debian

PACKAGES: Mapping[str, str] = {
    "etcd-server": "etcd",
    "containerd": "containerd",
    "runc": "runc",
    "containernetworking-plugins": str(CNI_PLUGINS / "ptp"),
    "iptables": "iptables-save",
    "ipset": "ipset",
    "nftables": "nft",
    "conntrack": "conntrack",
    "gnupg": "gpg",
    "iproute2": "ip",
    "util-linux": "nsenter",
    "openssl": "openssl",
    "busybox-static": "busybox",
}
"""Debian's packages, each with a program of it."""


def provide(system: str = sys.platform, user: int | None = None) -> dict[str, str]:
    """Make sure that the machine has what the cluster needs, and return the versions of the packages.

    Raises MachineError, with a line for everything that is missing and cannot be installed.
    """
    install(PACKAGES, _problems(system, os.geteuid() if user is None else user))
    return {name: _version(name) for name in PACKAGES}


def install(packages: Mapping[str, str], problems: Iterable[str]) -> None:
    """Install packages where there are no problems. Raises MachineError, with a line for each of them."""
    if lines := list(problems):
        raise MachineError("\n".join(lines))
    try:
        debian.install(packages)
    except debian.PackagesError as error:
        raise MachineError(str(error)) from error


def _problems(system: str, user: int) -> Iterator[str]:
    if (system, platform.machine()) != ("linux", "x86_64"):
        yield f"the cluster needs Linux on x86_64; this is {system} on {platform.machine()}"
        return
    if user != 0:
        yield "the cluster needs root, for namespaces and containers; run it as root, in a virtual machine of its own"
    yield from cgroups.problems()
    if shutil.which("go") is None:
        yield "the cluster needs Go, to build Kubernetes; install Go 1.26 or newer"
    for path in (ROOT, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()):
        if any(path.is_relative_to(covered) for covered in IN_MEMORY):
            yield f"{path} is not seen from within the cluster, which has a file system of its own there; move it"
    yield from debian.problems(PACKAGES, "the cluster")


def _version(package: str) -> str:
    if shutil.which("dpkg-query") is None:
        return "not Debian's"
    query = ["dpkg-query", "--show", "--showformat=${Version}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout or "not Debian's"
