"""`netmatrix audit`: whether a cluster is as the matrix says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from netmatrix.cli import completing
from netmatrix.cli.exit_status import ExitStatus
from netmatrix.cli.options import environment_option, format_option, values_options

if TYPE_CHECKING:
    from netmatrix.cli.auditing import Audited
    from netmatrix.document import Finding
    from netmatrix.report import Format


@click.command("audit")
@values_options
@environment_option
@click.option("--context", metavar="NAME", help="As kubectl's --context; by default its current one.")
@click.option("--kubeconfig", metavar="FILE", shell_complete=completing.files, help="As kubectl's --kubeconfig.")
@click.option(
    "--dump",
    "dumps",
    multiple=True,
    metavar="PATH",
    shell_complete=completing.files,
    help="Judge what `kubectl get -o json` printed (a file, a folder, or -) instead of a running cluster.",
)
@click.option("--dry-run", is_flag=True, help="Print the calls of kubectl that would read the cluster, and no more.")
@click.option("--strict", is_flag=True, help="Status 1 for warnings too.")
@format_option
def command(dumps: tuple[str, ...], dry_run: bool, strict: bool, format_: str, **given: Any) -> ExitStatus:
    """Compare a cluster with the matrix: policies, pods, exceptions, and what could overrule them.

    Give the values that the chart was installed with. Named are policies that have drifted, are missing or are somebody
    else's, each with the connections that it opens and closes; pods of no row, rows of no pod; looked-up addresses that
    are no longer the API server's; expired exceptions; policies of other APIs. The cluster is only read. Status 2 where
    something cannot be read: what is not known is never said to hold.

    \b
    Examples:
      netmatrix audit --environment prod
      netmatrix audit -f values/values-prod.yaml -f values/clusters/gke.yaml --context staging --format json
      netmatrix audit --environment prod --dump cluster.json
    """
    from netmatrix.cli.auditing import audited, calls_of, judged_for_audit
    from netmatrix.cli.subject import NotJudgedError
    from netmatrix.document import Severity
    from netmatrix.report import Format

    context, kubeconfig = given.pop("context"), given.pop("kubeconfig")
    if dumps and (context or kubeconfig or dry_run):
        raise click.UsageError(
            "--dump is instead of a running cluster: leave out --context, --kubeconfig and --dry-run"
        )
    try:
        asked = judged_for_audit(given)
    except NotJudgedError as error:
        return error.status
    if dry_run:
        click.echo("".join(f"{line}\n" for line in calls_of(asked, context, kubeconfig)), nl=False)
        return ExitStatus.HOLDS
    found = audited(asked, dumps, context, kubeconfig)
    _tell(found, Format(format_))
    weighed = (Severity.ERROR, Severity.WARNING) if strict else (Severity.ERROR,)
    return ExitStatus.FINDINGS if any(item.severity in weighed for item in found.findings) else ExitStatus.HOLDS


def _tell(found: Audited, format_: Format) -> None:
    """Print the audit: findings where a program wants findings, else the whole of it."""
    from netmatrix.audit.audit_json import document
    from netmatrix.audit.audit_text import headline, text
    from netmatrix.audit.rules import RULES
    from netmatrix.report import Format, render

    told: tuple[Finding, ...] = found.findings
    match format_:
        case Format.JSON:
            click.echo(json.dumps(document(found.audit, told, found.digests()), indent=2))
        case Format.TEXT:
            click.echo(render(told, Format.TEXT), nl=False)
            click.echo(text(found.audit, told), nl=False)
        case _:
            click.echo(render(told, format_, rules={rule.id: rule for rule in RULES}), nl=False)
            click.echo(headline(found.audit, told), err=True)
