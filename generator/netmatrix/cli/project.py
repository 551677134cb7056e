"""Where things are: the matrix that a command works on, and what lies beside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from netmatrix.document import Finding, Place
from netmatrix.document.rules import READABLE
from netmatrix.matrix.load import load_matrix
from netmatrix.matrix.model import Matrix
from netmatrix.matrix.rules import MatrixError

if TYPE_CHECKING:
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
    file = find_matrix(matrix)
    if matrix is not None:
        return Project(load_matrix(matrix), file.resolve().parent)
    return Project(load_matrix(shown(file)), file.parent)


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


def open_to_judge(matrix: str | None) -> Project:
    """The project as `open_project` finds it, for a command that asks about values.

    Raises UnusableMatrixError where the matrix does not hold: nothing can be said about values then.
    """
    try:
        return open_project(matrix)
    except MatrixError as error:
        raise UnusableMatrixError(error.findings) from error


def shown(path: Path) -> str:
    """A path as short as it can be written from the current folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


@cache
def _helm(tools: Path) -> Helm:
    from netmatrix.helm import find_helm

    return find_helm(tools=tools)
