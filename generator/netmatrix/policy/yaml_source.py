"""YAML documents as data, fast: nodes are composed by libyaml and turned into dictionaries here.

What kubectl would read otherwise than another YAML reader becomes a Doubt, which is refused only where it is used;
a key that stands twice, a tag and a broken alias are refused wherever they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import yaml

from netmatrix.document import Finding, KeyPath, Place
from netmatrix.document import rules as document_rules
from netmatrix.document.scalars import DoubtfulKey, key_doubt, read_plain
from netmatrix.document.syntax import syntax_finding
from netmatrix.policy.yaml_careful import build_carefully

MAX_DEPTH = 200

_SUSPICIOUS = re.compile(r"^[ \t?-]{150}", re.MULTILINE)
_MANY_BRACKETS = 1000

_Node = yaml.Node
_read_plain = lru_cache(maxsize=65536)(read_plain)
_key_doubt = lru_cache(maxsize=65536)(key_doubt)


@dataclass(frozen=True, slots=True)
class YamlSource:
    """A document: the first of `text`, whose first line is the file's line `first_line`."""

    file: str
    text: str
    first_line: int

    def place(self, path: KeyPath, *, of_key: bool = False) -> Place:
        """As Source.place."""
        node: _Node | None = _nodes(self.text)[0]
        found, key = node, None
        for part in path:
            key, node = _child(node, part)
            if node is None:
                break
            found = node
        start = key if of_key and key is not None and node is not None else found
        return self.place_of(start)

    def place_of(self, node: _Node | None) -> Place:
        """Where a node of this document starts."""
        if node is None:
            return Place(self.file, self.first_line)
        return Place(self.file, node.start_mark.line + self.first_line, node.start_mark.column + 1)


def read_yaml(text: str, file: str, first_line: int, findings: list[Finding]) -> Iterator[tuple[YamlSource, Any]]:
    """The document of `text`, which has no `---` line in it, and what is wrong with it. None is an empty one.

    A second one, after a `---` between carriage returns, is refused: kubectl and Helm read the first alone.
    """
    try:
        _check_depth(text)
        source = YamlSource(file, text, first_line)
        for index, node in enumerate(_nodes(text)):
            if index:
                message = "a document starts here without a line of its own that is ---, and not every reader reads it"
                hint = "end all lines with a line feed, and put --- on a line between two documents"
                findings.append(Finding(document_rules.SEPARATOR, message, source.place_of(node), hint=hint))
                return
            if node is None:
                yield source, None
                continue
            try:
                if "*" in text and "&" in text:
                    raise _UnusualError
                data = _build(node)
            except _UnusualError:
                data, found = build_carefully(node, source, _scalar, _key)
                findings += found
                if found:
                    continue
            yield source, data
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        found_at = syntax_finding(error, text, file)
        place = replace(found_at.place, line=found_at.place.line + first_line - 1)
        findings.append(replace(found_at, place=place))
    except (RecursionError, _TooDeepError):
        message = f"the values are nested more than {MAX_DEPTH} levels deep"
        place = Place(file, first_line)
        hint = "nest less; is this the file you mean?"
        findings.append(Finding(document_rules.DEPTH, message, place, hint=hint))


class _UnusualError(Exception):
    """The document holds something that needs the careful builder."""


class _TooDeepError(Exception):
    """The document is nested deeper than libyaml's composer survives."""


_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""libyaml's, where PyYAML has it."""


class _Composer(_Loader):  # type: ignore[misc]
    """Composes nodes without PyYAML's resolution of tags: a node's tag is what was written, or empty.

    The parser calls these three at each node; what it calls here is a built-in that takes anything and returns "".
    """

    resolve = descend_resolver = ascend_resolver = staticmethod("".format)


@lru_cache(maxsize=2)
def _nodes(text: str) -> tuple[_Node | None, ...]:
    """The root of each document of `text`; a document with nothing in it is None."""
    composer = _Composer(text)
    roots: list[_Node | None] = []
    while composer.check_node():
        root = composer.get_node()
        empty = isinstance(root, yaml.ScalarNode) and not root.style and not root.value and not root.tag
        roots.append(None if empty else root)
    return tuple(roots)


def _build(node: _Node) -> Any:
    """The data of a node without anything unusual in it."""
    if node.tag:
        raise _UnusualError
    if isinstance(node, yaml.MappingNode):
        data: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag or key.value == "<<":
                raise _UnusualError
            data[_key(key)] = _build(value) if not isinstance(value, yaml.ScalarNode) or value.tag else _scalar(value)
        if len(data) != len(node.value):
            raise _UnusualError
        return data
    if isinstance(node, yaml.SequenceNode):
        return [_build(item) for item in node.value]
    assert isinstance(node, yaml.ScalarNode)
    return _scalar(node)


def _scalar(node: yaml.ScalarNode) -> Any:
    """A string, number, boolean or None, or a Doubt."""
    return node.value if node.style else _read_plain(node.value)


def _key(node: yaml.ScalarNode) -> str:
    text: str = node.value
    return text if node.style or not _key_doubt(text) else DoubtfulKey(text)


def _child(node: _Node | None, part: str | int) -> tuple[_Node | None, _Node | None]:
    """The key and value of a child; a merged value is looked for in its own mapping only."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == part:
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None, None


def _check_depth(text: str) -> None:
    """Keep deep nesting from libyaml's composer, which ends the whole process at some depth [tried: 100,000]."""
    if not _SUSPICIOUS.search(text) and text.count("[") + text.count("{") < _MANY_BRACKETS:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _TooDeepError
