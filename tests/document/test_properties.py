"""What holds for every document: dumped data is read back, each value has a place, and no bytes crash the reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from netmatrix.document import Finding, KeyPath
from netmatrix.document.reader import DocumentError, parse_mapping

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.integers(-9999, 9999).map(lambda n: n / 8).filter(lambda n: str(n) != "-0.0")
    | TEXT
)
DATA = st.dictionaries(
    TEXT,
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)),
    max_size=5,
)
FRAGMENTS = st.sampled_from(
    [
        *(
            "a: ",
            "k: ",
            ": ",
            "- ",
            "? ",
            "\n",
            "\n  ",
            "\n    ",
            "---\n",
            "...\n",
            "|\n",
            ">\n",
            "{",
            "}",
            "[",
            "]",
            ", ",
        ),
        *("&a ", "*a", "<<: *a", '"', "'", "\\", "/", "!", "%", "@", "=", " # ", "\t", "\x00", "\x85", "\ufeff"),
        *(", ", "x", "1", "0", "~", "yes", ".5", "_", "é", "😀"),
    ]
)


class QuotingDumper(yaml.SafeDumper):
    """Writes every string in double quotes."""


QuotingDumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def walk(data: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    yield path, data
    if isinstance(data, dict):
        for key, value in data.items():
            yield from walk(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from walk(value, (*path, index))


def starts(text: str, value: Any) -> bool:
    """Whether `text`, the rest of a line, may be the start of `value`."""
    if isinstance(value, str):
        return text.startswith('"')
    if isinstance(value, dict):
        return text.startswith(('"', "{", "? "))
    if isinstance(value, list):
        return text.startswith(("-", "["))
    return text.startswith(str(yaml.safe_dump(value)).split("\n")[0])


def findings(content: bytes) -> tuple[Finding, ...]:
    try:
        parse_mapping(content, "x.yaml")
    except DocumentError as error:
        return error.findings
    return ()


@settings(max_examples=60, deadline=None)
@given(DATA, st.booleans())
def test_what_is_dumped_is_read_back_and_every_value_has_its_place(data: dict[str, Any], flow: bool) -> None:
    text: str = yaml.dump(data, Dumper=QuotingDumper, default_flow_style=flow, sort_keys=False)
    document = parse_mapping(text.encode(), "x.yaml")
    assert document.data == data
    lines = text.split("\n")
    assert set(document.places()) == {path for path, _ in walk(data)}
    for path, value in walk(data):
        place = document.place(path)
        assert starts(lines[place.line - 1][place.column - 1 :], value), (path, place)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=60)
    | TEXT.map(str.encode)
    | st.lists(FRAGMENTS, max_size=14).map(lambda parts: "".join(parts).encode())
)
def test_no_bytes_raise_anything_but_a_document_error(content: bytes) -> None:
    lines = content.count(b"\n") + content.count(b"\r") + 1
    for finding in findings(content):
        assert finding.message
        assert finding.hint
        assert 1 <= finding.place.line <= lines + 1
        assert finding.place.column >= 1
