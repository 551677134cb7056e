"""Keys that values had once: they stay in the schema, untyped and marked, so that the chart names what to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from netmatrix.document import Finding, did_you_mean
from netmatrix.emit.rules import REMOVED
from netmatrix.matrix.model import Removed
from netmatrix.matrix.rules import MatrixError

Schema = dict[str, Any]
_ANY = "*"


def with_removed(schema: Schema, removed: Sequence[Removed]) -> Schema:
    """`schema` with every key of `removed` in its place.

    Without a type, so that a validator lets it pass, whatever it holds, and the chart's own judge speaks of it by name.
    Raises MatrixError where a key has no place, is one of today's, or has a successor that is none.
    """
    findings = [finding for item in removed for finding in _problems(schema, item)]
    if findings:
        raise MatrixError(findings)
    for item in removed:
        parent = _at(schema, item.key[:-1])
        assert parent is not None, "judged above"
        parent["properties"][item.key[-1]] = {
            "title": _said(item),
            "description": f"{_said(item)[0].upper()}{_said(item)[1:]}.",
            "deprecated": True,
        }
    return schema


def for_helm(schema: Any) -> Any:
    """`schema` for Helm's own validator, which runs before the chart's judge, and so must not speak first.

    A map that holds a removed key lacks what took its place; no key is demanded of such a map here.
    """
    if isinstance(schema, list):
        return [for_helm(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: for_helm(value) for key, value in schema.items()}
    properties = schema.get("properties")
    named = properties.items() if isinstance(properties, dict) else ()
    old = [name for name, item in named if isinstance(item, dict) and item.get("deprecated")]
    if old and isinstance(schema.get("required"), list):
        demanded = found.pop("required")
        found |= {"if": {"anyOf": [{"required": [name]} for name in old]}, "else": {"required": demanded}}
    return found


def _said(item: Removed) -> str:
    if item.successor:
        return f"was removed in {item.since}; its successor is {'.'.join(item.successor)}"
    return f"was removed in {item.since}, and nothing took its place: {item.reason.rstrip('.')}"


def _problems(schema: Schema, item: Removed) -> Iterator[Finding]:
    key = ".".join(item.key)
    parent = _at(schema, item.key[:-1])
    if item.key[-1] == _ANY or parent is None or "properties" not in parent:
        hint = "name the removed map itself, if that is gone too"
        yield Finding(REMOVED, f"{key} has no place: the map that held it is not there", item.place, hint=hint)
    elif item.key[-1] in parent["properties"]:
        yield Finding(REMOVED, f"{key} is a key of the values", item.place, hint="take it out of `removed`")
    if not item.successor:
        return
    now = ".".join(item.successor)
    if _at(schema, item.successor) is None:
        above = _at(schema, item.successor[:-1]) or {}
        hint = did_you_mean(item.successor[-1], above.get("properties", {})) or "name a key that values have"
        yield Finding(REMOVED, f"{now}, which took the place of {key}, is no key of the values", item.place, hint=hint)
    elif [part for part in item.key if part == _ANY] != [part for part in item.successor if part == _ANY]:
        message = f"{key} and {now} do not stand for the same ids"
        yield Finding(REMOVED, message, item.place, hint="write as many * in both")


def _at(schema: Schema, path: Sequence[str]) -> Schema | None:
    """The schema of the key at `path`, None where there is no such key."""
    node: Schema = schema
    for part in path:
        below = node.get("additionalProperties") if part == _ANY else node.get("properties", {}).get(part)
        if not isinstance(below, dict):
            return None
        node = below
    return node
