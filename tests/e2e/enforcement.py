"""The data plane's enforcement of policies, off for a while: a cluster whose network plugin ignores them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.programs import BINARIES
from tests.e2e.session import Cluster

_SETTLED = 5.0
"""Seconds after which kube-router has written everything anew."""


@contextmanager
def enforcement_off(cluster: Cluster) -> Iterator[None]:
    """Nothing is enforced inside the block. kube-router is halted, not ended: the cluster would end with it."""
    process = cluster.run("pidof", "kube-router").stdout.strip()
    cluster.run("kill", "-STOP", process)
    try:
        cluster.run(str(BINARIES / "kube-router"), "--cleanup-config")
        yield
    finally:
        cluster.run("kill", "-CONT", process)
        time.sleep(_SETTLED)
