"""Rendered objects judged by the Kubernetes API's own schemas (kubernetes-validate, offline), strictly."""

from __future__ import annotations

import json
from collections.abc import Iterable

import kubernetes_validate

from tests.support.rendering import Object

VERSIONS = ("1.30", "1.34", "1.37")
"""Three minor versions: the oldest that is looked at, one in between, the current one."""

_accepted: dict[str, set[str]] = {version: set() for version in VERSIONS}


def assert_accepted_by_the_api(objects: Iterable[Object], version: str) -> None:
    """Fail where a schema refuses an object or has no place for a field of it; what was accepted is not asked again."""
    new = {text: item for item in objects if (text := json.dumps(item, sort_keys=True)) not in _accepted[version]}
    for api_version, kind in sorted({(item["apiVersion"], item["kind"]) for item in new.values()}):
        items = [item for item in new.values() if item["kind"] == kind]
        whole = {"apiVersion": api_version, "kind": f"{kind}List", "metadata": {}, "items": items}
        used = kubernetes_validate.validate(whole, version, strict=True)
        assert used == version, f"no schema for {version}"
    _accepted[version].update(new)
