"""`netmatrix verify`: the proof that manifests grant exactly the matrix."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netmatrix.cli.exit_status import ExitStatus, status_of_findings
from netmatrix.cli.options import ValuesOptions, format_option, values_of, values_options
from netmatrix.cli.project import Project, open_to_judge

if TYPE_CHECKING:
    from netmatrix.cli.validating import Judged
    from netmatrix.document import Finding
    from netmatrix.proof.grants import Discovered
    from netmatrix.proof.verify import Verdict
    from netmatrix.report import Format

_RENDERED = "helm template"


@click.command("verify")
@values_options
@click.option("--environment", metavar="NAME", help="Take this environment's own values file.")
@click.option(
    "--manifests",
    "paths",
    multiple=True,
    metavar="PATH",
    help="Judge these manifests (a file, a folder, or -) instead of what helm renders.",
)
@click.option(
    "--discovered",
    multiple=True,
    metavar="ADDRESS:PORT",
    help="An address and TCP port that installing found in the cluster, as [fd00::1]:6443 for IPv6.",
)
@click.option(
    "--save", metavar="FILE", help="Keep what helm rendered, so that the lines of a finding can be looked up."
)
@format_option
def command(
    environment: str | None,
    paths: tuple[str, ...],
    discovered: tuple[str, ...],
    save: str | None,
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
    """
    from netmatrix.cli.progress import waiting
    from netmatrix.cli.validating import judge
    from netmatrix.report import Format, render

    if discovered and not paths:
        raise click.UsageError("--discovered is about what was installed: give that with --manifests")
    project, options = _chosen(values_of(given), environment)
    found = [_discovered(item) for item in discovered]
    judged = judge(project, options)
    status = status_of_findings(judged.findings)
    if judged.findings and (status is not ExitStatus.HOLDS or not paths):
        click.echo(render(judged.findings, Format.TEXT), nl=False, err=True)
    if status is not ExitStatus.HOLDS:
        return status
    with waiting("verifying"):
        verdict, digests = _proved(project, options, judged, paths, found, save)
    return _told(verdict, digests, Format(format_), in_files=bool(paths or save), rendered=not paths)


def _chosen(options: ValuesOptions, environment: str | None) -> tuple[Project, ValuesOptions]:
    """The project, and the values that are asked about: given files, or those of a named environment."""
    from netmatrix.document import did_you_mean

    project = open_to_judge(options.matrix)
    known = project.matrix.environments
    if environment is not None and environment not in known:
        raise click.UsageError(f"the matrix has no environment {environment!r}; {did_you_mean(environment, known)}")
    if environment is not None:
        files = (project.values_file(f"values-{environment}.yaml"), *options.files)
        return project, replace(options, files=files)
    if not options.files:
        raise click.UsageError(f"name values with -f FILE, or an environment with --environment {'|'.join(known)}")
    return project, options


def _discovered(text: str) -> Discovered:
    from netmatrix.policy.addresses import CidrError, parse_address
    from netmatrix.proof.grants import Discovered

    address, _, port = text.rpartition(":")
    try:
        if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
            raise CidrError(f"{text!r} names no port", "write 172.18.0.2:6443 or [fd00::2]:6443")
        return Discovered(parse_address(address.removeprefix("[").removesuffix("]")), int(port))
    except CidrError as error:
        raise click.BadParameter(f"{error}; {error.hint}", param_hint="--discovered") from None


def _proved(
    project: Project,
    options: ValuesOptions,
    judged: Judged,
    paths: Sequence[str],
    discovered: Sequence[Discovered],
    save: str | None,
) -> tuple[Verdict, dict[str, Any]]:
    from netmatrix.cli.rendering import rendered
    from netmatrix.cli.template import require_generated
    from netmatrix.cli.verifying import digests, granted_by
    from netmatrix.document.write import write_whole
    from netmatrix.policy import parse_manifests
    from netmatrix.policy.read import parse_files
    from netmatrix.policy.stream import read_bytes
    from netmatrix.proof.verify import verify
    from netmatrix.report import Format, render

    granted = granted_by(project, options, judged, discovered)
    first = granted.governed[0]
    if paths:
        unreadable: list[Finding] = []
        contents = read_bytes(paths, unreadable)
        manifests = parse_files(contents, unreadable, default_namespace=first)
    else:
        require_generated(project)
        content = rendered(project, options, judged)
        contents = [(save or _RENDERED, content)]
        if save:
            write_whole(Path(save), content)
        manifests = parse_manifests(content, save or _RENDERED, default_namespace=first)
    verdict = verify(granted, manifests, contents[0][0])
    told = {item.origin.place for item in verdict.unjudged}
    click.echo(render([note for note in manifests.notes if note.place not in told], Format.TEXT), nl=False, err=True)
    return verdict, digests(project, options, judged, [content for _, content in contents])


def _told(verdict: Verdict, digests: dict[str, Any], format_: Format, *, in_files: bool, rendered: bool) -> ExitStatus:
    """Print the verdict: findings where a program wants findings, else the whole of it."""
    from netmatrix.proof.findings import findings
    from netmatrix.proof.rules import RULES
    from netmatrix.proof.verdict_json import document
    from netmatrix.proof.verdict_text import headline, text
    from netmatrix.report import Format, render

    what = "the rendered policies" if rendered else "the manifests"
    found = findings(verdict, in_manifests=in_files)
    match format_:
        case Format.JSON:
            click.echo(json.dumps(document(verdict, digests), indent=2))
        case Format.TEXT:
            click.echo(render(found, Format.TEXT), nl=False)
            click.echo(text(verdict, what), nl=False)
        case _:
            click.echo(render(found, format_, rules={rule.id: rule for rule in RULES}), nl=False)
            click.echo(headline(verdict, what), err=True)
    return ExitStatus.HOLDS if verdict.holds else ExitStatus.FINDINGS
