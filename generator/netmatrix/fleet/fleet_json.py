"""The verdicts on a fleet for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netmatrix.fleet.outcome import Outcome, Verdict, counts
from netmatrix.report.json_report import row


def document(outcomes: Sequence[Outcome], basis: Mapping[str, str], helm_processes: int) -> dict[str, Any]:
    """All clusters as data for JSON. `basis` are digests of what every verdict rests on beside its values."""
    return {
        "holds": all(outcome.verdict is Verdict.HOLDS for outcome in outcomes),
        "summary": {str(verdict): number for verdict, number in counts(outcomes).items()},
        "basis": dict(basis),
        "helmProcesses": helm_processes,
        "clusters": [_cluster(outcome) for outcome in outcomes],
    }


def _cluster(outcome: Outcome) -> dict[str, Any]:
    proved = outcome.proved
    return {
        "cluster": outcome.cluster.name,
        "files": list(outcome.cluster.files),
        "environment": outcome.environment,
        "verdict": str(outcome.verdict),
        "recorded": outcome.recorded,
        "digests": {"mergedValues": proved.values, "manifests": proved.manifests} if proved else {},
        "connectionClasses": proved.connections if proved else None,
        "findings": [row(finding) for finding in outcome.findings],
    }
