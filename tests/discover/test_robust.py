"""Whatever stands in a dump: an error that names its place, or an override that holds; never a crash, never a half."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.cluster import read_dump
from netmatrix.discover.learn import learn
from netmatrix.discover.wanted import wanted
from netmatrix.discover.write import document, override
from netmatrix.document import UnreadableError
from netmatrix.document.reader import parse_mapping
from netmatrix.emit.schema import values_schema
from netmatrix.emit.values_files import values_yaml
from netmatrix.matrix.model import Matrix
from netmatrix.values.schema import Schemas
from netmatrix.values.validate import validate_values
from tests.support.other_types import changes
from tests.support.scenarios import ROOT

DUMPS = sorted(Path(__file__).parent.glob("dumps/*.yaml"))
ODD: tuple[Any, ...] = (
    *(None, 0, 1, -1, 70000, True, 1.5, "", "x", "\n---\n", "a" * 300, [], {}, [1], {"a": 1}),
    *("10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "11.0.0.0/8", "::/0", "2001:db8::/32", "2001:db8::1", "64:ff9b::1"),
    *("fe80::1%eth0", "::ffff:10.0.0.1", "::ffff:11.0.0.0/104", "169.254.169.254"),
)


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_a_changed_dump_is_refused_or_gives_an_override_that_holds(dump: Path, matrix: Matrix, tmp_path: Path) -> None:
    original = yaml.safe_load(dump.read_text(encoding="utf-8"))
    defaults = parse_mapping(values_yaml(matrix, "x").encode(), "values.yaml")
    prod = parse_mapping((ROOT / "values/values-prod.yaml").read_bytes(), "prod")
    schemas, asked, chance = Schemas.of(values_schema(matrix)), list(wanted(matrix)), random.Random(dump.stem)
    written = 0
    refused: list[str] = []
    for _ in range(60):
        data = copy.deepcopy(original)
        *way, last = chance.choice(list(_paths(data)))
        into = data
        for part in way:
            into = into[part]
        into[last] = chance.choice(ODD)
        file = tmp_path / "dump.json"
        file.write_text(json.dumps(data), encoding="utf-8")
        try:
            found = learn(read_dump([str(file)], asked), matrix, "a cluster")
        except UnreadableError as error:
            refused += [finding.place.file for finding in error.findings]
            continue
        layer = parse_mapping(override(found, "schema.json").encode(), "override")
        assert layer.data == found.values()
        validated = validate_values(matrix, schemas, defaults, [prod, layer], today=date(2026, 11, 1))
        assert validated.holds, (way, last, into[last], [str(item) for item in validated.findings])
        written += 1
    assert written
    assert set(refused) == {str(tmp_path / "dump.json")}


@pytest.mark.long
@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_no_field_of_another_type_is_a_fault_of_ours(dump: Path, matrix: Matrix, tmp_path: Path) -> None:
    read = [item for item in yaml.safe_load_all(dump.read_text(encoding="utf-8")) if item]
    objects = [item for data in read for item in (data["items"] if data["kind"] == "List" else [data])]
    asked, file, refused = list(wanted(matrix)), tmp_path / "dump.json", set()
    for change in changes(objects):
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": change.of(objects)}), encoding="utf-8")
        try:
            found = learn(read_dump([str(file)], asked), matrix, "a cluster")
        except UnreadableError as error:
            refused |= {finding.place.file for finding in error.findings}
        else:
            assert override(found, "schema.json")
            assert json.dumps(document(found))
    assert refused == {str(file)}


def _paths(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value below."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield (*path, key)
        yield from _paths(value, (*path, key))
