"""`netmatrix diff`: which connections a change opens and closes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netmatrix.cli import completing
from netmatrix.cli.exit_status import ExitStatus, status_of_findings
from netmatrix.cli.options import (
    ValuesOptions,
    environment_option,
    format_option_with,
    values_of,
    values_options,
)
from netmatrix.cli.subject import NotJudgedError

if TYPE_CHECKING:
    from netmatrix.cli.revision import Revision
    from netmatrix.proof.acknowledge import Acknowledged, Acknowledgement
    from netmatrix.proof.changes import Changes
    from netmatrix.proof.difference import Difference, Side


_file = partial(click.option, metavar="FILE", shell_complete=completing.files)
_set = partial(click.option, metavar="KEY=VALUE", multiple=True, shell_complete=completing.settings)


@click.command("diff")
@click.argument("manifests", metavar="[OLD NEW]", nargs=-1, shell_complete=completing.files)
@values_options
@environment_option
@_file("--old", "old_files", multiple=True, help="A values file of the old side alone.")
@_file("--new", "new_files", multiple=True, help="A values file of the new side alone.")
@_set("--old-set", help="As helm's --set, on the old side alone.")
@_set("--new-set", help="As helm's --set, on the new side alone.")
@click.option(
    "--git",
    "revisions",
    metavar="REV[..REV]",
    help="Take values from a git revision on the old side, and from another one on the new side; chart and matrix as "
    "well where they are in the same repository.",
)
@_file("--acknowledge", help="The connections that somebody has agreed to, as YAML.")
@format_option_with("md", "summary")
def command(
    manifests: tuple[str, ...],
    environment: str | None,
    old_files: tuple[str, ...],
    new_files: tuple[str, ...],
    old_set: tuple[str, ...],
    new_set: tuple[str, ...],
    revisions: str | None,
    acknowledge: str | None,
    format_: str,
    **given: Any,
) -> ExitStatus:
    """Say which connections a change opens and closes, between values, manifests or git revisions.

    OLD and NEW are manifests: a file, a folder or -. Without them, both sides are values that helm renders: -f and
    --set hold for both, --old and --new come on top of them on one side. For every pod that could exist, address, port
    and IP family, whether network plugins take ipBlocks to match pods or not. With --environment or -f, pods of
    manifests have their names from the matrix.

    A connection that is gained fails (status 1) unless the acknowledged file names it, as it is printed here:

    \b
      acknowledged:
        - connection: "a -> b: TCP 80"
          reason: "..."
          who: "..."
          until: "2027-01-31"

    An acknowledgement that has expired, or that names nothing which is gained, fails as well. What is lost is told.
    --format md is a table with every reason, summary a short comment for a pull request.

    \b
    Examples:
      netmatrix diff --environment prod --new values/clusters/minikube.yaml
      netmatrix diff --environment prod --git main --acknowledge acknowledged.yaml
      netmatrix diff --environment prod --git v1.0.0..main --format summary
      netmatrix diff before/ after/
    """
    from netmatrix.proof.acknowledge import acknowledge as agree
    from netmatrix.proof.changes import changes

    asked = _Asked(manifests, values_of(given), environment, old_files, new_files, old_set, new_set, revisions)
    asked.refuse_nonsense()
    entries = _entries(acknowledge)
    try:
        found = asked.difference()
    except NotJudgedError as error:
        return error.status
    told = changes(found)
    agreed = agree([item.text for item in told.gained], entries, asked.options.today)
    return _tell(found, told, agreed, format_)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line asks to be compared."""

    manifests: tuple[str, ...]
    options: ValuesOptions
    environment: str | None
    old_files: tuple[str, ...]
    new_files: tuple[str, ...]
    old_set: tuple[str, ...]
    new_set: tuple[str, ...]
    revisions: str | None

    def refuse_nonsense(self) -> None:
        """Raises UsageError where the arguments do not name two sides."""
        apart = any((self.old_files, self.new_files, self.old_set, self.new_set, self.revisions is not None))
        if len(self.manifests) not in (0, 2):
            raise click.UsageError("name two sides, OLD and NEW, or none, and values with -f, --old and --new")
        if self.manifests and apart:
            raise click.UsageError(
                "OLD and NEW are manifests; --old, --new, --old-set, --new-set and --git are about values"
            )
        if not self.manifests and not apart:
            raise click.UsageError(
                "both sides are the same: tell them apart with --new FILE, --new-set, --old, --old-set or --git"
            )
        if self.manifests == ("-", "-") or "-" in (*self.options.files, *self.old_files, *self.new_files):
            raise click.UsageError("standard input can be one of OLD and NEW, and nothing else")

    def difference(self) -> Difference:
        """The two sides, compared. Raises NotJudgedError, and what reading and rendering raise."""
        from netmatrix.cli.progress import waiting
        from netmatrix.policy.collection import without_collection
        from netmatrix.proof.difference import difference

        sides = self._of_manifests() if self.manifests else self._of_values()
        with waiting("comparing"), without_collection():
            return difference(*sides)

    def _of_manifests(self) -> tuple[Side, Side]:
        from netmatrix.cli.comparing import granted_for_names, manifests_side
        from netmatrix.cli.progress import waiting

        named = self.environment is not None or bool(self.options.files)
        granted = granted_for_names(self.options, self.environment) if named else None
        with waiting("reading manifests"):
            old, new = (manifests_side(path, granted) for path in self.manifests)
        return old, new

    def _of_values(self) -> tuple[Side, Side]:
        from netmatrix.cli.comparing import Asked, rendered_side
        from netmatrix.cli.progress import waiting

        with ExitStack() as stack:
            then, now = self._revisions(stack)
            sides = []
            for is_old, files, sets, revision in (
                (True, self.old_files, self.old_set, then),
                (False, self.new_files, self.new_set, now),
            ):
                with waiting(f"rendering the {'old' if is_old else 'new'} side with helm"):
                    sides.append(rendered_side(Asked(self._with(files, sets), self.environment, revision, is_old)))
            return sides[0], sides[1]

    def _with(self, files: Sequence[str], sets: Sequence[str]) -> ValuesOptions:
        """The values of one side: its own on top of what holds for both."""
        from netmatrix.helm.arguments import SetArgument

        own = (SetArgument("--set", text) for text in sets)
        return replace(self.options, files=(*self.options.files, *files), sets=(*self.options.sets, *own))

    def _revisions(self, stack: ExitStack) -> tuple[Revision | None, Revision | None]:
        """The files of the revisions that `--git` names, until `stack` is left; None is the working tree."""
        from netmatrix.cli.project import find_to_judge_by
        from netmatrix.cli.revision import checked_out, repository

        if self.revisions is None:
            return None, None
        old, dots, new = self.revisions.partition("..")
        top = repository(Path.cwd(), find_to_judge_by(self.options.matrix).resolve().parent)
        then = stack.enter_context(checked_out(old, top))
        return then, stack.enter_context(checked_out(new, top)) if dots else None


def _entries(file: str | None) -> tuple[Acknowledgement, ...]:
    from netmatrix.document.reader import read_mapping
    from netmatrix.proof.acknowledge import acknowledgements

    return acknowledgements(read_mapping(file)) if file is not None else ()


def _tell(found: Difference, told: Changes, agreed: Acknowledged, format_: str) -> ExitStatus:
    """Print what differs: as findings where a program wants findings, else in words, with findings of the rest."""
    from netmatrix.proof.change_findings import faults, findings
    from netmatrix.proof.change_json import document
    from netmatrix.proof.change_text import headline
    from netmatrix.proof.rules import RULES
    from netmatrix.report import Format, render
    from netmatrix.report.wording import printable

    everything = findings(found, told, agreed)
    if format_ in ("github", "sarif", "junit"):
        click.echo(render(everything, Format(format_), rules={rule.id: rule for rule in RULES}), nl=False)
        click.echo(headline(found, told, agreed), err=True)
        return status_of_findings(everything)
    if format_ == "json":
        click.echo(json.dumps(document(found, told, agreed), indent=2))
    else:
        click.echo("\n".join(map(printable, _words(found, told, agreed, format_).splitlines())))
    click.echo(render(faults(found, agreed), Format.TEXT), nl=False, err=True)
    return status_of_findings(everything)


def _words(found: Difference, told: Changes, agreed: Acknowledged, format_: str) -> str:
    from netmatrix.proof.change_findings import faults
    from netmatrix.proof.change_summary import summary
    from netmatrix.proof.change_text import markdown, text

    match format_:
        case "md":
            return markdown(found, told, agreed)
        case "summary":
            return summary(found, told, agreed, faults(found, agreed))
        case _:
            return text(found, told, agreed)
