"""What a document that is accepted says, and where its values stand."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.document import KeyPath, Place
from netmatrix.document.reader import Document, parse_mapping, read_mapping

FILE = "values.yaml"


def parse(text: str) -> Document:
    return parse_mapping(text.encode(), FILE)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("0", 0),
        ("80", 80),
        ("-7", -7),
        ("9007199254740992", 2**53),
        ("-9007199254740992", -(2**53)),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("1.0", 1.0),
        ('"2026-12-31"', "2026-12-31"),
        ("2026-12", "2026-12"),
        ("2026-12-31-x", "2026-12-31-x"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.96.0.1/32", "10.96.0.1/32"),
        ("1.2.3", "1.2.3"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::1", "::1"),
        ("99:99", "99:99"),
        ("12a", "12a"),
        ("1,000", "1,000"),
        ("0x", "0x"),
        ("0b12", "0b12"),
        ("0o8", "0o8"),
        ("_1", "_1"),
        ("inf", "inf"),
        ("nULL", "nULL"),
        ("--1", "--1"),
        ("...x", "...x"),
        ("k8s-app=kube-dns", "k8s-app=kube-dns"),
        ('"yes"', "yes"),
        ("'012'", "012"),
        ('"1e3"', "1e3"),
        ('"~"', "~"),
        ("|\n  012\n", "012\n"),
        (">-\n  yes\n", "yes"),
        ("one\n  two", "one two"),
    ],
)
def test_a_value_is_read_as_helm_reads_it(written: str, read: Any) -> None:
    value = parse(f"a: {written}").data["a"]
    assert value == read
    assert type(value) is type(read)


@pytest.mark.parametrize(
    "text",
    ["# a comment\n", "---\n", "--- # nothing\n...\n", "{}\n", "# one\n---\n# two\n---\n"],
)
def test_a_document_with_nothing_in_it_is_an_empty_mapping(text: str) -> None:
    document = parse(text)
    assert document.data == {}
    assert document.place(("any", "path")).file == FILE


@pytest.mark.parametrize(
    "text", ["---\na: 1\n", "a: 1\n---\n", "a: 1\n...\n", "a: 1\n--- # the end\n", "a: 1\r\n---\r\n"]
)
def test_a_separator_with_nothing_behind_it_does_no_harm(text: str) -> None:
    assert parse(text).data == {"a": 1}


PLACES = """\
pods:
  ui:
    selector: ["app=x", 'tier=y']
    ports: {http: 80, "a.b": 443}
  empty:
list:
- first
-   second: é x
    third: 3
"""


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        ((), 1, 1),
        (("pods",), 2, 3),
        (("pods", "ui"), 3, 5),
        (("pods", "ui", "selector"), 3, 15),
        (("pods", "ui", "selector", 0), 3, 16),
        (("pods", "ui", "selector", 1), 3, 25),
        (("pods", "ui", "ports", "http"), 4, 19),
        (("pods", "ui", "ports", "a.b"), 4, 30),
        (("pods", "empty"), 5, 9),
        (("list", 0), 7, 3),
        (("list", 1), 8, 5),
        (("list", 1, "second"), 8, 13),
        (("list", 1, "third"), 9, 12),
    ],
)
def test_a_value_has_its_place(path: KeyPath, line: int, column: int) -> None:
    document = parse(PLACES)
    assert document.place(path) == Place(FILE, line, column)
    assert document.places()[path] == Place(FILE, line, column)


def test_a_column_counts_characters_not_bytes() -> None:
    assert parse('"äöü😀": 1').place(("äöü😀",)) == Place(FILE, 1, 9)


def test_a_missing_value_stands_where_its_nearest_ancestor_does() -> None:
    document = parse(PLACES)
    assert document.place(("pods", "ui", "labels", "x")) == document.place(("pods", "ui"))
    assert document.place(("nothing",)) == document.place(())
    assert document.place(("list", 7)) == document.place(("list",))


def test_a_key_has_a_place_of_its_own() -> None:
    document = parse(PLACES)
    assert document.key_place(("pods", "ui", "ports", "a.b")) == Place(FILE, 4, 23)
    assert document.key_place(("pods", "empty")) == Place(FILE, 5, 3)
    assert document.key_place(("list", 0)) == document.place(("list", 0)), "a list item has no key"
    assert document.key_place(("pods", "no")) == document.place(("pods",)), "no such key"


def test_an_alias_stands_where_it_is_written_and_its_content_at_the_anchor() -> None:
    document = parse("base: &b\n  port: 80\ncopy: *b\n")
    assert document.data == {"base": {"port": 80}, "copy": {"port": 80}}
    assert document.place(("copy",)) == Place(FILE, 3, 7)
    assert document.place(("copy", "port")) == Place(FILE, 2, 9)
    assert document.key_place(("copy", "port")) == Place(FILE, 2, 3)


def test_two_aliases_are_two_values() -> None:
    data = parse("a: &a {x: 1}\nb: *a\nc: *a\n").data
    data["b"]["x"] = 2
    assert data["a"] == {"x": 1}
    assert data["c"] == {"x": 1}


@pytest.mark.parametrize(
    ("merging", "merged"),
    [
        ("<<: *x", {"p": 1, "q": 1}),
        ("<<: *x\n  q: 9", {"p": 1, "q": 9}),
        ("<<: [*x, *z]", {"p": 1, "q": 1, "r": 2}),
        ("<<: [*z, *x]", {"p": 1, "q": 2, "r": 2}),
        ("<<: [*z, {q: 3, s: 3}]", {"q": 2, "r": 2, "s": 3}),
        ("<<: []\n  t: 4", {"t": 4}),
        ("t: 4\n  <<: *x", {"p": 1, "q": 1, "t": 4}),
        ("<<: {<<: *x, q: 5}", {"p": 1, "q": 5}),
        ('"<<": *x', {"<<": {"p": 1, "q": 1}}),
    ],
)
def test_a_merge_key_is_read_as_helm_reads_it(merging: str, merged: dict[str, Any]) -> None:
    text = f"x: &x {{p: 1, q: 1}}\nz: &z {{q: 2, r: 2}}\nm:\n  {merging}\n"
    assert parse(text).data["m"] == merged


def test_what_a_merge_key_brings_in_stands_at_the_anchor() -> None:
    document = parse("x: &x\n  p: 1\n  q: 1\nm:\n  <<: *x\n  q: 2\n")
    assert document.place(("m", "p")) == Place(FILE, 2, 6)
    assert document.key_place(("m", "p")) == Place(FILE, 2, 3)
    assert document.place(("m", "q")) == Place(FILE, 6, 6)


def test_an_anchor_may_be_defined_anew_and_keys_may_be_anchors() -> None:
    assert parse("a: &x 1\nb: &x 2\nc: *x\n").data == {"a": 1, "b": 2, "c": 2}
    assert parse("&k key: 1\nb: *k\n").data == {"key": 1, "b": "key"}
    assert parse("a: &k key\n*k : 2\n").data == {"a": "key", "key": 2}


def test_a_file_is_read_under_the_name_that_its_user_gave(tmp_path: Path) -> None:
    file = tmp_path / "v.yaml"
    file.write_bytes(b"a: 1\n")
    document = read_mapping(str(file))
    assert document.data == {"a": 1}
    assert document.place(("a",)) == Place(str(file), 1, 4)


def test_a_dash_is_standard_input() -> None:
    document = read_mapping("-", stdin=io.BytesIO(b"a: 1\n"))
    assert document.data == {"a": 1}
    assert document.place(("a",)) == Place("-", 1, 4)


def test_without_libyaml_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = parse(PLACES)
    monkeypatch.delattr(yaml, "CBaseLoader", raising=False)
    document = parse(PLACES)
    assert document.data == expected.data
    assert document.places() == expected.places()
