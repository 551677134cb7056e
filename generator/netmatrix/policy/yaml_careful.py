"""The data of a YAML document that holds aliases, merge keys, tags or repeated keys: read slowly, judged in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import yaml

from netmatrix.document import Finding, Place, Rule
from netmatrix.document import rules as document_rules

MAX_VALUES = 1_000_000

_MERGE = "<<"


class Placing(Protocol):
    """What knows where a node stands."""

    def place_of(self, node: yaml.Node | None) -> Place: ...


def build_carefully(
    node: yaml.Node, source: Placing, scalar: Callable[[yaml.ScalarNode], Any], key: Callable[[yaml.ScalarNode], str]
) -> tuple[Any, list[Finding]]:
    """The data of `node`, and everything that is wrong with its YAML. The data is of use only where nothing is."""
    builder = _Builder(source, scalar, key)
    data = builder.build(node)
    return data, builder.findings


class _Builder:
    """An aliased collection is built once and shared: its expanded size is counted, so that a bomb is refused."""

    def __init__(
        self, source: Placing, scalar: Callable[[yaml.ScalarNode], Any], key: Callable[[yaml.ScalarNode], str]
    ) -> None:
        self.findings: list[Finding] = []
        self._source, self._scalar, self._key = source, scalar, key
        self._built: dict[yaml.Node, tuple[Any, int]] = {}
        self._open: set[yaml.Node] = set()

    def build(self, node: yaml.Node) -> Any:
        data, size = self._sized(node)
        if size > MAX_VALUES:
            message = f"the document holds more than {MAX_VALUES:,} values, aliases expanded"
            self._report(document_rules.COUNT, message, node, "write the values out; is this the file you mean?")
        return data

    def _sized(self, node: yaml.Node) -> tuple[Any, int]:
        if node.tag:
            short = str(node.tag).replace("tag:yaml.org,2002:", "!!", 1)[:40]
            self._report(document_rules.NO_TAG, f"the value carries the YAML tag {short}", node, "remove the tag")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node), 1
        built = self._built.get(node)
        if built is None:
            if node in self._open:
                message = "an alias refers to the collection that it stands in"
                self._report(document_rules.NO_RECURSION, message, node, "write the value out")
                return None, 1
            self._open.add(node)
            built = self._mapping(node) if isinstance(node, yaml.MappingNode) else self._sequence(node)
            self._built[node] = built
            self._open.remove(node)
        return built

    def _sequence(self, node: yaml.Node) -> tuple[list[Any], int]:
        items = [self._sized(item) for item in node.value]
        return [data for data, _ in items], 1 + sum(size for _, size in items)

    def _mapping(self, node: yaml.MappingNode) -> tuple[dict[str, Any], int]:
        data: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        total = 1
        for key_node, value_node in node.value:
            value, size = self._sized(value_node)
            total += size
            if not isinstance(key_node, yaml.ScalarNode):
                message = "a key is a collection, not a string"
                self._report(document_rules.KEY_IS_STRING, message, key_node, "write the key as text")
                continue
            if key_node.value == _MERGE and not key_node.style:
                self._merge(merged, value, value_node)
                continue
            key = self._key(key_node)
            if key in data:
                message = f"key {key[:40]!r} stands twice in its mapping"
                self._report(document_rules.KEY_ONCE, message, key_node, "remove one of the two")
            data[key] = value
        return {**merged, **data} if merged else data, total

    def _merge(self, merged: dict[str, Any], value: Any, node: yaml.Node) -> None:
        """Of several mappings, the first one wins; the mapping's own keys win over all (YAML's merge key type)."""
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                message = "a merge key takes a mapping, or a list of mappings"
                self._report(document_rules.MERGE, message, node, "write <<: *anchor")
                return
            for key, item in source.items():
                merged.setdefault(key, item)

    def _report(self, rule: Rule, message: str, node: yaml.Node, hint: str) -> None:
        self.findings.append(Finding(rule, message, self._source.place_of(node), hint=hint))
