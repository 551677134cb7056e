"""Schema violations in an operator's words: what was expected, what was found, and how to write it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from netmatrix.document.finding import did_you_mean
from netmatrix.document.place import KeyPath, key_path_text

_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "a map",
    "string": "a string",
}
_SIZES = (
    ("minItems", "maxItems", "item"),
    ("minProperties", "maxProperties", "key"),
    ("minLength", "maxLength", "character"),
)
_COUNTED = {keyword for low, high, _ in _SIZES for keyword in (low, high)}
_EXPECTED = {"type", "enum", "const", "pattern", "minimum", "maximum", *_COUNTED}
_LONGEST_QUOTE = 60


def removal(schema: Any) -> tuple[str, str]:
    """What became of a removed key, which its schema's title says, and what to do."""
    title = str(schema.get("title", "")) if isinstance(schema, Mapping) else ""
    if "successor" in title:
        return title, "run `netmatrix migrate` on the file, or move the value there by hand"
    return title or "is not used any more", "take it out"


def explain(value: Any, schema: Any, keyword: str, expected: Any) -> tuple[str, str]:
    """A message and a hint for `value`, which breaks `keyword: expected` of `schema`."""
    schema = schema if isinstance(schema, Mapping) else {}
    if keyword == "uniqueItems":
        return f"the list has {_repeated(value)} twice", "remove one of the two"
    if keyword not in _EXPECTED:
        return f"{found(value)} is not possible here", form(schema)
    message = f"expected {expectation(schema, keyword)}; found {found(value, keyword)}"
    if keyword in ("enum", "const"):
        return message, _hint_for_choice(value, [expected] if keyword == "const" else list(expected), schema)
    return message, _hint_for_type(value, schema) if keyword == "type" else _about(schema)


def expectation(schema: Mapping[str, Any], keyword: str = "type") -> str:
    """What `schema` asks for: its title, or words such as "an integer between 1 and 65535", "one of 53, 5353"."""
    if "title" in schema and keyword not in _COUNTED:
        return str(schema["title"])
    if "const" in schema or "enum" in schema:
        return one_of([schema["const"]] if "const" in schema else schema["enum"])
    kinds = schema.get("type", [])
    names = [_TYPES.get(kind, str(kind)) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    clauses = [clause for clause in (_between(schema), _size(schema)) if clause]
    if keyword == "pattern" and "pattern" in schema:
        clauses.append(f"that matches {schema['pattern']}")
    return " ".join([" or ".join(names) or "a value", *clauses])


def found(value: Any, keyword: str = "") -> str:
    """`value` as its author is told: "the string '80'", "a map"; its size where `keyword` is about sizes."""
    if isinstance(value, (dict, list, str)) and value and keyword in _COUNTED:
        unit = next(unit for low, high, unit in _SIZES if keyword in (low, high))
        return f"{len(value)} {unit}{'' if len(value) == 1 else 's'}"
    if isinstance(value, (dict, list)):
        return f"{'a' if value else 'an empty'} {'map' if isinstance(value, dict) else 'list'}"
    if isinstance(value, str):
        return f"the string {quoted(value)}" if value else "an empty string"
    return json.dumps(value)


def quoted(text: str) -> str:
    """`text` in quotes, on one line, cut where it is long."""
    return repr(text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…")


def named(path: KeyPath) -> str:
    """What stands at `path`, by its key path."""
    return key_path_text(path) or "the document"


def one_of(choices: Sequence[Any]) -> str:
    """The `choices` as an enumeration: "one of 53, 5353"."""
    texts = [quoted(choice) if isinstance(choice, str) else json.dumps(choice) for choice in choices]
    return texts[0] if len(texts) == 1 else f"one of {', '.join(texts)}"


def form(schema: Any) -> str:
    """What `schema` asks for, as a hint: its title, its description or its pattern."""
    schema = schema if isinstance(schema, Mapping) else {}
    text = str(schema.get("title") or schema.get("description") or "")
    if text:
        return f"expected: {text}"
    return f"it must match {schema['pattern']}" if "pattern" in schema else ""


def on_the_command_line(hint: str, file: str) -> str:
    """`hint` as it holds where `file` is an argument such as `--set a=b`: quotes mean nothing there."""
    if hint.startswith("write it in quotes") and file.startswith("--set "):
        return "use --set-string, which takes every value as text"
    if "netmatrix migrate" in hint and file.startswith("--set"):
        return "set the successor instead"
    if hint.startswith("write it without quotes") and file.startswith("--set-string "):
        return "use --set, which reads numbers, true and false"
    return hint


def _about(schema: Mapping[str, Any]) -> str:
    description = str(schema.get("description", ""))
    return f"about this key: {description}" if description else ""


def _between(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"between {low} and {high}"
    if low is not None:
        return f"of at least {low}"
    return f"of at most {high}" if high is not None else ""


def _size(schema: Mapping[str, Any]) -> str:
    for lowest, highest, unit in _SIZES:
        low, high = schema.get(lowest), schema.get(highest)
        if low and high is not None:
            return f"of {low} to {high} {unit}s"
        if high is not None:
            return f"of at most {high} {unit}{'' if high == 1 else 's'}"
        if low:
            return f"of at least {low} {unit}{'' if low == 1 else 's'}"
    return ""


def _hint_for_type(value: Any, schema: Mapping[str, Any]) -> str:
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if isinstance(value, str) and "integer" in kinds and re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII):
        return f"write it without quotes: {value}"
    if isinstance(value, str) and "boolean" in kinds and value.lower() in ("true", "false"):
        return f"write it without quotes: {value.lower()}"
    if isinstance(value, (bool, int, float)) and "string" in kinds:
        return f'write it in quotes: "{json.dumps(value)}"'
    if isinstance(value, str) and "array" in kinds:
        return f"write it as a list: [{json.dumps(value)}]"
    return _about(schema)


def _hint_for_choice(value: Any, choices: Sequence[Any], schema: Mapping[str, Any]) -> str:
    if isinstance(value, str) and value:
        if any(not isinstance(choice, str) and json.dumps(choice) == value for choice in choices):
            return f"write it without quotes: {value}"
        words = [choice for choice in choices if isinstance(choice, str) and choice]
        return did_you_mean(value, words) or _about(schema)
    return _about(schema)


def _repeated(value: Any) -> str:
    if isinstance(value, list):
        for index, item in enumerate(value):
            if item in value[:index]:
                return found(item)
    return "an item"
