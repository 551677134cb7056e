"""`netmatrix build`: the main job, for every environment of the matrix."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netmatrix.cli.exit_status import ExitStatus, status_of_findings
from netmatrix.cli.options import ValuesOptions, matrix_option
from netmatrix.cli.project import Project, open_project, shown

if TYPE_CHECKING:
    from netmatrix.cli.validating import Judged


@click.command("build")
@matrix_option
@click.option("--output", metavar="DIR", help="Where rendered manifests go; by default build/ beside the matrix.")
def command(matrix: str | None, output: str | None) -> ExitStatus:
    """Do the main job: check generated files, validate, render and summarise every environment.

    \b
    Example: netmatrix build
    """
    project = open_project(matrix)
    folder = Path(output) if output else project.root / "build"
    try:
        with _step("generated files"):
            _require(_check(project))
        rendered: dict[Path, bytes] = {}
        for environment in project.matrix.environments:
            options = ValuesOptions(matrix, (project.values_file(f"values-{environment}.yaml"),), (), date.today())
            with _step(f"{environment}: validate"):
                judged = _validate(project, options)
            with _step(f"{environment}: render with helm"):
                rendered[folder / f"{environment}.yaml"] = _render(project, options, judged)
    except _StopError as stop:
        return stop.status
    for target, manifests in rendered.items():
        _write(target, manifests)
    _print_tables(project)
    for target, manifests in rendered.items():
        click.echo(f"{target.stem}: {_counted(manifests)} in {shown(target)}")
    click.echo(f"install: {shlex.join(_install_command(project))}")
    return ExitStatus.HOLDS


class _StopError(Exception):
    """A step did not hold; its findings are told."""

    def __init__(self, status: ExitStatus) -> None:
        super().__init__(status)
        self.status = status


def _require(status: ExitStatus) -> None:
    if status is not ExitStatus.HOLDS:
        raise _StopError(status)


@contextmanager
def _step(title: str) -> Iterator[None]:
    """One line of progress on standard error: redrawn on a terminal, plain elsewhere."""
    if not sys.stderr.isatty():
        click.echo(f"{title} ...", err=True)
        yield
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status(title):
        yield
    console.print(f"[green]done[/green] {title}")


def _check(project: Project) -> ExitStatus:
    from netmatrix.cli.generate import run

    return run(project, project.root, check=True, format_="text")


def _validate(project: Project, options: ValuesOptions) -> Judged:
    from netmatrix.cli.validating import judge
    from netmatrix.report import Format, render

    judged = judge(project, options)
    if judged.findings:
        click.echo(render(judged.findings, Format.TEXT), nl=False, err=True)
    _require(status_of_findings(judged.findings))
    return judged


def _render(project: Project, options: ValuesOptions, judged: Judged) -> bytes:
    from netmatrix.cli.rendering import rendered

    return rendered(project, options, judged)


def _write(target: Path, content: bytes) -> None:
    """All of it or nothing: a reader never sees half a manifest."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".netmatrix-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        os.replace(name, target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from error
    finally:
        Path(name).unlink(missing_ok=True)


def _counted(manifests: bytes) -> str:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    kinds = Counter(document["kind"] for document in yaml.load_all(manifests, Loader=loader) if document)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def _print_tables(project: Project) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from netmatrix.matrix.tables import HEADINGS, table

    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    with console.capture() as captured:
        for environment in project.matrix.environments:
            shown_table = Table(*HEADINGS, title=Text(f"{project.matrix.title}: {environment}"), title_justify="left")
            for row in table(project.matrix, environment):
                shown_table.add_row(*map(Text, row.cells()))
            console.print(shown_table)
    click.echo(captured.get(), nl=False)


def _install_command(project: Project) -> list[str]:
    values = project.values_file(f"values-{project.matrix.environments[0]}.yaml")
    namespace = next(iter(project.matrix.namespaces.values())).name
    release = ["helm", "install", project.matrix.application, shown(project.chart)]
    return [*release, "-f", values, "--namespace", namespace, "--create-namespace"]
