"""An audit for programs: all of it, each departure with every packet that it opens and closes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netmatrix.audit.audit_text import not_claimed
from netmatrix.audit.backends import BackEnd
from netmatrix.audit.effects import Effect, Told
from netmatrix.audit.overriding import Overriding
from netmatrix.audit.pods import Alike
from netmatrix.audit.run import Audit
from netmatrix.document import Finding, Severity
from netmatrix.proof.change_json import change_data
from netmatrix.report.json_report import row, summary


def document(audit: Audit, found: Sequence[Finding], digests: Mapping[str, Any]) -> dict[str, Any]:
    """The audit as data for JSON. `digests` say what it rests on: SHA-256 of matrix, values and manifests."""
    release = audit.compared.release
    return {
        "environment": audit.granted.environment,
        "holds": not any(item.severity is Severity.ERROR for item in found),
        "findings": [row(item) for item in found],
        "summary": summary(found),
        "release": {"name": release.name, "namespace": release.namespace} if release else None,
        "policies": {
            "read": len(audit.live.policies),
            "asRendered": audit.compared.as_rendered,
            "elsewhere": audit.live.elsewhere,
            "departures": [_effect(effect) for effect in audit.effects],
        },
        "pods": {
            "rows": audit.pods.matched,
            "withoutRow": [_alike(item) for item in audit.pods.uncovered],
            "onHostNetwork": [_alike(item) for item in audit.pods.on_host_network],
        },
        "rowsWithoutPod": list(audit.pods.empty_rows),
        "addresses": [{"endpoint": item.endpoint.id, "now": sorted(map(str, item.now))} for item in audit.looked],
        "overriding": [_overriding(item) for item in audit.overriding],
        "notInDump": [{"group": kind.group, "kind": kind.name} for kind in audit.unread],
        "notClaimed": list(not_claimed(audit)),
        "backends": [_back_end(item) for item in audit.backends],
        "absentNamespaces": list(audit.absent),
        "allowsExactlyTheMatrix": audit.verdict.holds,
        "digests": dict(digests),
    }


def _effect(effect: Effect) -> dict[str, Any]:
    item = effect.departure
    return {
        "state": str(item.state),
        "namespace": item.policy.namespace,
        "name": item.policy.name,
        "owner": item.owner,
        "differences": list(item.what),
        "opens": [_told(told) for told in effect.opens],
        "closes": [_told(told) for told in effect.closes],
    }


def _told(told: Told) -> dict[str, Any]:
    return {**change_data(told.change), "onlyWithTheOthers": told.together}


def _alike(item: Alike) -> dict[str, Any]:
    return {"namespace": item.namespace, "labels": item.labels, "owner": item.owner, "names": list(item.names)}


def _back_end(item: BackEnd) -> dict[str, Any]:
    return {
        "state": str(item.state),
        "group": item.group,
        "kind": item.item.kind,
        "namespace": item.item.namespace,
        "name": item.item.name,
        "differences": list(item.what),
    }


def _overriding(item: Overriding) -> dict[str, Any]:
    return {
        "group": item.group,
        "kind": item.item.kind,
        "namespace": item.item.namespace,
        "name": item.item.name,
        "touches": list(item.touches),
        "surely": item.surely,
    }
