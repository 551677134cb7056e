"""From YAML events to a tree of nodes with places, and everything about the file's YAML that is to be refused.

Events rather than PyYAML's own nodes: they tell a quoted scalar from a plain one and an alias from what it stands for,
and they come one by one, so that the limits hold before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeGuard

import yaml

from netmatrix.document import rules
from netmatrix.document.finding import Finding, Rule
from netmatrix.document.nodes import Child, Collection, Entry, MappingNode, Node, ScalarNode, SequenceNode, kind
from netmatrix.document.place import KeyPath, Place
from netmatrix.document.scalars import Doubt, key_doubt, read_plain
from netmatrix.document.syntax import syntax_finding

MAX_DEPTH = 64
MAX_VALUES = 100_000

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SLASH = re.compile(r"(?<!\\)(?:\\\\)*\\/")


class _StopError(Exception):
    """The rest of the file is not worth reading, or not safe to read."""


def compose(text: str, file: str) -> tuple[Child, list[Finding]]:
    """The tree of the file's one document, an empty mapping where it holds comments alone, and all that is wrong."""
    composer = _Composer(text, file)
    return composer.run(), composer.findings


def _events(text: str) -> Iterator[yaml.Event]:
    """The events of `text`, from libyaml where PyYAML has it."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    parsed: Iterator[yaml.Event] = yaml.parse(text, Loader=loader)
    return parsed


class _Composer:
    """Reads one file; `findings` grows on the way."""

    def __init__(self, text: str, file: str) -> None:
        self.findings: list[Finding] = []
        self._text = text
        self._lines = text.split("\n")
        self._file = file
        self._events = _events(text)
        self._anchors: dict[str, Child | None] = {}  # None: the anchored collection is still being read

    def run(self) -> Child:
        root = Child(Place(self._file), MappingNode())
        try:
            self._next()  # the start of the stream
            if isinstance(self._next(), yaml.DocumentStartEvent):
                root = self._root(root)
                self._no_other_document()
        except _StopError:
            pass
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            # PyYAML without libyaml raises ValueError for an escape that is no character.
            self.findings.append(syntax_finding(error, self._text, self._file))
        return root

    def _root(self, empty: Child) -> Child:
        event = self._next()
        if _is_nothing(event):
            self._next()  # the end of the document
            return empty
        root = self._node(event, ())
        self._next()
        if isinstance(root.node, MappingNode):
            return root
        message = f"the document is {kind(root.node)}, not a mapping of keys to values"
        self._report(rules.MAPPING, message, root.place, (), 'write "key: value", with a space after the colon')
        return empty

    def _no_other_document(self) -> None:
        """A separator with nothing behind it is harmless; Helm 3 drops what follows one, Helm 4 merges it."""
        while isinstance(start := self._next(), yaml.DocumentStartEvent):
            if not _is_nothing(self._next()):
                hint = "put it into a file of its own: Helm 3 reads the first document of a file only, Helm 4 all"
                self._report(rules.ONE_DOCUMENT, "a second document starts here", self._place(start), (), hint)
                raise _StopError
            self._next()

    def _node(self, event: yaml.Event, path: KeyPath) -> Child:
        """The value that starts with `event`, read to its end."""
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor or "", place, path)
        if not isinstance(event, (yaml.ScalarEvent, yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            raise yaml.YAMLError("a value is missing")
        if event.tag is not None:
            self._refuse_tag(event.tag, place, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        child = Child(place, self._unnamed_node(event, place, path))
        if event.anchor is not None:
            self._anchors[event.anchor] = child
        return child

    def _unnamed_node(self, event: yaml.Event, place: Place, path: KeyPath) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place, path)
        self._check_depth(len(path) + 1, place, path)
        return self._sequence(path) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(path)

    def _scalar(self, event: yaml.ScalarEvent, place: Place, path: KeyPath) -> ScalarNode:
        text: str = event.value
        if not _is_plain(event) or event.tag is not None:
            self._check_escapes(event, place, path)
            return ScalarNode(text, text, plain=False)
        value = read_plain(text)
        if isinstance(value, Doubt):
            message = f"{_clip(text)!r} without quotes is ambiguous: {value.reason}"
            self._report(rules.CLEAR_SCALAR, message, place, path, value.hint)
            value = text
        return ScalarNode(value, text, plain=True)

    def _check_escapes(self, event: yaml.ScalarEvent, place: Place, path: KeyPath) -> None:
        """Refuse the escapes that PyYAML knows and Helm does not."""
        if _SURROGATE.search(event.value):
            message, hint = "quoted text holds an escape that is no character", "write the character itself"
            self._report(rules.SYNTAX, message, place, path, hint)
        if event.style == '"' and "/" in event.value and _ESCAPED_SLASH.search(self._written(event)):
            message = "quoted text holds the escape \\/, which Helm does not know"
            self._report(rules.SYNTAX, message, place, path, "write / alone")

    def _written(self, event: yaml.Event) -> str:
        """The text of the file that the event stands for."""
        return self._text[event.start_mark.index : event.end_mark.index] if event.start_mark and event.end_mark else ""

    def _sequence(self, path: KeyPath) -> SequenceNode:
        node = SequenceNode()
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            item_path = (*path, len(node.items))
            item = self._node(event, item_path)
            node.items.append(item)
            self._grow(node, item, item.place, item_path)
        return node

    def _mapping(self, path: KeyPath) -> MappingNode:
        node = MappingNode()
        own: dict[str, Place] = {}  # the keys that stand in this mapping itself, not merged into it
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            place = self._place(event)
            merge = _is_plain(event) and event.value == "<<"
            key = "<<" if merge else self._key(event, place, path)
            again = key in own
            if again:
                first = own[key].line
                lines = f"lines {first} and {place.line}" if first != place.line else f"line {first}"
                message = f"key {_clip(key)!r} stands twice in one mapping, on {lines}"
                self._report(rules.KEY_ONCE, message, place, (*path, key), "keep one of the two")
            start = self._next()
            value = self._node(start, (*path, key))
            if not merge:
                node.entries[key] = Entry(place, value)
                self._grow(node, value, value.place, (*path, key))
            elif not again:
                sources = self._merge_sources(value, isinstance(start, yaml.AliasEvent), (*path, key))
                self._merge(node, own, sources, value.place, path)
            own.setdefault(key, place)
        return node

    def _key(self, event: yaml.Event, place: Place, path: KeyPath) -> str:
        """The text of the key that starts with `event`; where it is no string, a text that stands for it."""
        node = self._scalar_key(event, place, path)
        if node is None:
            self._refuse_collection_key(event, place, path)
            return self._lines[place.line - 1][place.column - 1 :]
        doubt = key_doubt(node.text) if node.plain else ""
        if doubt:
            message = f"key {_clip(node.text)!r} without quotes is not a string: {doubt}"
            hint = f'quote it: "{_clip(node.text)}":' if node.text else 'write a key before the ":"'
            self._report(rules.KEY_IS_STRING, message, place, (*path, node.text), hint)
        return node.text

    def _scalar_key(self, event: yaml.Event, place: Place, path: KeyPath) -> ScalarNode | None:
        """The key as a scalar, or None for a collection."""
        if _is_plain(event):
            if event.tag is not None:
                self._refuse_tag(event.tag, place, (*path, event.value))
            value = read_plain(event.value)
            read = ScalarNode(event.value if isinstance(value, Doubt) else value, event.value, plain=True)
            if event.anchor is not None:
                self._anchors[event.anchor] = Child(place, read)
            return read
        if isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
            node = self._node(event, path).node
            return node if isinstance(node, ScalarNode) else None
        return None

    def _refuse_collection_key(self, event: yaml.Event, place: Place, path: KeyPath) -> None:
        """Report the key and read past it, as its content is never data."""
        line = self._lines[place.line - 1]
        hint = "write the key as text"
        if line.startswith("{{", place.column - 2):
            hint = "Helm does not run templates in a values file; quote a text that starts with {"
        self._report(rules.KEY_IS_STRING, "a key is a collection, not a string", place, path, hint)
        depth = 1 if isinstance(event, yaml.CollectionStartEvent) else 0
        while depth:
            inner = self._next()
            depth += isinstance(inner, yaml.CollectionStartEvent) - isinstance(inner, yaml.CollectionEndEvent)
            self._check_depth(len(path) + 1 + depth, self._place(inner), path)

    def _alias(self, name: str, place: Place, path: KeyPath) -> Child:
        target = self._anchors.get(name)
        if target is not None:
            self._check_depth(len(path) + target.node.height, place, path)
            return Child(place, target.node)
        if name in self._anchors:
            message = f"the alias *{name} refers to the collection that it stands in"
            self._report(rules.NO_RECURSION, message, place, path, "write the value out, or refer to another anchor")
        else:
            message = f"the alias *{name} refers to an anchor that is not defined above it"
            hint = f"define &{name} before this line, or quote the value if it is text that starts with *"
            self._report(rules.SYNTAX, message, place, path, hint)
        return Child(place, ScalarNode(None, "", plain=False))

    def _merge_sources(self, value: Child, is_alias: bool, path: KeyPath) -> list[MappingNode]:
        """The mappings that the value of a `<<` names. Helm refuses an alias of a list there."""
        nodes = [value.node]
        if isinstance(value.node, SequenceNode) and not is_alias:
            nodes = [item.node for item in value.node.items]
        mappings = [node for node in nodes if isinstance(node, MappingNode)]
        if len(mappings) < len(nodes):
            message = "a merge key takes a mapping, or a list of mappings written in its place"
            hint = 'write <<: *anchor, or <<: [*one, *other]; quote "<<" if it is meant as text'
            self._report(rules.MERGE, message, value.place, path, hint)
        return mappings

    def _merge(
        self, node: MappingNode, own: dict[str, Place], sources: list[MappingNode], place: Place, path: KeyPath
    ) -> None:
        """Put the entries of `sources` into `node`; of several sources, the first one wins.

        A key of the mapping itself that stands before the merge key wins in most readers, and loses in Helm's.
        """
        merged: dict[str, Entry] = {}
        for source in sources:
            for key, entry in source.entries.items():
                merged.setdefault(key, entry)
        for key, entry in merged.items():
            if key in own:
                message = f"key {_clip(key)!r} stands before a merge key that sets it too: Helm takes the merged value"
                self._report(rules.MERGE, message, own[key], (*path, key), "put the << first in its mapping")
                continue
            node.entries[key] = entry
            self._grow(node, entry.value, place, (*path, key))

    def _grow(self, node: Collection, value: Child, place: Place, path: KeyPath) -> None:
        """Count `value` into `node`; stop at `place` where that is too much."""
        node.size += value.node.size
        node.height = max(node.height, 1 + value.node.height)
        if node.size > MAX_VALUES:
            message = f"the document holds more than {MAX_VALUES:,} values, aliases expanded"
            hint = "use fewer aliases of collections that hold aliases themselves; is this the file you mean?"
            self._report(rules.COUNT, message, place, path, hint)
            raise _StopError

    def _check_depth(self, depth: int, place: Place, path: KeyPath) -> None:
        if depth > MAX_DEPTH:
            message = f"the values are nested more than {MAX_DEPTH} levels deep"
            self._report(rules.DEPTH, message, place, path, "nest less; is this the file you mean?")
            raise _StopError

    def _refuse_tag(self, tag: str, place: Place, path: KeyPath) -> None:
        short = _clip(tag.replace("tag:yaml.org,2002:", "!!", 1))
        hint = "remove the tag; quote the value if it is text"
        self._report(rules.NO_TAG, f"the value carries the YAML tag {short}", place, path, hint)

    def _report(self, rule: Rule, message: str, place: Place, path: KeyPath, hint: str) -> None:
        self.findings.append(Finding(rule, message, place, path, hint))

    def _next(self) -> yaml.Event:
        return next(self._events)

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self._file) if mark is None else Place(self._file, mark.line + 1, mark.column + 1)


def _is_plain(event: yaml.Event) -> TypeGuard[yaml.ScalarEvent]:
    """Whether the event is a scalar without quotes. The empty value is one."""
    return isinstance(event, yaml.ScalarEvent) and event.style in (None, "")


def _is_nothing(event: yaml.Event) -> bool:
    """Whether the event is a document with nothing in it."""
    return _is_plain(event) and event.value == "" and event.tag is None and event.anchor is None


def _clip(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
