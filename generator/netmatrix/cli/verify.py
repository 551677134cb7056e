"""`netmatrix verify`: the proof that manifests grant exactly the matrix."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from netmatrix.cli.exit_status import ExitStatus
from netmatrix.cli.options import format_option
from netmatrix.cli.subject import NotJudgedError, Subject, subject_of, subject_options, verdict_on

if TYPE_CHECKING:
    from netmatrix.proof.verify import Verdict
    from netmatrix.report import Format


@click.command("verify")
@subject_options
@click.option(
    "--save", metavar="FILE", help="Keep what helm rendered, so that the lines of a finding can be looked up."
)
@click.option(
    "--fleet",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Prove each file that matches as one cluster's override, on top of -f; with a / at its end, each folder.",
)
@click.option(
    "--record", metavar="DIR", help="Where a fleet's proofs are recorded; by default build/fleet beside the matrix."
)
@click.option("--no-record", is_flag=True, help="Prove the whole fleet anew, and record nothing.")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="Workers for a fleet [one on each core].")
@format_option
def command(
    save: str | None,
    patterns: tuple[str, ...],
    record: str | None,
    no_record: bool,
    jobs: int | None,
    format_: str,
    **given: Any,
) -> ExitStatus:
    """Prove that manifests grant exactly the matrix, nothing more and nothing less.

    For every source and destination that could exist, every port and both IP families, a connection is allowed if and
    only if the matrix grants it under these values. A packet that shows otherwise is named, with the rule that opens or
    closes it and the line of the matrix that it contradicts.

    \b
    Examples:
      netmatrix verify -f values/values-prod.yaml -f values/clusters/minikube.yaml
      kubectl get networkpolicies,namespaces -A -o json | netmatrix verify --environment prod --manifests -
      netmatrix verify -f values/values-prod.yaml --fleet 'clusters/prod/**/*.yaml'
      netmatrix verify --fleet 'clusters/*/'        # each override says its environment
    """
    from netmatrix.report import Format

    if patterns:
        from netmatrix.cli.fleet import FleetOptions, verify_fleet

        return verify_fleet(given, FleetOptions(patterns, record, no_record, jobs, save), Format(format_))
    if record or no_record or jobs:
        raise click.UsageError("--record, --no-record and --jobs are for a fleet: name one with --fleet")
    try:
        subject = subject_of(given, save)
    except NotJudgedError as error:
        return error.status
    verdict = verdict_on(subject)
    _tell(verdict, subject, Format(format_))
    return ExitStatus.HOLDS if verdict.holds else ExitStatus.FINDINGS


def _tell(verdict: Verdict, subject: Subject, format_: Format) -> None:
    """Print the verdict: findings where a program wants findings, else the whole of it."""
    from netmatrix.cli.verifying import digests
    from netmatrix.proof.findings import findings
    from netmatrix.proof.rules import RULES
    from netmatrix.proof.verdict_json import document
    from netmatrix.proof.verdict_text import headline, text
    from netmatrix.report import Format, render

    found = findings(verdict, in_manifests=subject.in_files)
    match format_:
        case Format.JSON:
            judged = [content for _, content in subject.contents]
            of = digests(subject.project, subject.options, subject.judged, judged)
            click.echo(json.dumps(document(verdict, of), indent=2))
        case Format.TEXT:
            click.echo(render(found, Format.TEXT), nl=False)
            click.echo(text(verdict, subject.what), nl=False)
        case _:
            click.echo(render(found, format_, rules={rule.id: rule for rule in RULES}), nl=False)
            click.echo(headline(verdict, subject.what), err=True)
