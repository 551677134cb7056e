"""The shop's `never` lines under Helm: the cases that Python's judge is held to, each group in one run."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

import pytest
import yaml

from netmatrix.emit.plan import plan
from netmatrix.helm import Helm
from netmatrix.matrix.load import load_matrix
from tests.parity.attacks import exception
from tests.support.generated import write
from tests.support.never_lines import CASES
from tests.support.rendering import Chart
from tests.support.scenarios import ROOT

GROUPS = {key: list(cases) for key, cases in groupby(sorted(CASES, key=lambda c: c[1:3]), key=lambda c: c[1:3])}


@pytest.fixture(scope="module")
def shop(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Chart:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "values-of-tests").mkdir()
    files = plan(load_matrix(str(ROOT / "tests/values/shop.yaml")))
    return Chart(helm, write(files, folder / "out"), folder / "values-of-tests")


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_the_chart_forbids_what_python_forbids(shop: Chart, group: tuple[str, str]) -> None:
    environment, moved = group
    exceptions = {}
    for number, (ends, *_) in enumerate(GROUPS[group]):
        parties = yaml.safe_load(f"{{{ends}}}")
        exceptions[f"e{number}"] = exception(parties["from"], parties["to"])
    file = Path("values") / f"values-{environment}.yaml"
    output = shop.template(
        shop.folder.parent / file,
        yaml.safe_load(moved),
        {"exceptions": exceptions},
        arguments=["--skip-schema-validation"],
    )
    told = re.findall(r"NM(\d+) exceptions\.e(\d+): .*?(?:never line ([\w-]+)|$)", output.stderr, re.MULTILINE)
    expected = {("272", str(number), line) for number, (*_, lines) in enumerate(GROUPS[group]) for line in lines}
    assert set(told) == expected
