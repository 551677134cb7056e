"""What is written for a cluster of each platform, whole; `make golden` writes it anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from netmatrix.cluster import read_dump
from netmatrix.discover.facts import Discovery
from netmatrix.discover.learn import learn
from netmatrix.discover.wanted import wanted
from netmatrix.discover.write import document, is_untouched, override
from netmatrix.matrix.load import load_matrix
from netmatrix.matrix.model import Matrix
from tests.support.scenarios import ROOT

HERE = Path(__file__).parent
DUMPS = sorted(HERE.glob("dumps/*.yaml"))
OPEN = {
    "minikube": ["plugin-enforces", "pods-cron"],
    "kind": [],
    "k3s": [],
    "eks": ["plugin-ipblocks", "range-subnets"],
    "gke": ["plugin-enforces"],
    "aks": [],
    "openshift": [],
}


def found_in(file: Path, matrix: Matrix) -> Discovery:
    return learn(
        read_dump([str(file)], wanted(matrix)), matrix, f"a cluster like tests/discover/dumps/{file.stem}.yaml"
    )


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_the_override_is_the_one_that_was_looked_at(dump: Path, matrix: Matrix, request: pytest.FixtureRequest) -> None:
    found = found_in(dump, matrix)
    text = override(found, "../../../schema/override.schema.json")
    golden = HERE / "golden" / dump.name
    if request.config.getoption("--update-golden"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert yaml.safe_load(text) == found.values()
    assert is_untouched(text)
    assert [item.id for item in found.questions] == OPEN[dump.stem]


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_a_dump_in_json_says_the_same(dump: Path, matrix: Matrix, tmp_path: Path) -> None:
    file = tmp_path / f"{dump.stem}.json"
    file.write_text(json.dumps(yaml.safe_load(dump.read_text(encoding="utf-8"))), encoding="utf-8")
    assert found_in(file, matrix) == found_in(dump, matrix)


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_every_value_names_the_object_that_it_comes_from(dump: Path, matrix: Matrix) -> None:
    found = document(found_in(dump, matrix))
    assert all(item["from"] for item in found["values"])
    assert json.loads(json.dumps(found)) == found


def test_another_application_is_served_alike() -> None:
    """Its name service has another id, and nothing of it is discovered."""
    matrix = load_matrix(str(ROOT / "tests/webshop/matrix.yaml"))
    values = found_in(HERE / "dumps/gke.yaml", matrix).values()["endpoints"]
    assert values["resolver"] == {"cidrs": ["34.118.224.10/32", "169.254.20.10/32"]}
