"""The reference of the values: every key with its type, its default, what it is for and what it must satisfy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from netmatrix.emit.schema import Schema, values_schema
from netmatrix.emit.values_files import chart_defaults
from netmatrix.matrix.model import Matrix

_LEGEND = (
    "A key that is not listed is refused. `ID` is an id of your own choice; what is *required* must be given wherever "
    "the map that holds it is."
)

_NONE = object()
"""The default of a key that is not there until somebody writes it."""


def values_markdown(matrix: Matrix) -> str:
    """A section for each top-level key, and in it a table with a line for each key below."""
    schema = values_schema(matrix)
    parts = ["# Values", "", f"{schema['description']} {_LEGEND}"]
    defaults = chart_defaults(matrix)
    for name, item in schema["properties"].items():
        if name in defaults:
            parts += ["", f"## {name}", "", item["description"], "", *_table(name, item, defaults[name], schema)]
    parts += ["", "## Others", "", "| Key | What it is |", "|---|---|"]
    others = {name: item for name, item in schema["properties"].items() if name not in defaults and _is_used(item)}
    others |= {f"{pattern.lstrip('^')}...": item for pattern, item in schema["patternProperties"].items()}
    parts += [f"| `{name}` | {item['description']} |" for name, item in others.items()]
    parts += _removed(matrix)
    return "\n".join(parts) + "\n"


def _removed(matrix: Matrix) -> Iterator[str]:
    """The keys of earlier versions, and what to write now."""
    if not matrix.removed:
        return
    yield from ("", "## Removed", "", "`netmatrix migrate` rewrites a file that has them; `*` stands for any id.", "")
    yield from ("| Key | Removed in | What to write now |", "|---|---|---|")
    for item in matrix.removed:
        now = f"`{'.'.join(item.successor)}`" if item.successor else f"nothing: {item.reason}"
        yield f"| `{'.'.join(item.key)}` | {item.since} | {now} |"


def _is_used(item: Schema) -> bool:
    return not item.get("deprecated", False)


def _table(name: str, item: Schema, default: Any, schema: Schema) -> Iterator[str]:
    yield from ("| Key | Type | Default | What it is | Rules |", "|---|---|---|---|---|")
    for path, below, value, rules in _keys(name, item, default, required=False):
        described = _resolved(below, schema)
        said = "; ".join(filter(None, (*_constraints(described, schema), rules)))
        cells = (f"`{path}`", _type(described), _default(value), described.get("description", ""), said)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _keys(path: str, item: Schema, default: Any, *, required: bool) -> Iterator[tuple[str, Schema, Any, str]]:
    """The keys at and below `path` that hold a value, and the maps whose keys the operator chooses."""
    properties = {name: below for name, below in item.get("properties", {}).items() if _is_used(below)}
    own = item.get("additionalProperties")
    chosen = own if isinstance(own, dict) else None
    if not properties or chosen:
        yield path, item, default, "required" if required else ""
    if chosen:
        yield from _below(f"{path}.ID", chosen)
    for name, below in properties.items():
        if list(properties) == ["enabled"]:  # what is switched is said of the map
            below = {**below, "description": item["description"]}
        value = default.get(name, _NONE) if isinstance(default, dict) else _NONE
        demanded = default is _NONE and name in item.get("required", ())
        yield from _keys(f"{path}.{name}", below, value, required=demanded)
    if item.get("type") == "array" and "properties" in item.get("items", {}):
        yield from _below(f"{path}[]", item["items"])


def _below(path: str, item: Schema) -> Iterator[tuple[str, Schema, Any, str]]:
    """The keys of a map that is not there by default; a value in the place of a map is described with the map."""
    if "properties" in item:
        yield from _keys(path, item, _NONE, required=False)


def _resolved(item: Schema, schema: Schema) -> Schema:
    if "$ref" not in item:
        return item
    definition: Schema = schema["definitions"][item["$ref"].rpartition("/")[2]]
    return definition


def _type(item: Schema) -> str:
    kind = str(item.get("type", ""))
    return {"array": "list", "object": "map"}.get(kind, kind)


def _default(value: Any) -> str:
    return "" if value is _NONE else f"`{json.dumps(value)}`"


def _constraints(item: Schema, schema: Schema) -> Iterator[str]:
    """What a value must satisfy, in words: a title says what a pattern means."""
    if "title" in item:
        yield item["title"]
    elif "enum" in item:
        yield "one of " + ", ".join(f"`{value}`" for value in item["enum"])
    if "items" in item and "properties" not in item["items"] and "title" not in item:
        entry = _resolved(item["items"], schema)
        yield f"each is {entry.get('title', entry.get('type'))}"
    if "propertyNames" in item:
        yield f"`ID` is {item['propertyNames']['title']}"
    own = item.get("additionalProperties")
    if isinstance(own, dict):
        yield own["description"].rstrip(".") if "properties" in own else f"each is {_resolved(own, schema)['title']}"
    counts = (("minItems", "at least {}"), ("maxItems", "at most {}"), ("maxProperties", "at most {}"))
    yield from (words.format(item[key]) for key, words in counts if key in item)
    if item.get("uniqueItems"):
        yield "none twice"
