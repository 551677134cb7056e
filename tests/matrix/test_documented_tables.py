"""The documented tables, cell by cell: what Red Kite's documentation says is what the matrix yields."""

from __future__ import annotations

from pathlib import Path

import pytest

from netmatrix.matrix.model import Matrix
from netmatrix.matrix.tables import table
from tests.chart.expected import DOCUMENTED

Row = tuple[str, ...]

TABLES = Path(__file__).parent / "documented-tables.txt"
HEADINGS = {"prod": "Production", "dev": "Development"}
ENVIRONMENTS = pytest.mark.parametrize("environment", HEADINGS)


@ENVIRONMENTS
def test_the_matrix_yields_the_documented_table_cell_by_cell_and_row_by_row(matrix: Matrix, environment: str) -> None:
    documented = tables_in(TABLES.read_text(encoding="utf-8"))[HEADINGS[environment]]
    assert len(documented) == 1 + len(DOCUMENTED), "a heading and a row for each pod"
    derived: list[Row] = [("Pod", "Ingress", "Egress"), *(row.cells() for row in table(matrix, environment))]
    assert derived == documented


@ENVIRONMENTS
def test_the_published_tables_are_the_documented_ones(project_root: Path, environment: str) -> None:
    documented = tables_in(TABLES.read_text(encoding="utf-8"))[HEADINGS[environment]]
    published = tables_in((project_root / "docs" / "tables.md").read_text(encoding="utf-8"))
    assert published[environment] == documented


def test_what_is_off_by_default_is_published_with_its_reason(project_root: Path, matrix: Matrix) -> None:
    published = tables_in((project_root / "docs" / "tables.md").read_text(encoding="utf-8"))
    off = {row[0]: row[-1] for row in published["Off by default (`values/operational.yaml`)"][1:]}
    assert off == {id_: flow.reason for id_, flow in matrix.flows.items() if flow.reason and not flow.purpose}
    assert "jobs-to-dns" in off
    assert "audit-to-kubernetes-api" not in off, "no line of values/operational.yaml switches it on"


def tables_in(text: str) -> dict[str, list[Row]]:
    """The tables of a text, headings included, by the line above them: rows `a | b | c |`, an outer bar or not."""
    tables: dict[str, list[Row]] = {}
    heading = ""
    for line in text.splitlines():
        if "|" in line:
            cells = tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
            if not all(set(cell) <= {"-"} for cell in cells):
                tables.setdefault(heading, []).append(cells)
        elif line.strip():
            heading = line.strip().lstrip("# ")
    return tables
