"""Where things are: the matrix that a command works on, and what lies beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netmatrix.document import Finding, Place
from netmatrix.document.rules import READABLE
from netmatrix.matrix.load import load_matrix
from netmatrix.matrix.model import Matrix
from netmatrix.matrix.rules import MatrixError

if TYPE_CHECKING:
    from netmatrix.cli.options import ValuesOptions
    from netmatrix.helm import Helm

MATRIX = "matrix.yaml"


class UnusableMatrixError(MatrixError):
    """The matrix does not hold, and it was not what the user asked about: the command could not run."""


@dataclass(frozen=True, slots=True)
class Project:
    """The folder of a matrix. `home` is where its tools are, if that is another folder."""

    matrix: Matrix
    root: Path
    home: Path | None = None

    @property
    def chart(self) -> Path:
        return self.root / "chart"

    @property
    def tools(self) -> Path:
        """Where `make setup` keeps a helm of the project's own."""
        return (self.home or self.root) / ".tools"

    @property
    def release_name(self) -> str:
        """The name that a release has unless its user says another."""
        return self.matrix.application

    @property
    def release_namespace(self) -> str:
        """The namespace that a release is installed into unless its user says another."""
        return next(iter(self.matrix.namespaces.values())).name

    def helm(self) -> Helm:
        """The helm to use, asked for its version once. Raises HelmError where none will do."""
        return _helm(self.tools)

    def values_file(self, name: str) -> str:
        """A generated values file as a user in the current folder would name it."""
        return shown(self.root / "values" / name)


def open_project(matrix: str | None) -> Project:
    """The project of the given matrix file, else of the nearest matrix.yaml at or above the current folder.

    Raises MatrixError where there is none, or where it does not hold.
    """
    return _project_of(find_matrix(matrix), matrix)


def find_matrix(matrix: str | None) -> Path:
    """The given matrix file, else the nearest matrix.yaml at or above the current folder; raises MatrixError."""
    if matrix == "-":
        hint = "name the file: the chart and its values lie beside it"
        raise MatrixError([Finding(READABLE, "the matrix cannot come from standard input", Place("-"), hint=hint)])
    if matrix is not None:
        return Path(matrix)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / MATRIX).is_file():
            return folder / MATRIX
    message = f"there is no {MATRIX} here or in a folder above"
    hint = "change into the project's folder, or name the file with --matrix"
    raise MatrixError([Finding(READABLE, message, Place(MATRIX), hint=hint)])


def find_to_judge_by(matrix: str | None) -> Path:
    """The matrix as `find_matrix` finds it, else the one that came with an installed netmatrix, which is told.

    A repository that holds values and no matrix, as an operator's does, is judged by the matrix and the chart of the
    version that is installed.
    """
    try:
        return find_matrix(matrix)
    except MatrixError:
        installed = _installed_matrix() if matrix is None else None
        if installed is None:
            raise
    _tell_once(f"netmatrix: no {MATRIX} here or above; judging by the one installed with netmatrix, {installed}")
    return installed


def open_to_judge(matrix: str | None) -> Project:
    """The project of the matrix that `find_to_judge_by` finds, for a command that asks about values.

    Raises UnusableMatrixError where the matrix does not hold: nothing can be said about values then.
    """
    try:
        return _project_of(find_to_judge_by(matrix), matrix)
    except MatrixError as error:
        raise UnusableMatrixError(error.findings) from error


def upon_environment(project: Project, options: ValuesOptions, environment: str | None) -> ValuesOptions:
    """The given values upon those of a named environment. Raises UsageError where the matrix has no such one."""
    from netmatrix.document import did_you_mean

    if environment is None:
        return options
    known = project.matrix.environments
    if environment not in known:
        raise click.UsageError(f"the matrix has no environment {environment!r}; {did_you_mean(environment, known)}")
    return replace(options, files=(project.values_file(f"values-{environment}.yaml"), *options.files))


def shown(path: Path) -> str:
    """A path as short as it can be written from the current folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _project_of(file: Path, matrix: str | None) -> Project:
    """The project of a matrix that was found; one that was named goes by that name."""
    if matrix is not None:
        return Project(load_matrix(matrix), file.resolve().parent)
    return Project(load_matrix(shown(file)), file.parent)


def _installed_matrix() -> Path | None:
    """The matrix among the files that pip installed, the chart and the values beside it; none in a checkout."""
    try:
        files = metadata.files("netmatrix") or []
    except metadata.PackageNotFoundError:
        return None
    found = (Path(str(file.locate())) for file in files if file.parts[-3:] == ("share", "netmatrix", MATRIX))
    return next((file.resolve() for file in found if file.is_file()), None)


def _tell_once(line: str) -> None:
    context = click.get_current_context(silent=True)
    told = context.meta.setdefault("netmatrix.told", set()) if context else set()
    if line not in told:
        click.echo(line, err=True)
        told.add(line)


@cache
def _helm(tools: Path) -> Helm:
    from netmatrix.helm import find_helm

    return find_helm(tools=tools)
