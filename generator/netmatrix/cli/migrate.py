"""`netmatrix migrate`: values files of an earlier version, rewritten for this one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netmatrix.cli import completing
from netmatrix.cli.exit_status import ExitStatus
from netmatrix.cli.options import format_option, matrix_option
from netmatrix.cli.project import Project, open_to_judge

if TYPE_CHECKING:
    from netmatrix.document import Finding
    from netmatrix.document.reader import Document
    from netmatrix.values.migrate import Migrated


@dataclass(frozen=True, slots=True)
class _File:
    """One file: its text as it is, and migrated."""

    name: str
    text: str
    document: Document
    migrated: Migrated

    def diff(self) -> str:
        before, after = (text.splitlines(keepends=True) for text in (self.text, self.migrated.text))
        return "".join(difflib.unified_diff(before, after, self.name, f"{self.name} (migrated)"))


@click.command("migrate")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", shell_complete=completing.files)
@click.option("--write", is_flag=True, help="Rewrite the files; without it, print what would change.")
@format_option
@matrix_option
def command(files: tuple[str, ...], write: bool, format_: str, matrix: str | None) -> ExitStatus:
    """Rewrite values files of an earlier version: removed keys become their successors.

    Comments, order and quotes stay. What cannot be moved safely is left as it is, and told. Nothing is written where
    one of the files cannot be read. Status 1: something is to be migrated, or is left to do by hand.

    \b
    Examples:
      netmatrix migrate values/clusters/*.yaml
      netmatrix migrate --write values/clusters/*.yaml
    """
    project = open_to_judge(matrix)
    read = [_read(name, project) for name in dict.fromkeys(files)]
    changed = [file for file in read if file.migrated.text != file.text]
    if write:
        _write(changed)
        return _tell(format_, [finding for file in read for finding in file.migrated.by_hand], "")
    findings = [
        finding
        for file in read
        for finding in (*(move.finding(file.document) for move in file.migrated.moved), *file.migrated.by_hand)
    ]
    status = _tell(format_, findings, "".join(file.diff() for file in changed))
    if changed:
        click.echo(f"{_files(changed)} would change; --write rewrites what can be moved", err=True)
    return status


def _read(name: str, project: Project) -> _File:
    """A file and what becomes of it. Raises DocumentError where it cannot be read."""
    from netmatrix.document.reader import STANDARD_INPUT, read_mapping
    from netmatrix.values.migrate import migrate

    if name == STANDARD_INPUT:
        raise click.UsageError("a file that is to be rewritten has a name; standard input has none")
    document = read_mapping(name)
    text = Path(name).read_bytes().decode("utf-8")
    return _File(name, text, document, migrate(text, document, project.matrix.removed))


def _write(changed: Sequence[_File]) -> None:
    from netmatrix.document import key_path_text
    from netmatrix.document.write import write_whole

    for file in changed:
        target = Path(file.name).resolve()  # where the name is a link, the file that it leads to
        write_whole(target, file.migrated.text.encode(), target.stat().st_mode & 0o7777)
        for move in file.migrated.moved:
            click.echo(f"{file.name}: {key_path_text(move.old)} -> {key_path_text(move.new)}", err=True)
    if not changed:
        click.echo("nothing to rewrite", err=True)


def _tell(format_: str, findings: Sequence[Finding], diff: str) -> ExitStatus:
    from netmatrix.document import Finding
    from netmatrix.report import Format, render
    from netmatrix.values.rules import REMOVED_KEY

    if format_ == Format.TEXT:
        click.echo(diff, nl=False)
    ordered = sorted(findings, key=Finding.order)
    click.echo(render(ordered, Format(format_), rules={REMOVED_KEY.id: REMOVED_KEY}), nl=False)
    return ExitStatus.FINDINGS if findings else ExitStatus.HOLDS


def _files(files: Sequence[_File]) -> str:
    return f"{len(files)} file{'s' if len(files) != 1 else ''}"
