"""Values from `--set` and its kin: what Helm made of them is given, here each value finds the argument that set it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from netmatrix.document import KeyPath, Place
from netmatrix.values.merge import Merged, Node

_HELM_ORDER = ("--set-json", "--set", "--set-string", "--set-file", "--set-literal")
"""The order in which Helm applies the flags, whatever order they are given in (`pkg/cli/values`, MergeValues)."""


@dataclass(frozen=True, slots=True)
class CommandLineValues:
    """What Helm itself made of all `-f` files and `--set` arguments together, nulls kept, before the chart's defaults.

    `arguments` are the flags with their texts, in the order of the command line: `("--set", "pods.ui.ports.http=0")`.
    """

    data: Mapping[str, Any]
    arguments: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Argument:
    """One `--set` argument as the origin of values; every place in it is its beginning."""

    flag: str
    text: str

    def place(self, _path: KeyPath, /) -> Place:
        """The argument as the user typed it."""
        return Place(f"{self.flag} {self.text}")

    def key_place(self, path: KeyPath, /) -> Place:
        """The argument as the user typed it."""
        return self.place(path)


_Reach = list[tuple[Argument, tuple[KeyPath, ...]]]


def with_command_line(files: Merged, command_line: CommandLineValues) -> Merged:
    """The values that Helm read, with the places of `files` where these say the same, else of an argument."""
    arguments = sorted(
        (Argument(flag, text) for flag, text in command_line.arguments), key=lambda argument: _rank(argument.flag)
    )
    if not arguments:
        return files
    reach = [(argument, tuple(key_paths(argument))) for argument in arguments]
    return Merged(_attribute(command_line.data, files.root, (), reach))


def key_paths(argument: Argument) -> Iterator[KeyPath]:
    """The paths that `argument` sets: `a.b[0].c=1,d=2` sets `a.b[0].c` and `d`. A JSON map alone sets its leaves."""
    text = argument.text
    if argument.flag == "--set-json" and text.lstrip().startswith("{"):
        yield from _leaves(text)
        return
    if argument.flag in ("--set-json", "--set-literal"):
        yield _read_key(text, 0)[0]
        return
    position = 0
    while position < len(text):
        path, position = _read_key(text, position)
        yield path
        position = _skip_value(text, position)


def same(one: Any, other: Any) -> bool:
    """Whether two values are one value to Helm: 80 is 80.0 (both become JSON numbers), but 1 is not true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if _is_number(one) and _is_number(other):
        return one == other or float(one) == float(other)
    return type(one) is type(other) and bool(one == other)


def _attribute(value: Any, known: Node | None, path: KeyPath, reach: _Reach) -> Node:
    """`value` as nodes: those of `known`, the files' node at `path`, where they say the same."""
    if known is not None and known.children is None and same(known.value, value):
        return known
    merging = known is not None and known.children is not None
    origin = known.origin if known is not None and merging and isinstance(value, dict) else _who_set(path, reach)
    if not isinstance(value, dict):
        return Node(origin, value)
    below = known.children if known is not None and known.children is not None else {}
    return Node(origin, children={k: _attribute(v, below.get(k), (*path, k), reach) for k, v in value.items()})


def _who_set(path: KeyPath, reach: _Reach) -> Argument:
    """The last argument with a key that leads to `path` or through it; else the last of those that come nearest."""
    best, best_score = reach[-1][0], (False, 0)
    for argument, keys in reach:
        for key in filter(None, keys):
            common = _common(key, path)
            leads = common == min(len(key), len(path))
            score = (leads, 0 if leads else common)
            if score >= best_score:
                best, best_score = argument, score
    return best


def _common(one: KeyPath, other: KeyPath) -> int:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += 1
    return length


def _rank(flag: str) -> int:
    return _HELM_ORDER.index(flag) if flag in _HELM_ORDER else len(_HELM_ORDER)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _leaves(text: str) -> Iterator[KeyPath]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    pending: list[tuple[KeyPath, Any]] = [((), value)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict) and value:
            pending.extend(((*path, key), item) for key, item in value.items())
        else:
            yield path


def _read_key(text: str, position: int) -> tuple[KeyPath, int]:
    """The key path that begins at `position`, and the position after its `=`. A backslash makes the next sign plain."""
    path: list[str | int] = []
    word = ""
    while position < len(text):
        character = text[position]
        if character == "\\" and position + 1 < len(text):
            position += 1
            word += text[position]
        elif character in ".=,[":
            if word:
                path.append(word)
            word = ""
            if character == "=":
                return tuple(path), position + 1
            if character == ",":
                return tuple(path), position
            if character == "[":
                end = text.find("]", position)
                index = text[position + 1 : end] if end > 0 else ""
                if index.isascii() and index.isdigit():
                    path.append(int(index))
                position = end if end > 0 else len(text)
        else:
            word += character
        position += 1
    return ((*path, word) if word else tuple(path)), position


def _skip_value(text: str, position: int) -> int:
    """The position after the value that begins at `position` and the comma behind it; `{a,b}` is one value."""
    in_list = text.startswith("{", position)
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif in_list and character == "}":
            in_list = False
        elif character == "," and not in_list:
            return position + 1
        position += 1
    return position
