"""The tree of a YAML file: what was written, with places, before it becomes data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from netmatrix.document.place import Place
from netmatrix.document.scalars import Scalar


@dataclass(slots=True)
class ScalarNode:
    """A scalar, read. `text` is what was written, without quotes; `plain` says that there were none."""

    value: Scalar
    text: str
    plain: bool
    size: int = 1
    height: int = 0


@dataclass(slots=True)
class SequenceNode:
    """A list. `size` counts the values in it, itself included, and `height` the levels, aliases expanded."""

    items: list[Child] = field(default_factory=list)
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class MappingNode:
    """A mapping, its merge keys already merged. `size` and `height` as in SequenceNode."""

    entries: dict[str, Entry] = field(default_factory=dict)
    size: int = 1
    height: int = 1


Collection = SequenceNode | MappingNode
Node = ScalarNode | Collection


class Child(NamedTuple):
    """A node where it is used: an alias has a place of its own, and shares its node with the anchor."""

    place: Place
    node: Node


class Entry(NamedTuple):
    """A key's place and its value."""

    key_place: Place
    value: Child


def kind(node: Node) -> str:
    """What the node is, in words."""
    if isinstance(node, ScalarNode):
        return "a single value"
    return "a list" if isinstance(node, SequenceNode) else "a mapping"
