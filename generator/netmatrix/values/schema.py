"""The schema of the values, held by each file alone and by the merged values, and what nulls have to do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from netmatrix.document import Finding, wording
from netmatrix.document.one_layer import for_one_layer
from netmatrix.document.reader import Document
from netmatrix.document.schema import schema_findings
from netmatrix.values import rules
from netmatrix.values.merge import Merged, merge_layers


@dataclass(frozen=True, slots=True)
class Schemas:
    """What the merged values are held to, and what each file of them is, which another may complete."""

    merged: Mapping[str, Any]
    one_file: Mapping[str, Any]

    @classmethod
    def of(cls, merged: Mapping[str, Any]) -> Schemas:
        """Both, from the schema of the merged values. Whoever judges many values makes them once."""
        return cls(merged, for_one_layer(merged))


def result_findings(schema: Mapping[str, Any], values: Merged) -> list[Finding]:
    """Everything in the merged `values` that `schema` forbids (NM201, NM202, NM203, NM291)."""
    return [_with_nulls_told(finding, values) for finding in _findings(schema, values.data, values)]


def layer_findings(schema: Mapping[str, Any], layer: Document) -> list[Finding]:
    """What `schema`, that of one file, forbids in it. A null in a map is no value: it deletes a default."""
    return _findings(schema, without_nulls(layer.data), merge_layers([layer]))


def without_nulls(value: Any) -> Any:
    """`value` with the null entries of its maps left out; in lists, which are never merged, all nulls stay."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value


def _findings(schema: Mapping[str, Any], data: Any, places: Merged) -> list[Finding]:
    found = schema_findings(
        schema,
        data,
        place=places.place_of,
        key_place=places.key_place_of,
        invalid=rules.VALUES_SCHEMA,
        unknown=rules.UNKNOWN_KEY,
        missing=rules.MISSING_KEY,
        removed=rules.REMOVED_KEY,
    )
    return [replace(finding, hint=wording.on_the_command_line(finding.hint, finding.place.file)) for finding in found]


def _with_nulls_told(finding: Finding, values: Merged) -> Finding:
    """`finding`, pointing at the null where a null is the reason for it."""
    path = finding.path
    if finding.rule is rules.MISSING_KEY and values.was_deleted(path):
        message = f"{finding.message}: this null takes the chart's default away"
        return replace(finding, message=message, place=values.place_of(path), hint="remove the null, or give a value")
    if finding.rule is rules.VALUES_SCHEMA and path and values.has_null(path):
        hint = "null takes a default of the chart away, and there is none here: give a value, or leave the key out"
        return replace(finding, hint=hint)
    return finding
