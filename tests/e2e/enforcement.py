"""The data plane's enforcement of policies: when it has caught up; and off for a while, as where it ignores them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.errors import ClusterError
from tests.e2e.patience import patient
from tests.e2e.programs import BINARIES
from tests.e2e.session import Cluster

_BEGINS, _ENDS = "Starting sync of iptables", "sync iptables took"
"""What kube-router logs of each time that it programs all policies."""

_QUIET = patient(1.0)
"""Seconds. It hears of a change within a few hundredths, on a busy machine within half a second, and programs what came
meanwhile at once afterwards."""

_PATIENCE = patient(60.0)
_RESUMED = patient(5.0)


def settle(cluster: Cluster) -> None:
    """Wait until what stands in the cluster is enforced: nothing is being programmed, nor has been for a while.

    Raises ClusterError where that never comes.
    """
    _await(cluster, (0, 0), _PATIENCE)


@contextmanager
def enforced_anew(cluster: Cluster) -> Iterator[None]:
    """What the block changes is being enforced when it ends: all policies have been programmed once since it began."""
    settle(cluster)
    before, _ = _syncs(cluster)
    yield
    deadline = time.monotonic() + _PATIENCE
    while _syncs(cluster)[1] <= before:
        if time.monotonic() > deadline:
            raise ClusterError(f"kube-router has programmed nothing for {_PATIENCE:.0f} s")
        time.sleep(0.02)


@contextmanager
def enforcement_off(cluster: Cluster) -> Iterator[None]:
    """Nothing is enforced inside the block. kube-router is halted, not ended: the cluster would end with it."""
    process = cluster.run("pidof", "kube-router").stdout.strip()
    _halt(cluster, process)
    try:
        cluster.run(str(BINARIES / "kube-router"), "--cleanup-config")
        yield
    finally:
        before = _syncs(cluster)
        cluster.run("kill", "-CONT", process)
        # Pods and policies that came and went meanwhile make it write everything anew.
        _await(cluster, (before[1] + 1, before[1] + 1), _RESUMED, is_needed=False)
        settle(cluster)


def _halt(cluster: Cluster, process: str) -> None:
    """Halt it between two syncs: what it finds gone in the middle of one ends it, and the cluster with it.

    Raises ClusterError where it is never done.
    """
    while True:
        settle(cluster)
        cluster.run("kill", "-STOP", process)
        begun, ended = _syncs(cluster)
        if begun == ended:
            return
        cluster.run("kill", "-CONT", process)


def _await(cluster: Cluster, least: tuple[int, int], patience: float, *, is_needed: bool = True) -> None:
    """Until so many syncs have begun and ended, as many as have begun, and no other begins for a while."""
    deadline = time.monotonic() + patience
    seen, since = _syncs(cluster), time.monotonic()
    while True:
        now = time.monotonic()
        if seen >= least and seen[0] == seen[1] and now - since >= _QUIET:
            return
        if now > deadline:
            if is_needed:
                raise ClusterError(f"kube-router is not done after {patience:.0f} s")
            return
        time.sleep(0.05)
        if (found := _syncs(cluster)) != seen:
            seen, since = found, time.monotonic()


def _syncs(cluster: Cluster) -> tuple[int, int]:
    """How many have begun, and ended."""
    text = (cluster.folder.logs / "kube-router.log").read_text(encoding="utf-8", errors="replace")
    return text.count(_BEGINS), text.count(_ENDS)
