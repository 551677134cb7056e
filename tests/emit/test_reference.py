"""docs/values.md: the keys of the values, as the schema and the chart's defaults have them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from netmatrix.emit.reference import values_markdown
from netmatrix.emit.values_files import chart_defaults
from netmatrix.matrix.load import load_matrix
from netmatrix.matrix.model import Matrix
from tests.support.scenarios import ROOT


@pytest.fixture(params=["matrix.yaml", "tests/webshop/matrix.yaml"])
def any_matrix(request: pytest.FixtureRequest) -> Matrix:
    return load_matrix(str(ROOT / request.param))


def test_every_default_of_the_chart_is_shown_at_its_key(any_matrix: Matrix) -> None:
    shown = {path: cells[1] for path, cells in rows(values_markdown(any_matrix)).items()}
    for path, value in leaves(chart_defaults(any_matrix)):
        if value != {} or path in shown:
            assert shown[path] == f"`{json.dumps(value)}`", path


def test_a_key_says_what_it_must_satisfy(matrix: Matrix) -> None:
    found = rows(values_markdown(matrix))
    assert found["pods.orchestrator.ports.http"] == [
        "integer",
        "`80`",
        "Its http port, TCP.",
        "a port number, 1 to 65535",
    ]
    assert "443, 6443, 8443, 16443" in found["endpoints.kubernetes-api.ports"][3]
    assert "at most 16" in found["endpoints.kubernetes-api.cidrs"][3]
    assert found["exceptions.ID.expires"][3] == "a day as YYYY-MM-DD; required"
    assert "Jobs find the Orchestrator" in found["flows.jobs-to-dns.enabled"][2]


def rows(text: str) -> dict[str, list[str]]:
    """The cells after the first of every row, by key."""
    lines = [re.split(r" ?(?<!\\)\| ?", line)[1:-1] for line in text.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in lines if len(cells) == 5}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The values of the defaults that a key of the reference stands for; peers are one value, whatever their ids."""
    if isinstance(value, dict) and value and not path.endswith(".peers"):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}".lstrip("."))
    else:
        yield path, value
