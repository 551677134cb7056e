"""A schema for a file that is only a part of a whole, which other files complete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CHOICES = ("anyOf", "oneOf", "not", "if", "then", "else", "dependencies")
_NAMED = ("properties", "patternProperties", "definitions")  # their keys are names, not keywords
_DATA = ("const", "default", "enum", "examples")  # their values are values, not schemas


def for_one_layer(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` for a file that is only a part of the values: it demands no key that another file may hold."""
    return {key: _relaxed(key, value) for key, value in schema.items() if not _demands_keys(key, value)}


def _relaxed(keyword: str, value: Any) -> Any:
    if keyword in _DATA:
        return value
    if isinstance(value, list):
        return [_relaxed("", item) for item in value]
    if not isinstance(value, dict):
        return value
    if keyword in _NAMED:
        return {name: _relaxed("", subschema) for name, subschema in value.items()}
    return for_one_layer(value)


def _demands_keys(keyword: str, value: Any) -> bool:
    return keyword in ("required", "minProperties") or (keyword in _CHOICES and _mentions_required(value))


def _mentions_required(value: Any) -> bool:
    if isinstance(value, dict):
        return "required" in value or any(_mentions_required(item) for item in value.values())
    return isinstance(value, list) and any(_mentions_required(item) for item in value)
