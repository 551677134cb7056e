"""The same matrix gives the same bytes, whoever runs the generator and wherever."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from netmatrix.document.reader import parse_mapping
from netmatrix.emit.plan import Plan, chart_digest, plan
from netmatrix.helm import Helm
from netmatrix.matrix.load import parse_matrix
from netmatrix.matrix.model import Matrix
from netmatrix.matrix.tables import table
from tests.support.connections import rules
from tests.support.generated import write
from tests.support.rendering import Chart, Object, policies
from tests.support.scenarios import ROOT
from tests.support.shares import quick_and_long

PRINT_DIGEST = """
import sys
from netmatrix.emit.plan import plan
from netmatrix.matrix.load import load_matrix
for path, text in plan(load_matrix(sys.argv[1])).files.items():
    sys.stdout.buffer.write(f"{path}\\0{text}\\0".encode())
"""


@pytest.mark.parametrize(
    "environ",
    [
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "4242", "LC_ALL": "C", "TZ": "Pacific/Kiritimati"},
        {"PYTHONHASHSEED": "1", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONUTF8": "0"},
    ],
    ids=["hash seed 0", "the C locale", "a Turkish locale"],
)
def test_no_hash_seed_locale_time_zone_or_folder_has_a_say(
    matrix: Matrix, tmp_path: Path, environ: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST, os.path.relpath(ROOT / "matrix.yaml", tmp_path)],
        cwd=tmp_path,
        env={**os.environ, **environ},
        capture_output=True,
        check=True,
    )
    assert hashlib.sha256(done.stdout).hexdigest() == digest(plan(matrix))


def test_the_committed_files_are_what_the_matrix_gives(matrix: Matrix) -> None:
    stale = [
        str(path) for path, text in plan(matrix).files.items() if (ROOT / path).read_text(encoding="utf-8") != text
    ]
    assert not stale, "run `make generate`"


@quick_and_long("count", 3, 12)
def test_the_order_of_lines_and_keys_changes_no_rule_of_any_policy(
    helm: Helm, tmp_path_factory: pytest.TempPathFactory, matrix: Matrix, count: int
) -> None:
    data = yaml.safe_load((ROOT / "matrix.yaml").read_text(encoding="utf-8"))
    tables = sorted(table(matrix, "prod"), key=str)
    right = rendered(helm, matrix, tmp_path_factory.mktemp("order"))

    @given(st.randoms(use_true_random=False))
    @settings(max_examples=count, deadline=None)
    def change_nothing(chance: random.Random) -> None:
        text = yaml.safe_dump(shuffled(data, chance), sort_keys=False)
        other = parse_matrix(parse_mapping(text.encode(), "matrix.yaml"))
        assert sorted(table(other, "prod"), key=str) == tables
        assert rendered(helm, other, tmp_path_factory.mktemp("order")) == right

    change_nothing()


def rendered(helm: Helm, matrix: Matrix, folder: Path) -> dict[str, tuple[Any, list[str]]]:
    """What the policies of a matrix mean, by their names."""
    chart = Chart(helm, write(plan(matrix), folder), folder)
    objects = chart.objects(folder / "values" / "values-dev.yaml", folder / "values" / "operational.yaml")
    return {name: meaning(policy) for name, policy in policies(objects).items()}


def digest(files: Plan) -> str:
    whole = "".join(f"{path}\0{text}\0" for path, text in files.files.items())
    return hashlib.sha256(whole.encode()).hexdigest()


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same data, the keys of every mapping in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(item, chance)) for key, item in value.items()]
        chance.shuffle(items)
        return dict(items)
    return value


def meaning(policy: Object) -> tuple[Any, list[str]]:
    """Whom a policy selects, and its rules as a set."""
    return policy["spec"]["podSelector"], sorted(yaml.safe_dump(rule) for rule in rules(policy))


@pytest.mark.parametrize("change", [{"version": "9.9.9"}, {"prefix": "other"}], ids=["version", "templates"])
def test_a_chart_of_another_matrix_has_another_digest(matrix: Matrix, change: dict[str, str]) -> None:
    digest = chart_digest(plan(matrix).files)
    assert digest in plan(matrix).files[PurePosixPath("chart/templates/audit-values.yaml")]
    assert chart_digest(plan(replace(matrix, **change)).files) != digest  # type: ignore[arg-type]
