"""Kubernetes' own end-to-end tables: every probe of every case, in every model in which the table holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.policy import Model, Reach, read_manifests
from netmatrix.policy.addresses import Family
from netmatrix.policy.ports import Protocol

CASES = sorted((Path(__file__).parent / "conformance" / "kubernetes-e2e").glob("*/expected.yaml"))


def test_the_tables_are_all_there() -> None:
    assert len(CASES) == 58


@pytest.mark.parametrize("case", CASES, ids=[case.parent.name for case in CASES])
def test_every_probe_ends_as_upstream_expects(case: Path) -> None:
    expected = yaml.safe_load(case.read_text(encoding="utf-8"))
    manifests = read_manifests([str(case.parent / "manifests.yaml")])
    for matches_pods in _models(expected):
        reach = Reach(manifests, Model(ipblock_matches_pods=matches_pods))
        for check in expected.get("checks") or [expected]:
            assert _reachability(reach, check) == _expected_reachability(check)


def _models(expected: dict[str, Any]) -> list[bool]:
    """Whether ipBlocks match pods: the table says so where it matters, and holds either way elsewhere."""
    return [True] if expected.get("ipblock_matches_pods") else [True, False]


def _reachability(reach: Reach, check: dict[str, Any]) -> dict[str, set[str]]:
    pods = [pod for group in reach.universe.groups for pod in group.members]
    protocol, port = Protocol(check["protocol"]), check["port"]
    return {
        f"{source.namespace}/{source.name}": {
            f"{pod.namespace}/{pod.name}"
            for pod in pods
            if pod is not source and reach.between_pods(source, pod, Family.IPV4).contains(protocol, port)
        }
        for source in pods
    }


def _expected_reachability(check: dict[str, Any]) -> dict[str, set[str]]:
    return {source: set(reached) for source, reached in check["reachability"].items()}
