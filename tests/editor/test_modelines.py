"""The line by which an editor finds the schema of a file that users edit."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.scenarios import ROOT

FILES = [ROOT / "matrix.yaml", *sorted((ROOT / "values").rglob("*.yaml"))]


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(ROOT)) for file in FILES])
def test_a_file_names_the_schema_that_is_there(file: Path) -> None:
    (named,) = re.findall(r"(?m)^# yaml-language-server: \$schema=(\S+)$", file.read_text(encoding="utf-8"))
    schema = json.loads((file.parent / named).read_text(encoding="utf-8"))
    about = "matrix.schema.json" if file.name == "matrix.yaml" else "override.schema.json"
    assert named.endswith(about)
    assert schema["$schema"].startswith("http://json-schema.org/draft-07")
