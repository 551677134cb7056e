"""`netmatrix build`: the main job, for every environment of the matrix."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netmatrix.cli.exit_status import ExitStatus, status_of_findings
from netmatrix.cli.options import ValuesOptions, matrix_option
from netmatrix.cli.progress import step
from netmatrix.cli.project import Project, open_project, shown
from netmatrix.document.write import write_whole

if TYPE_CHECKING:
    from netmatrix.cli.validating import Judged
    from netmatrix.proof.verify import Verdict


@click.command("build")
@matrix_option
@click.option("--output", metavar="DIR", help="Where rendered manifests go; by default build/ beside the matrix.")
def command(matrix: str | None, output: str | None) -> ExitStatus:
    """Do the main job: check generated files, validate, render, verify and summarise every environment.

    Each environment is verified by itself, with the operational flows, and with each file of values/clusters.

    \b
    Example: netmatrix build
    """
    project = open_project(matrix)
    folder = Path(output) if output else project.root / "build"
    try:
        with step("generated files"):
            _require(_check(project))
        rendered: dict[Path, bytes] = {}
        proved: list[str] = []
        for environment in project.matrix.environments:
            found, lines = _environment(project, environment, folder)
            rendered.update(found)
            proved += lines
    except _StopError as stop:
        return stop.status
    for target, manifests in rendered.items():
        write_whole(target, manifests)
    _print_tables(project)
    for target, manifests in rendered.items():
        click.echo(f"{target.stem}: {_counted(manifests)} in {shown(target)}")
    for line in proved:
        click.echo(line)
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


def _check(project: Project) -> ExitStatus:
    from netmatrix.cli.generate import run

    return run(project, project.root, check=True, format_="text")


def _environment(project: Project, environment: str, folder: Path) -> tuple[dict[Path, bytes], list[str]]:
    """What an environment's own values render to, and what was proved of them and of each file beside them."""
    from netmatrix.proof.verdict_text import headline

    own = project.values_file(f"values-{environment}.yaml")
    target = folder / f"{environment}.yaml"
    with step(f"{environment}: validate"):
        judged = _validate(project, _options(project, own), with_notes=True)
    with step(f"{environment}: render with helm, verify"):
        manifests, verdict = _prove(project, _options(project, own), judged, target)
    lines = [headline(verdict, "the rendered policies")]
    further = _further_values(project, environment)
    if further:
        with step(f"{environment}: render and verify with each of {len(further)} further files"):
            for file in further:
                options = _options(project, own, file)
                beside = folder / f"{environment}-{Path(file).stem}.yaml"
                _prove(project, options, _validate(project, options), beside)
        lines.append(f"{environment}: holds with each of {', '.join(Path(file).stem for file in further)}")
    return {target: manifests}, lines


def _options(project: Project, *files: str) -> ValuesOptions:
    return ValuesOptions(project.matrix.file, files, (), date.today())


def _further_values(project: Project, environment: str) -> list[str]:
    """The overlay of operational flows and the clusters' files, but those that choose another environment."""
    from netmatrix.cli.validating import stated_environment

    folder = project.root / "values"
    files = (folder / "operational.yaml", *sorted((folder / "clusters").glob("*.yaml")))
    return [shown(file) for file in files if file.is_file() and stated_environment([str(file)]) in (None, environment)]


def _validate(project: Project, options: ValuesOptions, *, with_notes: bool = False) -> Judged:
    """Values that hold; what is found is told where they do not, or where `with_notes` asks for it."""
    from netmatrix.cli.validating import judge
    from netmatrix.report import Format, render

    judged = judge(project, options)
    status = status_of_findings(judged.findings)
    if status is not ExitStatus.HOLDS or with_notes:
        click.echo(render(judged.findings, Format.TEXT), nl=False, err=True)
    _require(status)
    return judged


def _prove(project: Project, options: ValuesOptions, judged: Judged, target: Path) -> tuple[bytes, Verdict]:
    """What helm renders, with the proof that it grants the matrix; `target` shows what was judged where it does not."""
    from netmatrix.cli.rendering import rendered
    from netmatrix.cli.verifying import verify_rendered
    from netmatrix.proof.findings import findings
    from netmatrix.proof.verdict_text import headline
    from netmatrix.report import Format, render

    manifests = rendered(project, options, judged)
    verdict = verify_rendered(project, options, judged, manifests, shown(target))
    if not verdict.holds:
        write_whole(target, manifests)
        click.echo(render(findings(verdict, in_manifests=True), Format.TEXT), nl=False, err=True)
        click.echo(headline(verdict, f"the policies rendered with {' '.join(options.files)}"), err=True)
        raise _StopError(ExitStatus.FINDINGS)
    return manifests, verdict


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
    executable = project.helm().executable
    on_path = executable == Path(shutil.which("helm") or "").absolute()
    helm = "helm" if on_path else shown(executable)
    release = [helm, "install", project.release_name, shown(project.chart)]
    return [*release, "-f", values, "--namespace", project.release_namespace, "--create-namespace"]
