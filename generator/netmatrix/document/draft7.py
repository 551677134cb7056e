"""JSON Schema draft-07, judged so that Python and Helm come to one verdict.

Some keywords are the project's own versions, for three reasons. A missing key, an unknown key and a bad key are each a
violation at the key's own path. A pattern means what it means to Go's RE2, which Helm's validator uses: ASCII classes,
`$` at the very end only. And a key that is marked as deprecated is not to be used at all. `jsonschema` is imported on
first use, so that `--help` stays fast.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

_Keyword = Callable[[Any, Any, Any, Any], Iterator[Any]]


def validator(schema: Mapping[str, Any]) -> Any:
    """A validator for `schema`; its `iter_errors` gives `jsonschema.exceptions.ValidationError`s."""
    return _draft7()(schema)


@cache
def _draft7() -> Any:
    from jsonschema import Draft7Validator, validators

    keywords: dict[str, _Keyword] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "propertyNames": _property_names,
        "required": _required,
        "deprecated": _deprecated,
    }
    return validators.extend(Draft7Validator, keywords)  # type: ignore[no-untyped-call]


@cache
def re2(pattern: str) -> re.Pattern[str]:
    """`pattern` compiled to mean what it means in RE2: ASCII classes, and `$` matches at the very end only."""
    text, in_class, position = "", False, 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            text += pattern[position : position + 2]
            position += 2
            continue
        if character == "[" and not in_class:
            in_class = True
        elif character == "]" and in_class and not text.endswith(("[", "[^")):
            in_class = False
        text += r"\Z" if character == "$" and not in_class else character
        position += 1
    return re.compile(text, re.ASCII)


def _pattern(checker: Any, pattern: str, instance: Any, _: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if checker.is_type(instance, "string") and not re2(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(checker: Any, patterns: Mapping[str, Any], instance: Any, _: Any) -> Iterator[Any]:
    if checker.is_type(instance, "object"):
        for pattern, subschema in patterns.items():
            for key in instance:
                if re2(pattern).search(key):
                    yield from checker.descend(instance[key], subschema, path=key, schema_path=pattern)


def _additional_properties(checker: Any, rest: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if not checker.is_type(instance, "object"):
        return
    for key in _additional(instance, schema):
        if rest is False:
            yield ValidationError(f"{key!r} is unknown", path=(key,))
        else:
            yield from checker.descend(instance[key], rest, path=key)


def _additional(instance: Iterable[str], schema: Mapping[str, Any]) -> Iterator[str]:
    patterns = schema.get("patternProperties", {})
    known = schema.get("properties", {})
    return (key for key in instance if key not in known and not any(re2(pattern).search(key) for pattern in patterns))


def _property_names(checker: Any, names: Any, instance: Any, _: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if checker.is_type(instance, "object"):
        for key in instance:
            violation = next(checker.descend(key, names), None)
            if violation is not None:
                yield ValidationError(f"{key!r} is not a good key", path=(key,), context=[violation])


def _required(checker: Any, required: list[str], instance: Any, _: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if checker.is_type(instance, "object"):
        for key in required:
            if key not in instance:
                yield ValidationError(f"{key!r} is missing", path=(key,))


def _deprecated(_checker: Any, is_deprecated: bool, _instance: Any, _schema: Any) -> Iterator[Any]:
    """No keyword of draft-07, so that Helm's validator passes over it; whoever judges for Helm's user does not."""
    from jsonschema.exceptions import ValidationError

    if is_deprecated:
        yield ValidationError("this is not used any more")
