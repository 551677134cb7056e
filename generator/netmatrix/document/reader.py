"""A YAML file, read strictly: data that Helm and every other reader would read alike, and a place for every value."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from netmatrix.document import rules
from netmatrix.document.compose import compose
from netmatrix.document.finding import Finding, FindingsError
from netmatrix.document.nodes import Child, MappingNode, ScalarNode
from netmatrix.document.place import KeyPath, Place
from netmatrix.document.text import MAX_BYTES, decode, misleading_lines

STANDARD_INPUT = "-"


class DocumentError(FindingsError):
    """A file cannot be read, or is not the YAML that this project accepts."""


@dataclass(frozen=True)
class Document:
    """The data of one file, and where each value stands in it.

    A value that is an alias stands where the alias is; what is inside it, and what a merge key brings in, stands at the
    anchor's lines.
    """

    file: str
    data: dict[str, Any]
    _values: Mapping[KeyPath, Place] = field(repr=False, compare=False)
    _keys: Mapping[KeyPath, Place] = field(repr=False, compare=False)

    def place(self, path: KeyPath) -> Place:
        """Where the value at `path` starts; its nearest ancestor's place where the document has no such value."""
        for length in range(len(path), -1, -1):
            place = self._values.get(path[:length])
            if place is not None:
                return place
        return Place(self.file)

    def key_place(self, path: KeyPath) -> Place:
        """Where the map key `path[-1]` stands; as `place` where `path` does not lead to a map key."""
        return self._keys.get(path) or self.place(path)

    def places(self) -> Mapping[KeyPath, Place]:
        """The place of every value in the document, the document itself, `()`, included."""
        return MappingProxyType(dict(self._values))


def parse_mapping(content: bytes, file: str) -> Document:
    """Read `content`; `file` is the name that findings give. Raises DocumentError with everything that is wrong."""
    text = decode(content, file)
    if isinstance(text, Finding):
        raise DocumentError([text])
    findings = misleading_lines(text, file)
    try:
        root, found = compose(text, file)
        findings += found
        values: dict[KeyPath, Place] = {}
        keys: dict[KeyPath, Place] = {}
        data = {} if findings else _expand(root, (), values, keys)
    except RecursionError:
        message, hint = "the values are nested too deep", "nest less; is this the file you mean?"
        raise DocumentError([Finding(rules.DEPTH, message, Place(file), hint=hint)]) from None
    if findings:
        raise DocumentError(findings)
    return Document(file, data, values, keys)


def read_mapping(file: str, *, stdin: BinaryIO | None = None) -> Document:
    """Read the file of that name; `-` is standard input. Raises DocumentError where it cannot be read or is refused."""
    try:
        content = _read_standard_input(stdin) if file == STANDARD_INPUT else _read_file(file)
    except (OSError, ValueError) as error:
        # ValueError: a name with a NUL in it, or a standard input that is closed.
        message, hint = _unreadable(file, error)
        raise DocumentError([Finding(rules.READABLE, message, Place(file), hint=hint)]) from error
    return parse_mapping(content, file)


def _expand(child: Child, path: KeyPath, values: dict[KeyPath, Place], keys: dict[KeyPath, Place]) -> Any:
    """The data of a node, every alias a copy of its own; fills in the places."""
    place, node = child
    values[path] = place
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, MappingNode):
        data: dict[str, Any] = {}
        for key, entry in node.entries.items():
            key_path = (*path, key)
            keys[key_path] = entry.key_place
            data[key] = _expand(entry.value, key_path, values, keys)
        return data
    return [_expand(item, (*path, index), values, keys) for index, item in enumerate(node.items)]


def _read_file(file: str) -> bytes:
    with Path(file).open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _read_standard_input(stdin: BinaryIO | None) -> bytes:
    # Python sets sys.stdin to None where the process was started with standard input closed.
    stream: BinaryIO | None = stdin or getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise ValueError("standard input is closed")
    return stream.read(MAX_BYTES + 1)


def _unreadable(file: str, error: OSError | ValueError) -> tuple[str, str]:
    """Why a file cannot be read, in plain words, and what to do."""
    if file == STANDARD_INPUT:
        return "standard input cannot be read: it is closed", "pipe a file into the command, or name one"
    if not file:
        return "the file name is empty", "give the name of a file"
    match error:
        case FileNotFoundError():
            return "there is no such file", _similar_file(file)
        case IsADirectoryError():
            return "it is a directory, not a file", "name a YAML file in it"
        case NotADirectoryError():
            return "a part of the path before the last is a file, not a directory", "check the path"
        case PermissionError():
            return "permission to read it is denied", f"make it readable, with chmod for instance: {file}"
        case OSError():
            return f"it cannot be read: {error.strerror or error}", "check the path, and that the disk is well"
        case _:
            return "the file name is not one that the system allows", "check the name for unusual characters"


def _similar_file(file: str) -> str:
    path = Path(file)
    try:
        names = [sibling.name for sibling in path.parent.iterdir()]
    except OSError:
        return f"there is no folder {str(path.parent)!r} either; check the path"
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.6)
    return f"did you mean {str(path.parent / close[0])!r}?" if close else "check the path"
