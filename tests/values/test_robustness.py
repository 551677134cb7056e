"""Whatever stands in values, validation gives findings and never falls over."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netmatrix.document import key_path_text
from netmatrix.document.reader import Document
from netmatrix.values.validate import Validated
from tests.support.shares import quick_and_long

EXCEPTION = {
    "from": {"namespace": "far", "selector": ["a=b"]},
    "to": {"pod": "cart"},
    "ports": [{"protocol": "TCP", "port": 443}],
    "reason": "while it moves",
    "owner": "platform",
    "expires": "2026-12-31",
}
STRANGE: list[Any] = [
    *(None, True, 0, -1, 2.5, 2**40, 80.0),
    *("", "=", "a=", "x\n", "٣", "0000-00-00", "::/0"),
    *([], {}, [None], [[]], {"a": {}}),
]
Path = tuple[str | int, ...]


def everything(defaults: Document) -> dict[str, Any]:
    """Values that use every key there is."""
    values = copy.deepcopy(defaults.data)
    values["environment"] = "test"
    values["flows"] = {"world-to-web": {"enabled": True}}
    values["exceptions"] = {"move": copy.deepcopy(EXCEPTION)}
    values["endpoints"]["internet"]["additionalExcept"] = {"lab": "192.0.2.0/24"}
    values["endpoints"]["dns"]["cidrs"] = ["169.254.20.10/32"]
    values["endpoints"]["world"] = {"anyone": False, "peers": {"office": {"cidr": "192.0.2.0/24"}}}
    return values


def paths(value: Any, base: Path = ()) -> Iterator[Path]:
    yield base
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*base, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*base, index))


def put(values: dict[str, Any], path: Path, value: Any) -> None:
    target: Any = values
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value


@quick_and_long("share", 4, 1)
@pytest.mark.parametrize("strange", STRANGE, ids=lambda value: json.dumps(value))
def test_a_strange_value_anywhere_is_survived(
    validate: Callable[..., Validated], defaults: Document, strange: Any, share: int
) -> None:
    whole = everything(defaults)
    assert validate(json.dumps(whole), environment=None).holds
    for path in list(paths(whole))[1::share]:
        values = copy.deepcopy(whole)
        put(values, path, copy.deepcopy(strange))
        validated = validate(json.dumps(values), environment=None)
        for finding in validated.findings:
            assert finding.message, key_path_text(path)
            assert finding.place.line >= 1


KEYS = st.text("ab-", min_size=1, max_size=3)
VALUES = st.recursive(
    st.sampled_from(STRANGE), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_strange_values_in_several_layers_are_survived(
    validate: Callable[..., Validated], defaults: Document, data: st.DataObject
) -> None:
    whole = everything(defaults)
    places = list(paths(whole))[1:]
    layers = []
    for _ in range(2):
        values = copy.deepcopy(whole)
        for path in data.draw(st.lists(st.sampled_from(places), max_size=3)):
            with contextlib.suppress(LookupError, TypeError):  # an earlier one took away what this one stands in
                put(values, path, data.draw(VALUES))
        layers.append(json.dumps(values))
    validated = validate(*layers, environment=None)
    assert validated.holds == (not [f for f in validated.findings if f.severity == "error"])
