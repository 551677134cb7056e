"""Finds and runs the real kubectl; reads a cluster through it, or from what it printed. Imports `document`, `policy`.

A command says what it wants of a cluster (`Wanted`) and gets a `Snapshot`, live or from a dump: objects, and what could
not be read and why. Nothing here changes a cluster but `Kubectl.create`, which asks for reviews and makes probes.
"""

from netmatrix.cluster.kubectl import Kubectl, RefusedError, find_kubectl
from netmatrix.cluster.permissions import Permission, require
from netmatrix.cluster.reading import calls, read_cluster, read_dump
from netmatrix.cluster.rules import ClusterError, DumpError
from netmatrix.cluster.snapshot import Item, Missing, Reason, Snapshot
from netmatrix.cluster.wanted import Wanted

__all__ = [
    "ClusterError",
    "DumpError",
    "Item",
    "Kubectl",
    "Missing",
    "Permission",
    "Reason",
    "RefusedError",
    "Snapshot",
    "Wanted",
    "calls",
    "find_kubectl",
    "read_cluster",
    "read_dump",
    "require",
]
