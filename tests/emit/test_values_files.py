"""The chart's defaults as an operator reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from netmatrix.document.reader import parse_mapping
from netmatrix.emit.values_files import values_yaml
from netmatrix.matrix.load import parse_matrix


@pytest.fixture(scope="module")
def lines(project_root: Path) -> list[str]:
    """chart/values.yaml of the project's matrix, the description of one pod replaced by one as long as may be."""
    text = (project_root / "matrix.yaml").read_text(encoding="utf-8")
    assert "description: The database\n" in text
    text = text.replace("description: The database\n", f"description: {'long ' * 59}tale\n")
    matrix = parse_matrix(parse_mapping(text.encode(), "matrix.yaml"))
    return values_yaml(matrix, "header").splitlines()


@pytest.mark.parametrize(
    "key", ["name", "create", "selector", "ports", "peers", "cidrs", "discover", "additionalExcept", "anyone"]
)
def test_a_key_is_explained_where_it_stands_first(lines: list[str], key: str) -> None:
    first = next(number for number, line in enumerate(lines) if line.startswith(f"    {key}: "))
    assert lines[first - 1].startswith("    # ")


def test_a_row_is_explained_by_its_description_on_lines_of_a_readers_width(lines: list[str]) -> None:
    before = lines.index("  mongo:")
    assert lines[before - 1].endswith("tale.")
    assert lines[lines.index("  dns:") - 1] == "  # The cluster's name service."
    assert all(len(line) <= 160 for line in lines)
