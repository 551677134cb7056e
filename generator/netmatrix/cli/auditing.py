"""An audit's parts put together: judged values, what the real helm renders of them, a cluster or a dump of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from netmatrix.audit.findings import findings
from netmatrix.audit.overriding import is_told_elsewhere
from netmatrix.audit.run import Audit, Rendered, audit
from netmatrix.audit.wanted import wanted, wanted_of_dump
from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.progress import waiting
from netmatrix.cli.project import Project
from netmatrix.cli.rendering import rendered
from netmatrix.cli.subject import judged_values
from netmatrix.cli.template import require_generated
from netmatrix.cli.validating import Judged
from netmatrix.cli.verifying import context_of, digests
from netmatrix.cluster import (
    ClusterError,
    Kubectl,
    Reason,
    Snapshot,
    calls,
    find_kubectl,
    read_cluster,
    read_dump,
)
from netmatrix.cluster.rules import FORBIDDEN, REFUSED
from netmatrix.cluster.snapshot import items_of
from netmatrix.document import Finding
from netmatrix.emit.plan import chart_digest, plan
from netmatrix.emit.rules import ANOTHER_CHART, GenerateError
from netmatrix.policy import parse_manifests
from netmatrix.policy.collection import without_collection
from netmatrix.proof.grants import Granted, granted
from netmatrix.values.context import Context
from netmatrix.values.rules import EXCEPTION_EXPIRED

_RENDERED = "helm template"
_CHART = "x-netmatrix-chart"
"""The key at which the values that the chart's CronJob is given say of which chart they are."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a cluster is compared with: values that hold, but for exceptions that may have expired."""

    project: Project
    options: ValuesOptions
    judged: Judged

    @property
    def values(self) -> Context:
        """The merged values under the matrix."""
        return context_of(self.project, self.options, self.judged)

    @property
    def granted(self) -> Granted:
        """What they grant, as far as no cluster has been asked."""
        return granted(self.values)


@dataclass(frozen=True, slots=True)
class Audited:
    """An audit with its findings, and what it rests on."""

    asked: Asked
    audit: Audit
    findings: tuple[Finding, ...]
    manifests: bytes
    snapshot: Snapshot

    def digests(self) -> dict[str, Any]:
        """SHA-256 of all that it rests on; `manifests` are what was rendered, then what was read."""
        contents = [self.manifests, *(content for _, content in self.snapshot.contents)]
        return digests(self.asked.project, self.asked.options, self.asked.judged, contents)


def judged_for_audit(given: dict[str, Any]) -> Asked:
    """Judge the values. Raises NotJudgedError where they do not hold: that an exception has expired is a finding."""
    return Asked(*judged_values(given, tells_warnings=False, despite=(EXCEPTION_EXPIRED,), tells_despite=False))


def calls_of(asked: Asked, context: str | None, kubeconfig: str | None) -> list[str]:
    """The calls of kubectl that would read the cluster."""
    given = {"--context": context, "--kubeconfig": kubeconfig}
    options = [f"{flag}={value}" for flag, value in given.items() if value is not None]
    return calls(wanted(asked.granted), options)


def audited(asked: Asked, dumps: Sequence[str], context: str | None, kubeconfig: str | None) -> Audited:
    """Render, read, compare. Raises what each of them raises, ClusterError also for anything that may not be read."""
    require_generated(asked.project)
    _require_the_same_chart(asked)
    expired = [item for item in asked.judged.findings if item.rule == EXCEPTION_EXPIRED]
    with waiting("rendering with helm"):
        content = rendered(asked.project, asked.options, asked.judged)
    if dumps:
        with waiting("reading the dump"):
            snapshot = read_dump(dumps, wanted_of_dump(asked.granted))
    else:
        kubectl = find_kubectl(context, kubeconfig)
        snapshot = read_cluster(kubectl, wanted(asked.granted), waiting)
        _require_all(kubectl, snapshot)
    with waiting("comparing"), without_collection():
        found = audit(asked.values, _as_rendered(asked, content), snapshot, expired)
        return Audited(asked, found, findings(found), content, snapshot)


def _require_the_same_chart(asked: Asked) -> None:
    """Raise GenerateError where the values come from the audit of a chart that is not this project's."""
    installed = asked.values.text(_CHART)
    if installed is not None and installed != chart_digest(plan(asked.project.matrix).files):
        message = "these values are of a release of another chart or matrix than the ones here: nothing can be told"
        hint = "build the audit's image anew from the folder that the chart was installed from"
        raise GenerateError([asked.values.finding(ANOTHER_CHART, message, (_CHART,), hint)])


def _as_rendered(asked: Asked, content: bytes) -> Rendered:
    manifests = parse_manifests(content, _RENDERED, default_namespace=asked.granted.governed[0])
    return Rendered(manifests.policies, tuple(items_of(_RENDERED, content, [])))


def _require_all(kubectl: Kubectl, snapshot: Snapshot) -> None:
    """Raise ClusterError for what the cluster has and did not give: it could hold what overrules all the rest.

    A kind that the cluster does not have at all holds nothing, and what another kind gives as well is known.
    """
    faults = [
        kubectl.finding(
            FORBIDDEN if item.reason is Reason.FORBIDDEN else REFUSED,
            item.said,
            item.wanted.permission.hint(is_wide=item.wanted.is_wide),
        )
        for item in snapshot.missing
        if item.reason is not Reason.NOT_SERVED and not is_told_elsewhere(item, snapshot)
    ]
    if faults:
        raise ClusterError(faults)
