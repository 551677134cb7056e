"""`netmatrix template`: validated values through the real `helm template`."""

from __future__ import annotations

import sys
from typing import Any

import click

from netmatrix.cli.exit_status import ExitStatus, status_of_findings
from netmatrix.cli.options import environment_option, values_of, values_options
from netmatrix.cli.project import Project, open_to_judge, shown, upon_environment


@click.command("template")
@values_options
@environment_option
@click.option("--release", default="", help="The release's name [the application's].")
@click.option("--namespace", default="", help="The release's namespace [the first of the matrix].")
@click.argument("helm_arguments", nargs=-1, type=click.UNPROCESSED)
def command(
    release: str, namespace: str, environment: str | None, helm_arguments: tuple[str, ...], **given: Any
) -> ExitStatus:
    """Validate values, then render the chart with the real helm.

    Nothing is printed on standard output where validation fails. What stands after -- goes to `helm template`; what
    would go round the validation (-f, --set and its kin, --skip-schema-validation, --post-renderer) is refused there.
    A values file called - is standard input.

    \b
    Examples:
      netmatrix template -f values/values-prod.yaml
      netmatrix template -f values/values-prod.yaml -- --kube-version 1.30 --show-only templates/ui.yaml
    """
    from netmatrix.cli.rendering import rendered
    from netmatrix.cli.validating import judge
    from netmatrix.helm import refuse_arguments
    from netmatrix.report import Format, render

    options = values_of(given)
    project = open_to_judge(options.matrix)
    options = upon_environment(project, options, environment)
    refused = refuse_arguments(helm_arguments)
    judged = judge(project, options)
    findings = (*refused, *judged.findings)
    if findings:
        click.echo(render(findings, Format.TEXT), nl=False, err=True)
    status = status_of_findings(findings)
    if status is not ExitStatus.HOLDS:
        return status
    require_generated(project)
    manifests = rendered(project, options, judged, release=release, namespace=namespace, extra=helm_arguments)
    sys.stdout.flush()
    sys.stdout.buffer.write(manifests)
    return ExitStatus.HOLDS


def require_generated(project: Project) -> None:
    """Raises GenerateError where the chart is not what the matrix gives: values were judged by the matrix."""
    from netmatrix.document import Finding, Place
    from netmatrix.emit import rules
    from netmatrix.emit.apply import changes
    from netmatrix.emit.plan import plan

    stale = [change for change in changes(plan(project.matrix), project.root) if change.path.parts[0] == "chart"]
    if stale:
        message = f"the chart is not what {project.matrix.file} gives ({len(stale)} files differ)"
        place = Place(shown(project.root / stale[0].path))
        raise rules.GenerateError([Finding(rules.STALE, message, place, hint="run `netmatrix generate` first")])
