"""What is installed with the package is the whole of what judges values where there is no matrix."""

from __future__ import annotations

import tomllib
from pathlib import Path

from netmatrix.emit.plan import plan
from netmatrix.matrix.model import Matrix


def test_the_matrix_and_every_generated_chart_and_values_file_is_installed(matrix: Matrix, project_root: Path) -> None:
    project = tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))
    installed = {
        f"{folder}/{file.name}".removeprefix("share/netmatrix/")
        for folder, patterns in project["tool"]["setuptools"]["data-files"].items()
        for pattern in patterns
        for file in project_root.glob(pattern)
    }
    wanted = {str(path) for path in plan(matrix).files if path.parts[0] in ("chart", "values")}
    assert wanted | {"matrix.yaml"} <= installed
