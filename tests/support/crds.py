"""What an API server says of an object of a CRD; tests/fleet/crds says where the schemas are from."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft7Validator

from tests.fleet.crds import FOLDER

_ALTERNATIVES = ("anyOf", "oneOf", "allOf", "not")


def problems(item: dict[str, Any]) -> list[str]:
    """What does not fit the schema of the object's kind."""
    return [f"{error.json_path}: {error.message}" for error in _validator(item["kind"]).iter_errors(item)]


@cache
def _validator(kind: str) -> Draft7Validator:
    return Draft7Validator(closed(json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))))


def closed(schema: Any) -> Any:
    """As the API server sees it: a field that the schema does not name is none. Alternatives only add conditions."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: value if key in _ALTERNATIVES else closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        found.setdefault("additionalProperties", False)
    return found
