"""`netmatrix discover`: an override for a cluster, from what the cluster says about itself."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netmatrix.cli import completing
from netmatrix.cli.exit_status import ExitStatus
from netmatrix.cli.options import matrix_option

if TYPE_CHECKING:
    from netmatrix.cli.project import Project
    from netmatrix.cluster import Snapshot
    from netmatrix.discover.facts import Discovery


@click.command("discover")
@matrix_option
@click.option("--context", metavar="NAME", help="As kubectl's --context; by default its current one.")
@click.option("--kubeconfig", metavar="FILE", help="As kubectl's --kubeconfig.")
@click.option(
    "--dump",
    "dumps",
    multiple=True,
    metavar="PATH",
    shell_complete=completing.files,
    help="Read what kubectl printed, not a cluster: a file, a folder or -; repeat it.",
)
@click.option("--output", metavar="FILE", help="Where the override goes; by default standard output.")
@click.option("--force", is_flag=True, help="Write over FILE even where somebody changed it.")
@click.option("--format", "format_", type=click.Choice(("yaml", "json")), default="yaml", show_default=True)
@click.option("--dry-run", is_flag=True, help="Print the kubectl commands that would read the cluster; read nothing.")
def command(
    matrix: str | None,
    context: str | None,
    kubeconfig: str | None,
    dumps: tuple[str, ...],
    output: str | None,
    force: bool,
    format_: str,
    dry_run: bool,
) -> ExitStatus:
    """Write an override for a cluster, from what the cluster says about itself.

    It gets and lists, and changes nothing. Each value that is written has a comment that names the object it comes
    from; what the cluster does not tell stays a question, marked QUESTION, with what to run. Exit status: 0 nothing is
    open, 1 there are questions, 2 the cluster or the dump could not be read.

    \b
    Examples:
      netmatrix discover --output values/clusters/mine.yaml
      netmatrix discover --context staging --format json
      netmatrix discover --dry-run
      netmatrix discover --dump cluster-dump/ --output values/clusters/mine.yaml
    """
    from netmatrix.cli.project import open_to_judge
    from netmatrix.cluster import calls
    from netmatrix.discover.wanted import wanted

    if dumps and (context or kubeconfig or dry_run):
        raise click.UsageError("--dump reads no cluster: leave out --context, --kubeconfig and --dry-run")
    project = open_to_judge(matrix)
    if dry_run:
        given = {"--context": context, "--kubeconfig": kubeconfig}
        options = [f"{flag}={value}" for flag, value in given.items() if value is not None]
        asked = list(wanted(project.matrix))
        click.echo("\n".join(calls(asked, options)))
        click.echo("# Where all namespaces may not be listed, these instead; and to tell whose answers they are:")
        click.echo(
            "\n".join(f"# {call}" for call in calls((one for item in asked for one in item.one_by_one()), options))
        )
        click.echo(f"# {shlex.join(['kubectl', *options, 'config', 'view', '--minify', '--output=json'])}")
        return ExitStatus.HOLDS
    if output and not force:
        _refuse_to_overwrite(Path(output))
    found = _learn(project, dumps, context, kubeconfig)
    text = _text(found, project, output, format_)
    if output:
        from netmatrix.document.write import write_whole

        write_whole(Path(output), text.encode())
        click.echo(f"wrote {output}", err=True)
    else:
        click.echo(text, nl=False)
    if found.questions:
        ids = ", ".join(question.id for question in found.questions)
        click.echo(f"netmatrix: questions that the cluster did not answer: {ids}", err=True)
    return ExitStatus.FINDINGS if found.questions else ExitStatus.HOLDS


def _learn(project: Project, dumps: tuple[str, ...], context: str | None, kubeconfig: str | None) -> Discovery:
    from netmatrix.discover.learn import learn

    snapshot, source = _read(project, dumps, context, kubeconfig)
    return learn(snapshot, project.matrix, source)


def _read(
    project: Project, dumps: tuple[str, ...], context: str | None, kubeconfig: str | None
) -> tuple[Snapshot, str]:
    """What was read, and what to call it."""
    from netmatrix.cli.progress import step
    from netmatrix.cluster import find_kubectl, read_cluster, read_dump
    from netmatrix.discover.wanted import wanted
    from netmatrix.probe.surroundings import context_of

    if dumps:
        return read_dump(dumps, wanted(project.matrix)), f"the dump {', '.join(dumps)}"
    kubectl = find_kubectl(context, kubeconfig)
    snapshot = read_cluster(kubectl, wanted(project.matrix), step)
    name, server = context_of(kubectl)
    # A pod has no context: kubectl speaks to the cluster that it runs in.
    return snapshot, f"the cluster of context {name} ({server})" if name != "(none)" else "the cluster of this pod"


def _text(found: Discovery, project: Project, output: str | None, format_: str) -> str:
    from netmatrix.discover.write import document, override

    if format_ == "json":
        return json.dumps(document(found), indent=2) + "\n"
    # What goes to standard output is read as if it stood where the repository keeps such files.
    folder = Path(output).parent if output else project.root / "values" / "clusters"
    schema = os.path.relpath(project.root / "schema" / "override.schema.json", folder)
    return override(found, Path(schema).as_posix())


def _refuse_to_overwrite(file: Path) -> None:
    """Raise OverwriteError where there is a file that `discover` did not write, or that was changed since."""
    from netmatrix.discover.rules import NOT_OURS, OverwriteError
    from netmatrix.discover.write import is_untouched
    from netmatrix.document import Finding, Place

    if not file.exists():
        return
    if not is_untouched(file.read_text(encoding="utf-8", errors="replace")):
        message = "it was not written by `netmatrix discover`, or was changed since, and would be overwritten"
        hint = "name another file and compare the two, or give --force"
        raise OverwriteError([Finding(NOT_OURS, message, Place(str(file)), hint=hint)])
