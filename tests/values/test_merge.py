"""Helm's merging: worked examples, and places that follow the values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netmatrix.document.reader import parse_mapping
from netmatrix.values.merge import Merged, merge_layers, over_defaults


def merged(defaults: str, *layers: str) -> Merged:
    documents = [parse_mapping(text.encode(), f"{'abc'[index]}.yaml") for index, text in enumerate(layers)]
    return over_defaults(parse_mapping(defaults.encode(), "defaults.yaml"), merge_layers(documents))


CASES: list[tuple[str, list[str], str]] = [
    # defaults, layers, result
    ("{a: 1}", [], '{"a": 1}'),
    ("{a: 1}", ["{a: 2}", "{a: 3}"], '{"a": 3}'),
    ("{a: {b: 1, c: 2}}", ["{a: {b: 3}}"], '{"a": {"b": 3, "c": 2}}'),
    ("{a: [1, 2]}", ["{a: [3]}"], '{"a": [3]}'),
    ("{a: [1, 2]}", ["{a: []}"], '{"a": []}'),
    ("{a: {b: 1}}", ["{a: {}}"], '{"a": {"b": 1}}'),
    ("{a: {b: 1}}", ["{a: null}"], "{}"),
    ("{a: {b: 1, c: 2}}", ["{a: {b: null}}"], '{"a": {"c": 2}}'),
    ("{}", ["{a: null}"], '{"a": null}'),
    ("{a: {}}", ["{a: {b: null}}"], '{"a": {"b": null}}'),
    ("{a: {b: 1}}", ["{a: null}", "{a: {c: 2}}"], '{"a": {"b": 1, "c": 2}}'),
    ("{a: {b: 1}}", ["{a: {c: 2}}", "{a: null}"], "{}"),
    ("{a: {b: 1}}", ["{a: {b: null}}", "{a: {b: 2}}"], '{"a": {"b": 2}}'),
    ("{a: {b: 1}}", ["{a: text}"], '{"a": "text"}'),
    ("{a: text}", ["{a: {b: 1, c: null}}"], '{"a": {"b": 1, "c": null}}'),
    ("{a: {b: 1}}", ["{a: text}", "{a: {c: 2}}"], '{"a": {"b": 1, "c": 2}}'),
    ("{a: null}", ["{a: null}"], "{}"),
    ("{a: {b: null}}", ["{a: {b: null}}"], '{"a": {"b": null}}'),
    ("{a: {b: null, c: {d: null}}}", ["{}"], '{"a": {"c": {}}}'),
    ("{a: [null, {b: null}]}", ["{}"], '{"a": [null, {"b": null}]}'),
    ("{global: {a: 1}}", ["{global: {a: null, b: 2}}"], '{"global": {"b": 2}}'),
]


@pytest.mark.parametrize(("defaults", "layers", "result"), CASES)
def test_layers_merge_as_helm_merges_them(defaults: str, layers: list[str], result: str) -> None:
    assert merged(defaults, *layers).data == json.loads(result)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("a", "one"), "a.yaml:2:8"),
        (("a", "two"), "b.yaml:2:8"),
        (("a", "three"), "c.yaml:1:12"),
        (("a", "four"), "defaults.yaml:1:37"),  # nobody but the chart says anything
        (("a",), "c.yaml:1:1"),  # a map stands at its key, in the last layer that adds to it
        (("gone",), "b.yaml:3:7"),  # the null
        (("gone", "below", 0), "b.yaml:3:7"),
        (("a", "absent"), "c.yaml:1:1"),
        (("list",), "b.yaml:4:1"),
        (("list", 1), "b.yaml:4:11"),
        (("list", 7), "b.yaml:4:1"),
    ],
)
def test_every_value_knows_the_layer_that_set_it(path: tuple[str | int, ...], place: str) -> None:
    values = merged(
        "a: {one: 0, two: 0, three: 0, four: 0}\ngone: {below: [1]}\n",
        "a:\n  one: 1\n  two: 1\n",
        "a:\n  two: 2\ngone: null\nlist: [1, 2]\n",
        "a: {three: 3}\n",
    )
    assert str(values.place_of(path)) == place


def test_what_comes_back_after_a_null_belongs_to_the_later_layer() -> None:
    values = merged("a: {b: 1}", "a: null", "a: {c: 2}")
    assert str(values.place_of(("a", "c"))) == "b.yaml:1:8"
    assert str(values.place_of(("a", "b"))) == "defaults.yaml:1:8"
    assert not values.was_deleted(("a",))


def test_only_what_no_layer_mentions_is_a_default() -> None:
    values = merged("a: {b: 1, c: 2}\nd: 1\n", "a: {b: 1}\nd: null\n")
    defaults: dict[tuple[str, ...], bool] = {("a", "b"): False, ("a", "c"): True, ("a",): False, ("d",): False}
    assert {path: values.is_default(path) for path in defaults} == defaults
    assert values.was_deleted(("d",))


def test_no_layers_at_all_give_the_defaults() -> None:
    values: dict[str, Any] = merge_layers([]).data
    assert values == {}
    assert str(merge_layers([]).place_of(("a",))) == "values:1:1"
    assert str(merged("a: 1").place_of(())) == "defaults.yaml:1:1"
