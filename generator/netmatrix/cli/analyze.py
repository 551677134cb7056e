"""`netmatrix analyze`: who reaches whom in any manifests."""

from __future__ import annotations

import click

from netmatrix.cli import completing
from netmatrix.cli.exit_status import ExitStatus

_FORMATS = ("txt", "json", "md", "dot")


def _remember_format(context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """For `main`, which prints the findings that end a command."""
    context.meta["netmatrix.format"] = "json" if value == "json" else "text"
    return value


@click.command("analyze")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, shell_complete=completing.files)
@click.option(
    "--ipblock-matches-pods",
    "matches_pods",
    type=click.Choice(["yes", "no"]),
    default="no",
    show_default=True,
    help="Whether an ipBlock matches the addresses of pods: with Calico, k3s and OVN it does, with Cilium it does not.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(_FORMATS),
    default="txt",
    show_default=True,
    callback=_remember_format,
    help="How to print connections.",
)
def command(paths: tuple[str, ...], matches_pods: str, format_: str) -> ExitStatus:
    """Print who reaches whom in any manifests, NetworkPolicies and workloads, YAML or JSON.

    PATH is a file, a folder (all its .yaml, .yml and .json files) or -, standard input. Each line is a connection that
    is allowed: SOURCE => DESTINATION : PORTS. What is not printed is denied. A policy that the API server would refuse
    ends the command: nothing is left out in silence.

    \b
    Examples:
      netmatrix analyze manifests/
      kubectl get networkpolicies,pods,namespaces -A -o json | netmatrix analyze - --format md
    """
    from netmatrix.cli.progress import waiting
    from netmatrix.policy import Model, Reach, read_manifests
    from netmatrix.policy.collection import without_collection
    from netmatrix.policy.formats import ListingFormat, listing
    from netmatrix.policy.notes import assumptions
    from netmatrix.report import Format, render

    model = Model(ipblock_matches_pods=matches_pods == "yes")
    with waiting("reading and comparing"), without_collection():
        manifests = read_manifests(paths)
        notes = assumptions(manifests, model)
        text = listing(Reach(manifests, model), ListingFormat(format_), notes)
    click.echo(render(notes, Format.TEXT), err=True, nl=False)
    click.echo(text, nl=False)
    return ExitStatus.HOLDS
