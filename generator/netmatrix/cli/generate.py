"""`netmatrix generate`: the matrix into files, or the proof that the files are what it gives."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netmatrix.cli.exit_status import ExitStatus
from netmatrix.cli.options import format_option, matrix_option
from netmatrix.cli.project import Project, open_project, shown

if TYPE_CHECKING:
    from netmatrix.document import Finding
    from netmatrix.emit.apply import Change


@click.command("generate")
@click.option("--check", is_flag=True, help="Change nothing; print what differs and leave with status 1.")
@click.option("--output", metavar="DIR", help="The folder to write to; by default the matrix's own.")
@format_option
@matrix_option
def command(check: bool, output: str | None, format_: str, matrix: str | None) -> ExitStatus:
    """Write the chart, values, schema, tables and pictures from the matrix, or check them.

    All files are written or none. Files of rows that are gone are removed; a file that the generator did not write is
    never touched.

    \b
    Examples:
      netmatrix generate
      netmatrix generate --check
    """
    project = open_project(matrix)
    given = [*(["--matrix", matrix] if matrix else []), *(["--output", output] if output else [])]
    mend = shlex.join([*_MEND.split(), *given])
    return run(project, Path(output) if output else project.root, check=check, format_=format_, mend=mend)


_MEND = "netmatrix generate"


def run(project: Project, output: Path, *, check: bool, format_: str, mend: str = _MEND) -> ExitStatus:
    """The command's work, for `build` too. `mend` is the command that writes what `check` misses."""
    from netmatrix.cli.pictures import whole_plan
    from netmatrix.emit.apply import apply, changes

    planned, notes = whole_plan(project)
    changed = changes(planned, output)
    if check and changed:
        return _report_stale(project, output, changed, format_, mend)
    if not check:
        apply(changed, output)
        for change in changed:
            verb = "removed" if change.after is None else "wrote"
            click.echo(f"{verb} {shown(output / change.path)}", err=format_ != "text")
    count = f", {len(changed)} of them changed" if not check else ""
    click.echo(f"{len(planned.files)} generated files are what {project.matrix.file} gives{count}", err=True)
    _report(notes, format_)
    return ExitStatus.HOLDS


def _report_stale(project: Project, output: Path, stale: list[Change], format_: str, mend: str) -> ExitStatus:
    from netmatrix.document import Finding, Place
    from netmatrix.emit.rules import STALE

    make = " (or `make generate`)" if mend == _MEND else ""
    hint = f"run `{mend}`{make} and commit what it writes"
    findings = [
        Finding(STALE, f"{_what(change)} {project.matrix.file}", Place(shown(output / change.path)), hint=hint)
        for change in stale
    ]
    diff = "".join(change.diff() for change in stale)
    if format_ == "github":
        # The runner obeys commands in whatever is printed; between these two lines it does not.
        token = hashlib.sha256(diff.encode(errors="backslashreplace")).hexdigest()
        diff = f"::stop-commands::{token}\n{diff}::{token}::\n"
    if format_ in ("text", "github"):
        click.echo(diff, nl=False)
    _report(findings, format_)
    return ExitStatus.FINDINGS


def _report(findings: Sequence[Finding], format_: str) -> None:
    from netmatrix.report import Format, render

    click.echo(render(findings, Format(format_)), nl=False)


def _what(change: Change) -> str:
    if change.before is None:
        return "is missing, and belongs to what is generated from"
    return "belongs to a row that is gone from" if change.after is None else "is not what is generated from"
