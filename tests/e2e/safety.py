"""Before a batch of probes: nothing that is sent can leave the namespaces that the run made itself."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.e2e.errors import ClusterError

MOST_PROBES = 200_000
_CLONE_NEWNET = 0x40000000
_LAST = "ffffffff"
"""The metric of the route to nowhere that each namespace has for IPv6."""

_SOFTWARE = frozenset({"veth", "bridge", "dummy"})
"""Kinds of network devices that lead to other namespaces at most; a device of hardware has no kind."""

_library = ctypes.CDLL(None, use_errno=True)


class UnsafeError(ClusterError):
    """A batch was refused, and nothing of it was sent."""


def check(
    machine_network: int, sources: Iterable[str], targets: Iterable[str], machine_addresses: Iterable[str]
) -> None:
    """Refuse a batch where this process or a source is in the machine's network namespace, or there is a way out.

    `machine_network` is the number of the machine's namespace, `sources` are files of network namespaces. Raises
    UnsafeError.
    """
    if _own_namespace() == machine_network:
        raise UnsafeError("this process is in the machine's own network namespace; nothing was sent")
    for route in _default_routes():
        raise UnsafeError(f"the cluster's network namespace has a default route ({route}); nothing was sent")
    for link in _ip("-details", "link"):
        if link["ifname"] != "lo" and link.get("linkinfo", {}).get("info_kind") not in _SOFTWARE:
            raise UnsafeError(f"the cluster's network namespace has the device {link['ifname']}; nothing was sent")
    for source in sources:
        if Path(source).stat().st_ino == machine_network:
            raise UnsafeError(f"{source} is the machine's own network namespace; nothing was sent")
    if own := set(targets) & set(machine_addresses):
        raise UnsafeError(f"{min(own)} is an address of the machine; nothing was sent")


def enter(source: str, machine_network: int) -> None:
    """Move the calling thread into a network namespace. Raises UnsafeError where that is the machine's."""
    handle = os.open(source, os.O_RDONLY)
    try:
        if _library.setns(handle, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {source}")
    finally:
        os.close(handle)
    if _own_namespace() == machine_network:
        raise UnsafeError(f"{source} is the machine's own network namespace; nothing was sent")


def machine_addresses() -> list[str]:
    """All addresses of the network namespace that this process is in; meant for the machine's."""
    return [info["local"] for link in _ip("address") for info in link["addr_info"] if "local" in info]


def _own_namespace() -> int:
    return Path("/proc/thread-self/ns/net").stat().st_ino


def _default_routes() -> Iterator[str]:
    """Lines of the kernel's tables, which are quicker to read than `ip` is to start: see proc(5), /proc/net/route, and
    the kernel's net/ipv6/route.c."""
    for line in _table("route")[1:]:
        fields = line.split()
        if fields[1] == fields[7] == "00000000":
            yield line
    for line in _table("ipv6_route"):
        fields = line.split()
        if (fields[0], fields[1]) == ("0" * 32, "00") and fields[5] != _LAST:
            yield line


def _table(name: str) -> list[str]:
    return Path("/proc/thread-self/net", name).read_text(encoding="ascii").splitlines()


def _ip(*arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(["ip", "-json", *arguments], capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return found
