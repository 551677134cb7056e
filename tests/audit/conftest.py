"""A cluster as it is after installing the chart, and the command that audits a dump of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netmatrix.matrix.model import Basis, Matrix
from tests.audit.cluster import API, Cluster, granting, installed
from tests.cli.conftest import TODAY, Result, Run, environment, netmatrix

__all__ = ["environment", "netmatrix"]

Audit = Callable[..., Result]


@pytest.fixture(scope="session")
def manifests() -> dict[tuple[str, ...], str]:
    """What helm renders of values, once for all tests."""
    return {}


@pytest.fixture
def cluster_with(netmatrix: Run, matrix: Matrix, manifests: dict[tuple[str, ...], str]) -> Callable[..., Cluster]:
    """The cluster after installing the chart with some values: one pod for each documented row, the API looked up."""

    def make(*values: str) -> Cluster:
        if values not in manifests:
            result = netmatrix("template", *values, *TODAY)
            assert result.status == 0, result.err
            manifests[values] = result.out
        pods = {
            f"{pod.id}-0": (matrix.namespaces[pod.namespace].name, pod.labels)
            for pod in matrix.pods.values()
            if any(pod in (f.source, f.destination) and f.basis is Basis.TABLE for f in matrix.flows.values())
        }
        cluster = installed(manifests[values], pods)
        granting(cluster, *API)
        return cluster

    return make


@pytest.fixture
def cluster(cluster_with: Callable[..., Cluster]) -> Cluster:
    """The cluster after installing prod."""
    return cluster_with("--environment", "prod")


@pytest.fixture
def audit(netmatrix: Run, tmp_path: Path) -> Audit:
    """Audits a cluster against prod."""

    def run(cluster: Cluster, *arguments: str, values: tuple[str, ...] = ("--environment", "prod")) -> Result:
        dump = tmp_path / "cluster.json"
        dump.write_bytes(cluster.dump())
        today = () if "--today" in arguments else TODAY
        return netmatrix("audit", *values, *today, "--dump", dump, *arguments)

    return run
