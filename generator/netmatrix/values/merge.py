"""Helm's merging of values, with the place of everything that comes out of it.

Found by rendering random values with Helm 4.3.1 and 3.22.0 (the parity test holds it against the helm at hand):

1. All `-f` layers first: maps are merged key by key, anything else replaces what was there; null is a value like any
   other, and a later layer may replace it.
2. The result over the chart's defaults: null on a key that has a default deletes the key; null on a key without one
   stays. Where one side is a map and the other is not, the user's side wins whole. Lists are never merged.
3. Null over a default that is itself null: at the top level the key is deleted, deeper down the null stays.

Helm 3 and 4 differ in one thing, and this module follows Helm 4. Where the user says nothing about a key, Helm 4 drops
nulls from the default (from maps at any depth, not inside lists) and Helm 3 keeps them. The charts that we generate
have no nulls in their defaults, so both come to the same for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from netmatrix.document import KeyPath, Place
from netmatrix.document.reader import Document


class Origin(Protocol):
    """Who set a value: a document, or an argument of the command line."""

    def place(self, path: KeyPath, /) -> Place:
        """Where the value at `path` stands."""
        ...

    def key_place(self, path: KeyPath, /) -> Place:
        """Where the key of the value at `path` stands."""
        ...


class Nowhere:
    """The origin of the empty values that no layer at all makes."""

    def place(self, _path: KeyPath, /) -> Place:
        """A place that stands for the values as a whole."""
        return Place("values")

    key_place = place


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its origin. A map has `children`, and beside them what nulls `deleted`; all else has `value`."""

    origin: Origin
    value: Any = None
    children: Mapping[str, Node] | None = None
    deleted: Mapping[str, Node] = field(default_factory=dict)

    def plain(self) -> Any:
        """The value without its origins."""
        if self.children is None:
            return self.value
        return {key: child.plain() for key, child in self.children.items()}

    def has_nulls(self) -> bool:
        """Whether a null deleted something in it, or stayed as the value of a key."""
        if self.children is None:
            return self.value is None
        return bool(self.deleted) or any(child.has_nulls() for child in self.children.values())


class Merged:
    """Values merged from several layers: the `data`, and for every path the place in the layer that set it."""

    def __init__(self, root: Node, defaults: Origin | None = None) -> None:
        self.root = root
        self.data: dict[str, Any] = root.plain()
        self._defaults = defaults

    def place_of(self, path: KeyPath) -> Place:
        """Where the value at `path` was set: a map or a list at its key, a scalar at itself.

        For a key that a null deleted: the null. For a path that is not there: the nearest ancestor.
        """
        node, found = self._nearest(path)
        if isinstance(node.value, list):
            return _place_in_list(node, found, path)
        return node.origin.key_place(found) if node.children is not None else node.origin.place(found)

    def key_place_of(self, path: KeyPath) -> Place:
        """Where the last key of `path` stands in the layer that set it last."""
        node, found = self._nearest(path)
        return node.origin.key_place(path if found == path or isinstance(node.value, list) else found)

    def was_deleted(self, path: KeyPath) -> bool:
        """Whether a null deleted the value at `path`."""
        node = self._nearest(path[:-1])[0]
        return bool(path) and path[-1] in node.deleted

    def has_null(self, path: KeyPath) -> bool:
        """Whether the value at `path` is null, as a map's value is only where the chart has no default for it."""
        node, found = self._nearest(path)
        return found == path and _is_null(node) and not self.was_deleted(path)

    def is_default(self, path: KeyPath) -> bool:
        """Whether the value at `path` is the chart's own, so that no layer of the user's says anything about it."""
        return self._defaults is not None and self._nearest(path)[0].origin is self._defaults

    def _nearest(self, path: KeyPath) -> tuple[Node, KeyPath]:
        """The node at `path`, or of its nearest ancestor (or of the null that deleted that), and its own path."""
        node = self.root
        for depth, key in enumerate(path):
            if node.children is None or not isinstance(key, str):
                return node, path[:depth]
            child = node.children.get(key) or node.deleted.get(key)
            if child is None:
                return node, path[:depth]
            node = child
        return node, path


def merge_layers(documents: Sequence[Document]) -> Merged:
    """What Helm makes of `-f` files before it looks at the chart's defaults; a later layer wins, nulls are kept."""
    merged = Node(Nowhere(), children={})
    for document in documents:
        merged = _merge(merged, node_of(document.data, document))
    return Merged(merged)


def over_defaults(defaults: Document, merged: Merged) -> Merged:
    """`merged` over the chart's `defaults`, as templates see it in `.Values`."""
    return Merged(_coalesce(merged.root, node_of(defaults.data, defaults), top=True), defaults)


def node_of(value: Any, origin: Origin) -> Node:
    """`value` with one origin for all that is in it."""
    if isinstance(value, dict):
        return Node(origin, children={key: node_of(item, origin) for key, item in value.items()})
    return Node(origin, value)


def _merge(lower: Node, upper: Node) -> Node:
    if lower.children is None or upper.children is None:
        return upper
    children = dict(lower.children)
    for key, child in upper.children.items():
        children[key] = _merge(children[key], child) if key in children else child
    return Node(upper.origin, children=children)


def _coalesce(user: Node, defaults: Node, *, top: bool = False) -> Node:
    if user.children is None or defaults.children is None:
        return user
    children: dict[str, Node] = {}
    deleted: dict[str, Node] = {}
    for key, default in defaults.children.items():
        if key not in user.children and not _is_null(default):
            children[key] = _without_nulls(default)
    for key, child in user.children.items():
        if key not in defaults.children:
            children[key] = child
        elif _is_null(child) and (top or not _is_null(defaults.children[key])):
            deleted[key] = child
        else:
            children[key] = _coalesce(child, defaults.children[key])
    origin = defaults.origin if isinstance(user.origin, Nowhere) else user.origin
    return Node(origin, children=children, deleted=deleted)


def _without_nulls(node: Node) -> Node:
    if node.children is None:
        return node
    kept = {key: _without_nulls(child) for key, child in node.children.items() if not _is_null(child)}
    return Node(node.origin, children=kept)


def _is_null(node: Node) -> bool:
    return node.children is None and node.value is None


def _place_in_list(node: Node, found: KeyPath, path: KeyPath) -> Place:
    """The place of `path`, or of its nearest ancestor, in or below the list at `found`; of the key where it has one."""
    value: Any = node.value
    for key in path[len(found) :]:
        try:
            value = value[key]
        except (LookupError, TypeError):
            break
        found = (*found, key)
    return node.origin.key_place(found) if isinstance(value, (dict, list)) else node.origin.place(found)
