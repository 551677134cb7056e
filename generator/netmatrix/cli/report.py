"""`netmatrix report`: one HTML page about a set of values, or about manifests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netmatrix.cli.exit_status import ExitStatus
from netmatrix.cli.subject import NotJudgedError, Subject, subject_of, subject_options, verdict_on

if TYPE_CHECKING:
    from netmatrix.page import Comparison, Evidence

_MOST_PARTIES = 40


@click.command("report")
@subject_options
@click.option(
    "--against",
    multiple=True,
    metavar="FILE",
    help="Tell what changes from the values in this file; repeat it, later ones win. With --environment, upon its own.",
)
@click.option("--output", metavar="FILE", help="Write the page there; by default to standard output.")
def command(against: tuple[str, ...], output: str | None, **given: Any) -> ExitStatus:
    """Write one HTML page: the verdict, who reaches whom and why, exceptions, what is not claimed.

    For people who decide: everything in one file that fetches nothing, to be read on a screen, a phone or paper. It is
    the same for the same input; with --today it says how long exceptions have left. Status 1 where the proof fails or
    an exception has expired: the page is written all the same, and says so.

    \b
    Examples:
      netmatrix report -f values/values-prod.yaml --output prod.html
      netmatrix report --environment dev -f values/clusters/kind.yaml --against values/values-dev.yaml --output dev.html
    """
    from netmatrix.document.write import write_whole
    from netmatrix.page import contents, page
    from netmatrix.values.rules import EXCEPTION_EXPIRED

    if "-" in against:
        raise click.UsageError("standard input can be one of -f and --manifests, and not what these are compared with")
    environment, told_today = given["environment"], given["today"] is not None
    try:
        subject = subject_of(given, despite=(EXCEPTION_EXPIRED,))
        comparison = _comparison(subject, against, environment) if against else None
    except NotJudgedError as error:
        return error.status
    found = contents(_evidence(subject, comparison, told_today=told_today))
    text = page(found, _drawn(subject))
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(Path(output), text.encode())
    click.echo(f"{found.environment}: {found.outcome}: {found.headline}", err=True)
    return ExitStatus.HOLDS if found.outcome == "holds" and not found.expired else ExitStatus.FINDINGS


def _comparison(subject: Subject, against: tuple[str, ...], environment: str | None) -> Comparison:
    """From the values in the files `against` to the subject. Raises NotJudgedError, and what rendering raises."""
    from netmatrix.cli.comparing import Asked, rendered_side
    from netmatrix.cli.progress import waiting
    from netmatrix.page import Comparison
    from netmatrix.policy.collection import without_collection
    from netmatrix.proof.changes import changes
    from netmatrix.proof.difference import Side, difference

    options = replace(subject.options, files=against, sets=())
    with waiting("rendering what it is compared with"):
        before = rendered_side(Asked(options, environment, None, old=True))
    after = Side(subject.manifests, subject.contents[0][0], subject.granted, in_files=subject.in_files)
    with waiting("comparing"), without_collection():
        found = difference(before, after)
        return Comparison(against, found, changes(found))


def _drawn(subject: Subject) -> str:
    """The graph as SVG; none of many parties that no engine has laid out, in which nothing could be told apart."""
    from netmatrix.cli.pictures import committed_layout, graph_of
    from netmatrix.graph.place import placed
    from netmatrix.graph.svg import svg

    graph = graph_of(subject.project, subject.options, subject.judged)
    found = placed(graph, committed_layout(subject.project))
    return "" if found.missing and len(graph.nodes) > _MOST_PARTIES else svg(graph, found.layout)


def _evidence(subject: Subject, comparison: Comparison | None, *, told_today: bool) -> Evidence:
    from netmatrix.cli.verifying import context_of, digests
    from netmatrix.page import Evidence

    manifests = [content for _, content in subject.contents]
    return Evidence(
        verdict=verdict_on(subject),
        manifests=subject.manifests,
        values=context_of(subject.project, subject.options, subject.judged),
        digests=digests(subject.project, subject.options, subject.judged, manifests),
        what=subject.what,
        in_files=subject.in_files,
        told_today=told_today,
        comparison=comparison,
    )
