"""`netmatrix explain`: one connection, allowed or not, and why."""

from __future__ import annotations

import json
from typing import Any

import click

from netmatrix.cli import completing
from netmatrix.cli.exit_status import ExitStatus
from netmatrix.cli.subject import NotJudgedError, Subject, subject_of, subject_options

_FORMATS = ("text", "json")


@click.command("explain")
@click.argument("source", metavar="SRC", shell_complete=completing.parties)
@click.argument("destination", metavar="DST", shell_complete=completing.parties)
@click.argument("port", metavar="[PORT]", required=False)
@subject_options
@click.option("--expect", type=click.Choice(["allowed", "denied"]), help="Leave with status 1 where it is otherwise.")
@click.option("--format", "format_", type=click.Choice(_FORMATS), default="text", show_default=True)
def command(
    source: str, destination: str, port: str | None, expect: str | None, format_: str, **given: Any
) -> ExitStatus:
    """Say whether a connection is allowed, by which rule on each end, from which line of the matrix.

    SRC and DST are a row or an endpoint of the matrix, an address, or a pod that could exist as
    namespace/key=value,key=value. PORT is a number, protocol/number, or the name of a port of the row DST; without it,
    every port that is open is explained. Status 0 with any answer; --expect makes it a check.

    \b
    Examples:
      netmatrix explain ui database 5432 --environment prod
      netmatrix explain default/app=x database -f values/values-dev.yaml
      netmatrix explain jobs 169.254.169.254 tcp/80 --environment prod --expect denied
    """
    from netmatrix.proof.explain import answers, document, lines, one_packet_each
    from netmatrix.proof.parties import UnknownPartyError, named_party, named_port, packet_between

    try:
        subject = subject_of(given)
    except NotJudgedError as error:
        return error.status
    policies, ports = subject.manifests.policies, None
    try:
        one, other = (
            named_party(text, subject.granted, subject.manifests.namespaces) for text in (source, destination)
        )
        if port is None:
            ports, packets = one_packet_each(subject.granted, policies, one, other)
        else:
            packets = (packet_between(one, other, *named_port(port, destination, subject.granted)),)
    except UnknownPartyError as error:
        raise click.UsageError(f"{error}{_of_the_audit(subject, source, destination)}") from None
    found = [answer for packet in packets for answer in answers(subject.granted, policies, packet)]
    if format_ == "json":
        click.echo(json.dumps(document(subject.granted, one, other, ports, found), indent=2))
    else:
        if ports is not None:
            click.echo(f"{one.name} -> {other.name}: {ports if ports else 'no port is open'}")
        for answer in found:
            click.echo("\n".join(lines(subject.granted, answer, one, other)))
    if expect is not None and any(answer.allowed != (expect == "allowed") for answer in found):
        click.echo(f"netmatrix: expected {expect}", err=True)
        return ExitStatus.FINDINGS
    return ExitStatus.HOLDS


def _of_the_audit(subject: Subject, *parties: str) -> str:
    """Where the audit's row is asked about and values have not switched it on, how it comes to be there."""
    pod = subject.project.matrix.audit_pod
    if pod is None or pod.id not in parties or subject.granted.matrix.audit_pod is not None:
        return ""
    return f"; {pod.id} is there with `audit.enabled: true`"
