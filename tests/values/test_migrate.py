"""Overrides of earlier versions become overrides of this one, and keep everything that a person has written in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from netmatrix.document import key_path_text
from netmatrix.document.reader import parse_mapping
from netmatrix.emit.schema import values_schema
from netmatrix.matrix.load import load_matrix
from netmatrix.values.migrate import Migrated, migrate, moves
from netmatrix.values.schema import Schemas
from netmatrix.values.validate import check_layers
from tests.support.scenarios import ROOT

FOLDER = Path(__file__).parent / "migrate"
WEBSHOP = load_matrix(str(ROOT / "tests/webshop/matrix.yaml"))
CASES = sorted(file.name.removesuffix(".before.yaml") for file in FOLDER.glob("*.before.yaml"))


def migrated(text: str) -> Migrated:
    return migrate(text, parse_mapping(text.encode(), "a.yaml"), WEBSHOP.removed)


def before(name: str) -> str:
    return (FOLDER / f"{name}.before.yaml").read_bytes().decode()


def after(name: str) -> str:
    file = FOLDER / f"{name}.after.yaml"
    return file.read_bytes().decode() if file.exists() else before(name)


def comments(text: str) -> list[str]:
    return sorted(re.findall(r"(?m)(?:^|\s)(#.*?)\r?$", text))


@pytest.mark.parametrize("name", CASES)
def test_an_override_becomes_what_it_should(name: str) -> None:
    found = migrated(before(name))
    assert found.text == after(name)
    by_hand = dict(re.findall(r"(?m)^# by hand: (\S+): (.*)$", before(name)))
    assert {key_path_text(finding.path): finding.hint for finding in found.by_hand}.keys() == by_hand.keys()
    assert all(finding.hint.startswith(by_hand[key_path_text(finding.path)]) for finding in found.by_hand)


@pytest.mark.parametrize("name", CASES)
def test_no_comment_is_lost_and_a_second_run_finds_nothing_to_move(name: str) -> None:
    found = migrated(before(name))
    assert comments(found.text) == comments(before(name))
    again = migrated(found.text)
    assert again.text == found.text
    assert again.moved == ()
    assert len(again.by_hand) == len(found.by_hand)


@pytest.mark.parametrize("name", CASES)
def test_what_was_moved_is_judged_by_todays_schema(name: str) -> None:
    found = migrated(before(name))
    document = parse_mapping(found.text.encode(), "a.yaml")
    findings = check_layers(Schemas.of(values_schema(WEBSHOP)), [document])
    left = {finding.path for finding in found.by_hand}
    assert {finding.path for finding in findings if finding.rule.id == "NM291"} == left


def test_all_removed_keys_of_the_matrix_are_in_the_cases() -> None:
    used = {
        move.removed.key for name in CASES for move in moves(parse_mapping(before(name).encode(), ""), WEBSHOP.removed)
    }
    assert used == {item.key for item in WEBSHOP.removed}


ENABLED = st.fixed_dictionaries({"enabled": st.booleans()})
OVERRIDES = st.fixed_dictionaries(
    {},
    optional={
        "pods": st.fixed_dictionaries(
            {},
            optional={
                "cart": st.fixed_dictionaries(
                    {},
                    optional={
                        "port": st.integers(1, 65535),
                        "selector": st.just(["app=cart", "tier=web"]),
                        "ports": st.dictionaries(st.sampled_from(["grpc", "metrics"]), st.integers(1, 9)),
                    },
                ),
                "mailer": st.just({"selector": ["app=mail: er"]}),
            },
        ),
        "namespaces": st.fixed_dictionaries(
            {},
            optional={
                "shop": st.sampled_from(["back", "my-shop", "x # y"]),
                "back": st.fixed_dictionaries({}, optional={"create": st.booleans(), "name": st.just("other")}),
            },
        ),
        "flows": st.dictionaries(st.sampled_from(["cart-to-db", "cart-to-database", "cart-to-mailer"]), ENABLED),
        "endpoints": st.fixed_dictionaries({}, optional={"coredns": st.fixed_dictionaries({"cidrs": st.just([])})}),
        "exceptions": st.dictionaries(
            st.sampled_from(["a", "b"]),
            st.fixed_dictionaries({"until": st.just("2099-01-01"), "reason": st.just("a\nb\n")}),
        ),
    },
)


@settings(max_examples=150, deadline=None)
@given(OVERRIDES, st.sampled_from([True, False, None]), st.sampled_from([2, 4]), st.sampled_from([0, 1, 2]))
def test_whatever_an_override_says_it_says_afterwards_or_a_person_is_told(
    data: dict[str, Any], style: bool | None, indent: int, every: int
) -> None:
    dumped = yaml.safe_dump(data, default_flow_style=style, indent=indent, sort_keys=False) + "# the end\n"
    # No line ends in a carriage return, or every one, or every other one.
    lines = [line + ("\r\n" if every and not at % every else "\n") for at, line in enumerate(dumped.splitlines())]
    text = "".join(lines)
    found = migrated(text)
    if every < 2:
        assert found.text.count("\r") == every * found.text.count("\n")
    result = parse_mapping(found.text.encode(), "a.yaml").data
    assert "# the end" in found.text
    was, now = dict(leaves(parse_mapping(text.encode(), "a.yaml").data)), dict(leaves(result))
    renamed = {move.old: move.new for move in found.moved}

    def moved(path: tuple[Any, ...]) -> tuple[Any, ...]:
        old = next((old for old in renamed if path[: len(old)] == old), None)
        return path if old is None else (*renamed[old], *path[len(old) :])

    assert now == {moved(path): value for path, value in was.items()}
    present = {move.old for move in moves(parse_mapping(text.encode(), "a.yaml"), WEBSHOP.removed)}
    assert present == renamed.keys() | {finding.path for finding in found.by_hand}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    return [(path, value)]
