"""Violations of a JSON Schema as findings in an operator's words. Knows nothing of values: any data can be judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from netmatrix.document import wording
from netmatrix.document.draft7 import validator
from netmatrix.document.finding import Finding, Rule, did_you_mean
from netmatrix.document.place import KeyPath, Place

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

PlaceOf = Callable[[KeyPath], Place]

_TELLING = ("type", "const", "enum")  # where one of these speaks, the others at the same value add nothing


def schema_findings(
    schema: Mapping[str, Any],
    data: Any,
    *,
    place: PlaceOf,
    key_place: PlaceOf,
    invalid: Rule,
    unknown: Rule,
    missing: Rule,
    removed: Rule | None = None,
) -> list[Finding]:
    """Everything in `data` that `schema` (draft-07) forbids, at most one finding for a path.

    An unknown key is a finding of `unknown` at that key, a missing one of `missing` at the key of the map that lacks it
    (its path ends in the missing key), a deprecated one of `removed` at that key, anything else of `invalid` at the
    value.
    """
    findings: list[Finding] = []
    for path, error in _by_path(schema, data).items():
        match error.validator:
            case "additionalProperties":
                findings.append(_unknown_key(unknown, path, error, key_place))
            case "required":
                message = f"{wording.quoted(str(path[-1]))} is missing in {wording.named(path[:-1])}"
                hint = f"add the key {wording.quoted(str(path[-1]))}"
                findings.append(Finding(missing, message, key_place(path[:-1]), path, hint))
            case "propertyNames":
                message = f"{wording.quoted(str(path[-1]))} cannot be a key of {wording.named(path[:-1])}"
                hint = wording.form(error.context[0].schema)
                findings.append(Finding(invalid, message, key_place(path), path, hint))
            case "deprecated":
                became, hint = wording.removal(error.schema)
                message = f"{wording.named(path)} {became}"
                findings.append(Finding(removed or invalid, message, key_place(path), path, hint))
            case keyword:
                message, hint = wording.explain(error.instance, error.schema, str(keyword), error.validator_value)
                findings.append(Finding(invalid, f"{wording.named(path)}: {message}", place(path), path, hint))
    return findings


def _by_path(schema: Mapping[str, Any], data: Any) -> dict[KeyPath, ValidationError]:
    errors: dict[KeyPath, ValidationError] = {}
    for error in sorted(_errors(schema, data), key=_importance):
        errors.setdefault(tuple(error.absolute_path), error)
    # What took a removed key's place is missing because of it, and that is told.
    old = {path[:-1] for path, error in errors.items() if error.validator == "deprecated"}
    return {path: error for path, error in errors.items() if error.validator != "required" or path[:-1] not in old}


def _errors(schema: Mapping[str, Any], data: Any) -> Iterator[ValidationError]:
    for error in validator(schema).iter_errors(data):
        yield _innermost(error)


def _innermost(error: ValidationError) -> ValidationError:
    """`error` itself; for a choice between schemas (`anyOf`, `oneOf`) the error of the branch that fits best."""
    from jsonschema.exceptions import best_match

    best = best_match([error]) if error.validator in ("anyOf", "oneOf") else None
    return error if best is None else best


def _importance(error: ValidationError) -> int:
    """Sorts errors so that of those at one path the most telling comes first."""
    keyword = str(error.validator)
    return _TELLING.index(keyword) if keyword in _TELLING else len(_TELLING)


def _unknown_key(rule: Rule, path: KeyPath, error: ValidationError, key_place: PlaceOf) -> Finding:
    key = str(path[-1])
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    message = f"unknown key {wording.quoted(key)} in {wording.named(path[:-1])}"
    hint = did_you_mean(key, schema.get("properties", {})) or "nothing may stand here: remove it"
    return Finding(rule, message, key_place(path), path, hint)
