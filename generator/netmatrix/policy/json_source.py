"""JSON documents as data, and the places of their values, which are looked for only when they are asked for."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any, NoReturn

from netmatrix.document import Finding, KeyPath, Place
from netmatrix.document import rules as document_rules

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_ITEMS = "items"
_BLOCK = 65536


@dataclass(frozen=True, slots=True)
class JsonSource:
    """A JSON value that starts at the character `start` of `text`."""

    file: str
    text: str
    start: int

    def place(self, path: KeyPath, *, of_key: bool = False) -> Place:
        """As Source.place."""
        start = self.start
        if len(path) > 1 and path[0] == _ITEMS and isinstance(path[1], int):
            item = _list_items(self.text, start).start_of(path[1])
            start, path = (start, path) if item is None else (item, path[2:])
        return self._place_from(start, path, of_key=of_key)

    def _place_from(self, start: int, path: KeyPath, *, of_key: bool) -> Place:
        """The place of the value at `path` in the value that starts at `start`."""
        keys: dict[KeyPath, int] = {}
        values: dict[KeyPath, int] = {}
        wanted = {path[:length] for length in range(len(path) + 1)}
        for found, offset, is_key in _walk(self.text, start):
            if found in wanted:
                (keys if is_key else values).setdefault(found, offset)
                if found == path and not is_key:
                    break
        if of_key and path in keys:
            return self.place_at(keys[path])
        deepest = next(path[:length] for length in range(len(path), -1, -1) if path[:length] in values)
        return self.place_at(values[deepest])

    def place_at(self, offset: int) -> Place:
        """The place of a character of the text."""
        return _place(self.text, offset, self.file)


def read_json(text: str, file: str) -> tuple[list[tuple[JsonSource, Any]], list[Finding]]:
    """The values of a JSON stream, one after the other, or what is wrong with it."""
    documents: list[tuple[JsonSource, Any]] = []
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)
    start = _space_end(text, 0)
    try:
        while start < len(text):
            data, end = decoder.raw_decode(text, start)
            documents.append((JsonSource(file, text, start), data))
            start = _space_end(text, end)
    except _RepeatedKeyError:
        return documents, _repeated_keys(JsonSource(file, text, start))
    except json.JSONDecodeError as error:
        hint = "is the file complete?" if error.pos >= len(text.rstrip()) else "check this line and the one above it"
        message = f"this is not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        return documents, [Finding(document_rules.SYNTAX, message, _place(text, error.pos, file), hint=hint)]
    except ValueError as error:  # NaN, or a number of thousands of digits
        message = f"this is not valid JSON: {str(error)[:80]}"
        return documents, [Finding(document_rules.SYNTAX, message, _place(text, start, file))]
    except RecursionError:
        message, hint = "the values are nested too deep", "nest less; is this the file you mean?"
        return documents, [Finding(document_rules.DEPTH, message, _place(text, start, file), hint=hint)]
    return documents, []


class _RepeatedKeyError(Exception):
    """A key stands twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise _RepeatedKeyError
    return data


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _repeated_keys(source: JsonSource) -> list[Finding]:
    """Every key that stands twice in the value that starts there."""
    seen: set[KeyPath] = set()
    findings: list[Finding] = []
    with contextlib.suppress(ValueError):  # what follows the first of them may be no JSON at all
        for path, offset, is_key in _walk(source.text, source.start):
            if is_key and path in seen:
                message = f"key {str(path[-1])[:40]!r} stands twice in its mapping"
                place, hint = source.place_at(offset), "remove one of the two"
                findings.append(Finding(document_rules.KEY_ONCE, message, place, path, hint))
            if is_key:
                seen.add(path)
    return findings


class _ListItems:
    """Where the items of a List object start, so that nothing is walked over again for the place of the next one."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._starts: list[int] = []
        self._next = next((at for path, at, is_key in _walk(text, start) if path == (_ITEMS, 0) and not is_key), None)

    def start_of(self, index: int) -> int | None:
        """The first character of an item; None where there is no such item, or one before it is nested too deep."""
        while self._next is not None and index >= len(self._starts):
            self._starts.append(self._next)
            try:
                after = _space_end(self._text, _DECODER.raw_decode(self._text, self._next)[1])
            except RecursionError:
                self._next = None
                return None
            self._next = _space_end(self._text, after + 1) if self._text[after] == "," else None
        return self._starts[index] if index < len(self._starts) else None


@lru_cache(maxsize=2)
def _list_items(text: str, start: int) -> _ListItems:
    return _ListItems(text, start)


def _walk(text: str, start: int) -> Iterator[tuple[KeyPath, int, bool]]:
    """Path and offset of every key and every value of the JSON value at `start`; the text is known to be JSON."""
    path: list[str | int] = []
    expects_key: list[bool] = []  # for each open collection, whether it is an object
    awaiting_key = False
    for token in _TOKEN.finditer(text, start):
        kind = token[0][0]
        if kind in "]}":
            expects_key.pop()
            path.pop()
            awaiting_key = False
            if not expects_key:
                return
        elif kind == ",":
            last = path[-1]
            awaiting_key = expects_key[-1]
            if isinstance(last, int):
                path[-1] = last + 1
        elif kind == ":":
            awaiting_key = False
        elif awaiting_key:
            path[-1] = str(json.loads(token[0]))
            yield tuple(path), token.start(), True
        else:
            yield tuple(path), token.start(), False
            if kind in "[{":
                expects_key.append(kind == "{")
                path.append("" if kind == "{" else 0)
                awaiting_key = kind == "{"
            elif not expects_key:
                return


def _space_end(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _place(text: str, offset: int, file: str) -> Place:
    block = offset // _BLOCK
    line = _lines_before_blocks(text)[block] + text.count("\n", block * _BLOCK, offset) + 1
    return Place(file, line, offset - text.rfind("\n", 0, offset))


@lru_cache(maxsize=2)
def _lines_before_blocks(text: str) -> list[int]:
    """How many lines end before each block of the text."""
    counts = (text.count("\n", at, at + _BLOCK) for at in range(0, len(text), _BLOCK))
    return list(accumulate(counts, initial=0))
