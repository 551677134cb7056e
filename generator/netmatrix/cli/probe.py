"""`netmatrix probe`: whether a running cluster enforces the matrix."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from netmatrix.cli.exit_status import ExitStatus
from netmatrix.cli.options import values_options

if TYPE_CHECKING:
    from netmatrix.cluster import Kubectl
    from netmatrix.probe.plan import Plan
    from netmatrix.probe.surroundings import Leftover
    from netmatrix.probe.verdict import Verdict


@click.command("probe")
@values_options
@click.option("--environment", metavar="NAME", help="Take this environment's own values file.")
@click.option("--context", metavar="NAME", help="As kubectl's --context; by default its current one.")
@click.option("--kubeconfig", metavar="FILE", help="As kubectl's --kubeconfig.")
@click.option("--image", metavar="NAME", help="An image with agnhost and a shell; by default the values' test.image.")
@click.option("--outside", multiple=True, metavar="ADDRESS:PORT", help="Ask for this TCP port outside the cluster too.")
@click.option("--include-published", is_flag=True, help="Probe also as pods that a Service would name, ready or not.")
@click.option("--allow-unasked", is_flag=True, help="Status 0 although rows or endpoints had to be left out.")
@click.option("--settle", default=30, show_default=True, metavar="SECONDS", help="How long enforcement may take.")
@click.option("--timeout", default=120, show_default=True, metavar="SECONDS", help="How long pods may take to start.")
@click.option("--yes", is_flag=True, help="Do not ask before the pods are created.")
@click.option("--clean-up", is_flag=True, help="Remove what runs have left, however young, and nothing else.")
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
def command(context: str | None, kubeconfig: str | None, clean_up: bool, **given: Any) -> ExitStatus:
    """Ask a running cluster whether it enforces the matrix.

    Give the values that the chart was installed with. Short-lived pods with the labels of the matrix's rows, and pods
    of nobody, connect to each other, to the name service and to the API server; what becomes of each connection is
    compared with the matrix. What is created is told first, and removed at the end.

    \b
    Examples:
      netmatrix probe --environment prod
      netmatrix probe -f values/values-prod.yaml -f values/clusters/gke.yaml --context staging --yes
      netmatrix probe --environment prod --outside 1.1.1.1:443 --outside 169.254.169.254:80
    """
    from netmatrix.cluster import find_kubectl

    kubectl = find_kubectl(context, kubeconfig)
    return _clean_up(kubectl) if clean_up else _probe(kubectl, given)


def _clean_up(kubectl: Kubectl) -> ExitStatus:
    from netmatrix.cluster import require
    from netmatrix.probe.surroundings import CLEANING, leftovers

    require(kubectl, CLEANING)
    found = leftovers(kubectl)
    _remove(kubectl, found)
    if not found:
        click.echo("there is nothing to clean up", err=True)
    return ExitStatus.HOLDS


def _remove(kubectl: Kubectl, found: tuple[Leftover, ...]) -> None:
    from netmatrix.probe.run import remove

    for item in found:
        remove(kubectl, item.run, (*item.pods_in, item.namespace))
        click.echo(f"removed {item.namespace}, which a run had left", err=True)


def _probe(kubectl: Kubectl, given: dict[str, Any]) -> ExitStatus:
    from netmatrix.cli.progress import step
    from netmatrix.cli.subject import NotJudgedError
    from netmatrix.probe.carry_out import carry_out
    from netmatrix.probe.plan import announcement
    from netmatrix.probe.report import About, document, text
    from netmatrix.probe.surroundings import policies

    format_, agreed, settling, start = (given.pop(name) for name in ("format_", "yes", "settle", "timeout"))
    allows_unasked = given.pop("allow_unasked")
    try:
        plan = _plan(kubectl, given)
    except NotJudgedError as error:
        return error.status
    click.echo(announcement(plan), err=True, nl=False)
    if not agreed and not _agrees():
        click.echo("netmatrix: nothing was created", err=True)
        return ExitStatus.COULD_NOT_RUN
    _remove(kubectl, plan.around.leftovers)
    found = carry_out(kubectl, plan, start=start, settling=settling, progress=step)
    about = About(
        plan.granted.environment,
        plan.around.context,
        plan.around.server,
        plan.image.name,
        policies(kubectl, plan.granted.governed),
        plan.left_out,
        plan.not_asked,
    )
    click.echo(json.dumps(document(found, about), indent=2) if format_ == "json" else text(found, about).rstrip())
    return status_of(found, is_whole=allows_unasked or not plan.left_out)


def status_of(found: Verdict, *, is_whole: bool) -> ExitStatus:
    """What deviates is a finding, whatever was left out; that the matrix holds can be said of the whole alone."""
    if found.is_connected and found.deviations:
        return ExitStatus.FINDINGS
    return ExitStatus.HOLDS if found.holds and is_whole else ExitStatus.COULD_NOT_RUN


def _plan(kubectl: Kubectl, given: dict[str, Any]) -> Plan:
    """What will be done. Raises NotJudgedError where the values do not hold, ClusterError where it may not be done."""
    from netmatrix.cli.subject import address_and_port, judged_values
    from netmatrix.cli.verifying import granted_by
    from netmatrix.cluster import require
    from netmatrix.probe.manifests import PREFIX, Image
    from netmatrix.probe.plan import plan
    from netmatrix.probe.questions import Outside
    from netmatrix.probe.run import new_run
    from netmatrix.probe.surroundings import look, permissions

    name, texts, published = (given.pop(key) for key in ("image", "outside", "include_published"))
    outside = [Outside(*address_and_port(text, "--outside")) for text in texts]
    project, options, judged = judged_values(given, tells_warnings=False)  # they are about rendering
    assert judged.validated is not None, "values that could not be read are not judged"
    test = judged.validated.values.data["test"]
    run, granted = new_run(), granted_by(project, options, judged)
    require(kubectl, permissions(granted.governed, f"{PREFIX}-{run}"))
    around = look(kubectl, granted)
    granted = granted_by(project, options, judged, around.discovered)
    image = Image(name or test["image"], test["pullPolicy"])
    return plan(granted, around, run, image, outside, include_published=published)


def _agrees() -> bool:
    """Whether the user says yes. Raises UsageError where there is nobody to ask."""
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on: --yes says that it may be done")
    try:
        return click.confirm("go on?", err=True)
    except click.Abort:  # Ctrl-C, or the end of the input
        return False
