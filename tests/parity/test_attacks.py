"""No values file, `--set` or null that passes Helm renders anything broader than the matrix, but through exceptions."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.helm import Helm, Output, merged_user_values
from netmatrix.helm.arguments import SetArgument
from tests.parity.attacks import Attack, Made, by_hand, full_values, merge, on_arguments, on_values, rotated
from tests.parity.ceiling import Ceiling
from tests.parity.conftest import SKIP
from tests.parity.shapes import read
from tests.parity.verdicts import of_helm
from tests.support.scenarios import ENVIRONMENTS, ROOT
from tests.support.shares import quick_and_long

CHUNKS = 16
SHARE = int(os.environ.get("NETMATRIX_ATTACK_SHARE", "4"))
"""One attack of so many is run; `make adversarial` runs them all, which takes half an hour."""
BEFORE_ANY_TEMPLATE = (
    "failed to parse",
    "failed parsing",
    "error converting YAML",
    "error unmarshaling JSON",
    "cannot unmarshal",
    "invalid release name",
)
"""Helm's own words for files, arguments and releases that it cannot read."""


class Range:
    """Where attacks are tried, and what came of them."""

    def __init__(self, helm: Helm, folder: Path) -> None:
        self.helm, self.folder = helm, folder
        self.matrix: dict[str, Any] = yaml.safe_load((ROOT / "matrix.yaml").read_text(encoding="utf-8"))
        self.outcomes: Counter[str] = Counter()
        self.unnamed: list[str] = []

    def run(self, attack: Attack, *extra: str) -> None:
        """Raises Trespass where what Helm renders is broader than the matrix."""
        files = [self._file(f"layer-{number}", text) for number, text in enumerate(attack.layers)]
        flags = [word for file in files for word in ("--values", file)]
        release = [] if "--name-template" in attack.arguments else ["release"]
        command = ["template", *release, str(ROOT / "chart"), "--namespace", "apps", "--kube-version", "1.34.0"]
        output = self.helm.run([*command, *flags, *attack.arguments, *extra])
        if output.status == 0:
            self.outcomes["rendered"] += 1
            values = self._user_values(attack, files)
            exceptions = values.get("exceptions") or {}
            Ceiling(self.matrix, values["environment"], exceptions).judge(read(output.stdout))
        else:
            self._refused(attack, output)

    def _refused(self, attack: Attack, output: Output) -> None:
        if of_helm(output):
            self.outcomes["refused with a rule and a key path"] += 1
        elif any(words in output.stderr for words in BEFORE_ANY_TEMPLATE):
            self.outcomes["unreadable to Helm"] += 1
        else:
            self.outcomes["refused in other words"] += 1
            self.unnamed.append(f"{attack.name}: {output.stderr.strip()[:500]}")

    def _user_values(self, attack: Attack, files: list[str]) -> dict[str, Any]:
        """The values of the user as Helm reads them; a single file in JSON leaves no doubt."""
        arguments = attack.arguments
        if not arguments and len(attack.layers) == 1:
            values: dict[str, Any] = json.loads(attack.layers[0])
            return values
        sets = [SetArgument(*arguments)] if arguments and arguments[0].startswith("--set") else []
        return merged_user_values(self.helm, files, sets)

    def _file(self, name: str, text: str) -> str:
        file = self.folder / f"{name}.yaml"
        file.write_text(text, encoding="utf-8", errors="surrogateescape")
        return str(file)


@pytest.fixture
def firing_range(helm: Helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Range:
    monkeypatch.chdir(ROOT)  # `--set-file` names a file there
    return Range(helm, tmp_path)


def fire(firing_range: Range, attacks: list[Attack], *extra: str) -> None:
    """All `attacks`: nothing beyond the matrix is rendered, and every refusal says which value is at fault."""
    for attack in attacks:
        try:
            firing_range.run(attack, *extra)
        except Exception as error:
            error.add_note(f"attack: {attack.name} {extra}")
            raise
    assert not firing_range.unnamed


def chunk(groups: list[list[Made]], environment: str, number: int) -> list[Attack]:
    """A part of the attacks: every SHARE-th on prod, and of those every fourth on dev, which has the same templates."""
    attacks = [attack for group in groups[number::CHUNKS] for attack in group]
    step = SHARE if environment == "prod" else 4 * SHARE
    return [attack() for attack in attacks[number % step :: step]]


@quick_and_long("part", 24, 4)
def test_no_trick_by_hand_goes_beyond_the_matrix(firing_range: Range, part: int) -> None:
    fire(firing_range, by_hand()[::part], SKIP)


@quick_and_long("count", 20, 80)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_value_of_a_sample_goes_beyond_the_matrix(firing_range: Range, environment: str, count: int) -> None:
    fire(firing_range, rotated(on_values(environment), count), SKIP)
    fire(firing_range, rotated(on_values(environment), count // 4))


@quick_and_long("count", 10, 40)
def test_no_argument_of_a_sample_goes_beyond_the_matrix(firing_range: Range, count: int) -> None:
    fire(firing_range, rotated(on_arguments("prod"), count), SKIP)
    fire(firing_range, rotated(on_arguments("dev"), count // 2))


@pytest.mark.parametrize("extra", [(), (SKIP,)], ids=["schema", "no schema"])
def test_a_parent_chart_cannot_go_beyond_the_matrix(helm: Helm, tmp_path: Path, extra: tuple[str, ...]) -> None:
    """As somebody's dependency the chart gets its values, and `global`, from theirs."""
    matrix = yaml.safe_load((ROOT / "matrix.yaml").read_text(encoding="utf-8"))
    shutil.copytree(ROOT / "chart", tmp_path / "parent" / "charts" / "red-kite-network")
    (tmp_path / "parent" / "Chart.yaml").write_text("{apiVersion: v2, name: parent, version: 1.0.0}", encoding="utf-8")
    full = full_values("prod")
    mongo = {"outside-to-mongo": {"enabled": True}}
    shared = {"global": {"environment": "dev", "flows": mongo, "red-kite-network": {"flows": mongo}}}
    good = [{"red-kite-network": full}, {"red-kite-network": full, **shared, "flows": mongo, "environment": "dev"}]
    bad = [{}, {"red-kite-network": merge(full, {"flows": mongo})}, {"red-kite-network": merge(full, {"pods": None})}]
    bad.append({"red-kite-network": merge(full, {"endpoints": {"dns": {"cidrs": ["0.0.0.0/0"]}}})})
    for values in (*good, *bad):
        (tmp_path / "values.yaml").write_text(json.dumps(values), encoding="utf-8")
        output = helm.run(["template", "r", str(tmp_path / "parent"), "-f", str(tmp_path / "values.yaml"), *extra])
        assert (output.status == 0) == (values in good), output.stderr
        if output.status == 0:
            Ceiling(matrix, "prod", full["exceptions"]).judge(read(output.stdout))
        else:
            assert of_helm(output)


@pytest.mark.long
@pytest.mark.parametrize("extra", [(), (SKIP,)], ids=["schema", "no schema"])
def test_no_trick_by_hand_goes_beyond_the_matrix_either_way(firing_range: Range, extra: tuple[str, ...]) -> None:
    fire(firing_range, by_hand(), *extra)


@pytest.mark.long
@pytest.mark.parametrize("number", range(CHUNKS))
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_value_at_all_goes_beyond_the_matrix(firing_range: Range, environment: str, number: int) -> None:
    attacks = chunk(on_values(environment), environment, number)
    fire(firing_range, attacks, SKIP)
    fire(firing_range, attacks[::20])


@pytest.mark.long
@pytest.mark.parametrize("number", range(CHUNKS))
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_argument_at_all_goes_beyond_the_matrix(firing_range: Range, environment: str, number: int) -> None:
    attacks = chunk(on_arguments(environment), environment, number)
    fire(firing_range, attacks, SKIP)
    fire(firing_range, attacks[::20])
