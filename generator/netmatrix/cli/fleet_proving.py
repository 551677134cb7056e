"""One worker's share of a fleet: each cluster's values judged, those that hold rendered in batches, each proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from netmatrix.cli.exit_status import ExitStatus, status_of_findings
from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.project import Project
from netmatrix.cli.validating import Judged, judge, standards_of, stated_environment
from netmatrix.cli.verifying import verify_rendered
from netmatrix.document import Finding, FindingsError, Place, Severity
from netmatrix.document.digest import data_digest, digest
from netmatrix.fleet.clusters import Cluster
from netmatrix.fleet.outcome import Outcome, Proved, Verdict
from netmatrix.fleet.record import DamagedRecordError, Record
from netmatrix.helm import Helm, HelmError, template, template_batch
from netmatrix.proof.findings import findings
from netmatrix.proof.rules import FAULT


@dataclass(frozen=True, slots=True)
class Fleet:
    """What all clusters of a run have in common. `chart` is a copy of the chart that nobody changes meanwhile.

    `base` are the files below every override; `by_override` says that each override names the environment whose file
    goes below them.
    """

    project: Project
    helm: Helm
    chart: Path
    base: tuple[str, ...]
    by_override: bool
    today: date
    record: Record | None


@dataclass(frozen=True, slots=True)
class Share:
    """What came of some clusters, how many Helm processes that took, and what was wrong with the record."""

    outcomes: tuple[Outcome, ...]
    helm_processes: int
    complaints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A cluster whose values hold, and of which nothing is proved yet."""

    cluster: Cluster
    options: ValuesOptions
    judged: Judged
    environment: str
    digest: str
    data: Mapping[str, Any]
    has_nulls: bool


def prove(fleet: Fleet, clusters: Sequence[Cluster]) -> Share:
    """The verdict on each of the clusters. What is wrong with one is its own outcome, never an error here."""
    return _Worker(fleet).share(clusters)


class _Worker:
    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.standards = standards_of(fleet.project)
        self.helm_processes = 0
        self.complaints: list[str] = []

    def share(self, clusters: Sequence[Cluster]) -> Share:
        outcomes: dict[Cluster, Outcome] = {}
        candidates: dict[str, list[_Candidate]] = {}
        for cluster in clusters:
            try:
                found = self._judge(cluster)
            except Exception as error:  # a fault of ours must not take the other clusters' verdicts along
                found = _unjudged(cluster, None, _fault(cluster, error))
            if isinstance(found, Outcome):
                outcomes[cluster] = found
            else:
                candidates.setdefault(found.digest, []).append(found)
        for candidate, manifests in self._rendered([alike[0] for alike in candidates.values()]):
            for alike in candidates[candidate.digest]:
                outcomes[alike.cluster] = self._prove(alike, manifests)
        return Share(tuple(outcomes[cluster] for cluster in clusters), self.helm_processes, tuple(self.complaints))

    def _judge(self, cluster: Cluster) -> Outcome | _Candidate:
        fleet = self.fleet
        options = ValuesOptions(fleet.project.matrix.file, self._files(cluster), (), fleet.today)
        judged = judge(fleet.project, options, self.standards)
        if judged.validated is None:
            return _failed(cluster, None, judged.findings, Verdict.INVALID)
        values = judged.validated.values
        environment = values.data.get("environment")
        if status_of_findings(judged.findings) is not ExitStatus.HOLDS:
            named = environment if environment in fleet.project.matrix.environments else None
            return _failed(cluster, named, judged.findings, Verdict.INVALID)
        assert isinstance(environment, str), "values that hold name an environment"
        known = data_digest(values.data)
        if proved := self._recorded(known):
            return Outcome(cluster, environment, Verdict.HOLDS, judged.findings, proved, recorded=True)
        return _Candidate(cluster, options, judged, environment, known, values.data, values.root.has_nulls())

    def _files(self, cluster: Cluster) -> tuple[str, ...]:
        project, below = self.fleet.project, self.fleet.base
        if self.fleet.by_override:
            environment = stated_environment(cluster.files)
            if environment in project.matrix.environments:
                below = (project.values_file(f"values-{environment}.yaml"), *below)
        return (*below, *cluster.files)

    def _rendered(self, candidates: Sequence[_Candidate]) -> Iterator[tuple[_Candidate, bytes | HelmError]]:
        """Each with its manifests, or with why Helm renders none. Where Helm refuses many, their halves are tried."""
        together = [item for item in candidates if not item.has_nulls]
        for item in candidates:
            if item.has_nulls or len(together) == 1:
                yield item, self._alone(item)
        if len(together) > 1:
            try:
                manifests = self._together(together)
            except HelmError:
                half = len(together) // 2
                yield from self._rendered(together[:half])
                yield from self._rendered(together[half:])
            else:
                yield from ((item, manifests[item.digest]) for item in together)

    def _together(self, candidates: Sequence[_Candidate]) -> Mapping[str, bytes]:
        self.helm_processes += 1
        fleet, project = self.fleet, self.fleet.project
        return template_batch(
            fleet.helm,
            fleet.chart,
            project.matrix.chart_name,
            {item.digest: item.data for item in candidates},
            release=project.release_name,
            namespace=project.release_namespace,
        )

    def _alone(self, candidate: _Candidate) -> bytes | HelmError:
        try:
            if not candidate.has_nulls:
                return self._together([candidate])[candidate.digest]
            self.helm_processes += 1
            return template(
                self.fleet.helm,
                self.fleet.chart,
                release=self.fleet.project.release_name,
                namespace=self.fleet.project.release_namespace,
                files=candidate.options.files,
            )
        except HelmError as error:
            return error

    def _prove(self, candidate: _Candidate, manifests: bytes | HelmError) -> Outcome:
        cluster, environment = candidate.cluster, candidate.environment
        try:
            if isinstance(manifests, HelmError):
                raise manifests
            verdict = verify_rendered(
                self.fleet.project, candidate.options, candidate.judged, manifests, "helm template"
            )
        except HelmError as error:
            place = Place(cluster.files[-1])  # the chart's copy is gone when this is read
            told = tuple(replace(finding, place=place) for finding in error.findings)
            return _failed(cluster, environment, (*candidate.judged.findings, *told), Verdict.FAILS)
        except FindingsError as error:
            return _failed(cluster, environment, (*candidate.judged.findings, *error.findings), Verdict.FAILS)
        except Exception as error:
            return _unjudged(cluster, environment, _fault(cluster, error))
        if not verdict.holds:
            told = findings(verdict, in_manifests=False)
            return _failed(cluster, environment, (*candidate.judged.findings, *told), Verdict.FAILS)
        proved = Proved(candidate.digest, digest(manifests), verdict.coverage.connections)
        if not candidate.has_nulls:  # Helm read those files itself, later than they were judged
            self._keep(proved)
        return Outcome(cluster, environment, Verdict.HOLDS, candidate.judged.findings, proved)

    def _recorded(self, known: str) -> Proved | None:
        if self.fleet.record is None:
            return None
        try:
            return self.fleet.record.find(known)
        except DamagedRecordError as error:
            self.complaints.append(f"{error.file} is not what was recorded there; it is proved again")
            return None

    def _keep(self, proved: Proved) -> None:
        """Without a record the verdict is as good: it is only lost to the next run."""
        if self.fleet.record is None:
            return
        try:
            self.fleet.record.keep(proved)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            self.complaints.append(f"{self.fleet.record.folder}: no record can be kept there: {reason}")


def _failed(cluster: Cluster, environment: str | None, found: Sequence[Finding], verdict: Verdict) -> Outcome:
    """Findings that leave no verdict weigh more than those that are one."""
    if status_of_findings(tuple(found)) is ExitStatus.COULD_NOT_RUN:
        verdict = Verdict.UNJUDGED
    return Outcome(cluster, environment, verdict, tuple(sorted(found, key=Finding.order)))


def _unjudged(cluster: Cluster, environment: str | None, finding: Finding) -> Outcome:
    return Outcome(cluster, environment, Verdict.UNJUDGED, (finding,))


def _fault(cluster: Cluster, error: Exception) -> Finding:
    message = f"this is a fault of netmatrix itself: {type(error).__name__}: {error}"
    hint = "please report it with this file"
    return Finding(FAULT, message, Place(cluster.files[-1]), hint=hint, severity=Severity.ERROR)
