"""Python's merge and Helm's on random values: hundreds of cases in each rendering, one under each top-level key."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netmatrix.document.reader import parse_mapping
from netmatrix.helm import Helm
from netmatrix.values.merge import merge_layers, over_defaults

ABSENT = object()
CASES = 150
LAYERS = 3

# A case is random from a seed and not drawn piece by piece: Hypothesis would draw a few cases for each rendering, not
# hundreds, and a failing case is small enough to be read without shrinking.
SEEDS = st.integers(0, 2**64)
USED_LAYERS = st.integers(0, LAYERS)


@pytest.fixture(scope="session")
def printing_chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chart whose one template prints the values as Helm hands them to templates."""
    folder = tmp_path_factory.mktemp("printing")
    (folder / "templates").mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: printing\nversion: 0.1.0\n", encoding="utf-8")
    (folder / "templates/values.yaml").write_text("values: {{ .Values | toJson | b64enc }}\n", encoding="utf-8")
    return folder


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, used=USED_LAYERS, nulls=st.booleans())
def test_helm_merges_random_values_in_the_same_way(
    helm: Helm, printing_chart: Path, seed: int, used: int, nulls: bool
) -> None:
    compare(helm, printing_chart, seed, used, nulls_in_defaults=nulls and helm.version[0] > 3)


@pytest.mark.long
@settings(max_examples=1000, deadline=None)
@given(seed=SEEDS, used=USED_LAYERS, nulls=st.booleans())
def test_helm_merges_very_many_random_values_in_the_same_way(
    helm: Helm, printing_chart: Path, seed: int, used: int, nulls: bool
) -> None:
    compare(helm, printing_chart, seed, used, nulls_in_defaults=nulls and helm.version[0] > 3)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, used=USED_LAYERS)
def test_helm_3_agrees_where_the_defaults_hold_no_nulls(
    helm3: Helm, printing_chart: Path, seed: int, used: int
) -> None:
    compare(helm3, printing_chart, seed, used, nulls_in_defaults=False)


def compare(helm: Helm, chart: Path, seed: int, used: int, *, nulls_in_defaults: bool) -> None:
    """Merge the chart's defaults and `used` layers, random from `seed`, in both ways."""
    texts = _texts(random.Random(seed), used, nulls_in_defaults=nulls_in_defaults)
    files = [str(chart / ("values.yaml" if layer == 0 else f"layer-{layer}.yaml")) for layer in range(used + 1)]
    for file, text in zip(files, texts, strict=True):
        Path(file).write_bytes(text)
    documents = [parse_mapping(text, file) for text, file in zip(texts, files, strict=True)]
    ours = over_defaults(documents[0], merge_layers(documents[1:])).data
    output = helm.run(["template", "r", str(chart), *(word for file in files[1:] for word in ("-f", file))])
    assert output.status == 0, output.stderr
    theirs = _printed(output.stdout)
    for key in sorted(ours.keys() | theirs.keys()):
        shown = [json.loads(text).get(key, "absent") for text in texts]
        assert _canonical(ours.get(key, "absent")) == _canonical(theirs.get(key, "absent")), shown


def _texts(chance: random.Random, used: int, *, nulls_in_defaults: bool) -> list[bytes]:
    """The chart's defaults and `used` layers; each top-level key is a case of its own."""
    layers: list[dict[str, Any]] = [{} for _ in range(used + 1)]
    for index in range(CASES):
        # `global`, which Helm treats in its own way between charts, is one of the cases.
        name = f"case-{index}" if index else "global"
        for depth, layer in enumerate(layers):
            value = ABSENT if chance.random() < 0.25 else _value(chance, nulls=depth > 0 or nulls_in_defaults)
            if value is not ABSENT:
                layer[name] = value
    return [json.dumps(layer).encode() for layer in layers]


def _value(chance: random.Random, *, nulls: bool, depth: int = 0) -> Any:
    kind = chance.random()
    if kind < 0.25 and nulls:
        return None
    if kind < 0.65 and depth < 4:
        return {key: _value(chance, nulls=nulls, depth=depth + 1) for key in "abc" if chance.random() < 0.6}
    if kind < 0.75:
        return [_value(chance, nulls=nulls, depth=depth + 1) for _ in range(chance.randrange(3))]
    return chance.choice([0, 1, 2.5, "", "x", True, False])


def _printed(rendered: bytes) -> dict[str, Any]:
    line = next(line for line in rendered.splitlines() if line.startswith(b"values: "))
    data: dict[str, Any] = json.loads(base64.b64decode(line.removeprefix(b"values: ")))
    return data


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
