"""`netmatrix verify --fleet`: every cluster's override proved on top of common files, and a table of verdicts."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import click
import yaml

import netmatrix
from netmatrix.cli.exit_status import ExitStatus, status_of_findings
from netmatrix.cli.fleet_proving import Fleet
from netmatrix.cli.fleet_workers import shares
from netmatrix.cli.options import values_of
from netmatrix.cli.progress import counting
from netmatrix.cli.project import Project, open_to_judge, shown, upon_environment
from netmatrix.cli.template import require_generated
from netmatrix.cli.validating import standards_of, stated_environment
from netmatrix.document import FindingsError
from netmatrix.document.digest import data_digest, digest
from netmatrix.emit.plan import plan
from netmatrix.fleet import fleet_json, fleet_text
from netmatrix.fleet.clusters import Cluster, find_clusters
from netmatrix.fleet.outcome import Outcome
from netmatrix.fleet.record import Record
from netmatrix.helm import Helm
from netmatrix.proof.rules import RULES as PROOF_RULES
from netmatrix.report import Format, render
from netmatrix.values.layers import read_layers
from netmatrix.values.rules import RULES as VALUES_RULES
from netmatrix.values.validate import check_layers

BATCH = 25
"""Clusters to a Helm process: its own start is a small part of its time by then, and its memory hardly more."""


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """What `verify` is told of a fleet, None where it is told nothing; `save` is for a single cluster alone."""

    patterns: tuple[str, ...]
    record: str | None
    no_record: bool
    jobs: int | None
    save: str | None


@dataclass(frozen=True, slots=True)
class _Run:
    outcomes: tuple[Outcome, ...]
    helm_processes: int


def verify_fleet(given: dict[str, Any], wanted: FleetOptions, format_: Format) -> ExitStatus:
    """Prove every cluster and tell the verdicts: 0 all hold, 1 some do not, 2 some have no verdict.

    `given` are the parameters of `subject_options`. Raises UsageError for those that are not for a fleet, FindingsError
    for what keeps all of its clusters from being judged.
    """
    environment, paths, discovered = (given.pop(name) for name in ("environment", "paths", "discovered"))
    options = values_of(given)
    if paths or discovered or wanted.save or options.sets or "-" in options.files:
        message = "--manifests, --discovered, --save, --set and -f - are not for a fleet, which is proved of files"
        raise click.UsageError(f"{message}; what all clusters have in common goes into a file named with -f")
    if wanted.record and wanted.no_record:
        raise click.UsageError("give --record DIR or --no-record, not both")
    project = open_to_judge(options.matrix)
    options = upon_environment(project, options, environment)
    clusters = find_clusters(wanted.patterns)
    _judge_base(project, options.files)
    require_generated(project)
    helm = project.helm()
    folder = Path(wanted.record) if wanted.record else project.root / "build" / "fleet"
    generated = plan(project.matrix).files
    record = None if wanted.no_record else Record(folder, _basis(project, helm, generated))
    with tempfile.TemporaryDirectory(prefix="netmatrix-") as scratch:
        fleet = Fleet(
            project=project,
            helm=helm,
            chart=_copied_chart(generated, Path(scratch)),
            base=options.files,
            by_override=not stated_environment(options.files),
            today=options.today,
            record=record,
        )
        run = _run(fleet, clusters, wanted.jobs or _cores())
    _tell(run, record, format_)
    return status_of_findings(tuple(finding for outcome in run.outcomes for finding in outcome.findings))


def _judge_base(project: Project, files: Sequence[str]) -> None:
    """Raises FindingsError for what is wrong with the files below every override: told once, not for each cluster."""
    layers = read_layers(files)
    found = (*layers.findings, *check_layers(standards_of(project).schemas, layers.documents))
    if status_of_findings(found) is not ExitStatus.HOLDS:
        raise FindingsError(found)


def _basis(project: Project, helm: Helm, generated: Mapping[PurePosixPath, str]) -> dict[str, str]:
    """All but the values that a verdict rests on. The day is not in it: every run judges exceptions anew."""
    package = Path(netmatrix.__file__).parent
    sources = {str(file.relative_to(package)): digest(file.read_bytes()) for file in sorted(package.rglob("*.py"))}
    return {
        "netmatrix": f"{netmatrix.__version__} {data_digest(sources)}",
        "python": sys.version,
        "pyyaml": f"{yaml.__version__}, libyaml: {yaml.__with_libyaml__}",
        "helm": f"{helm.build} {digest(helm.executable.read_bytes())}",
        "matrix": digest(Path(project.matrix.file).read_bytes()),
        "generated": data_digest({str(path): text for path, text in generated.items()}),
        "release": f"{project.release_namespace}/{project.release_name}",
    }


def _copied_chart(generated: Mapping[PurePosixPath, str], folder: Path) -> Path:
    """The chart as the matrix gives it, where nobody changes it while the run lasts."""
    for path, text in generated.items():
        if path.parts[0] == "chart":
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    return folder / "chart"


def _run(fleet: Fleet, clusters: Sequence[Cluster], jobs: int) -> _Run:
    size = min(BATCH, -(-len(clusters) // jobs))
    batches = [clusters[start : start + size] for start in range(0, len(clusters), size)]
    outcomes: dict[Cluster, Outcome] = {}
    complaints: dict[str, None] = {}
    helm_processes = 0
    try:
        with counting("clusters", len(clusters)) as advance:
            for share in shares(fleet, batches, min(jobs, len(batches))):
                outcomes.update((outcome.cluster, outcome) for outcome in share.outcomes)
                complaints.update(dict.fromkeys(share.complaints))
                helm_processes += share.helm_processes
                advance(len(share.outcomes))
    except BaseException:
        again = "" if fleet.record is None else "; what holds is recorded, and the same command goes on from there"
        click.echo(f"netmatrix: {len(outcomes)} of {len(clusters)} clusters were judged{again}", err=True)
        raise
    for complaint in complaints:
        click.echo(f"netmatrix: {complaint}", err=True)
    return _Run(tuple(outcomes[cluster] for cluster in clusters), helm_processes)


def _tell(run: _Run, record: Record | None, format_: Format) -> None:
    """The verdicts on standard output, in a form that a program reads as findings alone; how it was done beside it."""
    basis = record.basis if record else {}
    headline = fleet_text.headline(run.outcomes)
    if format_ is Format.JSON:
        click.echo(json.dumps(fleet_json.document(run.outcomes, basis, run.helm_processes), indent=2))
    elif format_ is Format.TEXT:
        click.echo(render(fleet_text.findings(run.outcomes), format_), nl=False)
        click.echo(fleet_text.table(run.outcomes), nl=False)
        click.echo(headline)
    else:
        rules = {rule.id: rule for rule in (*VALUES_RULES, *PROOF_RULES)}
        click.echo(render(fleet_text.findings(run.outcomes), format_, rules=rules), nl=False)
        click.echo(headline, err=True)
    recorded = sum(outcome.recorded for outcome in run.outcomes)
    earlier = f"; {recorded} were proved before, by the record in {shown(record.folder)}" if record and recorded else ""
    click.echo(f"helm processes: {run.helm_processes}{earlier}", err=True)


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
