"""What values say of the audit that the chart runs, as parts of their schema; and what a pod's image is in either.

Patterns are written so that Python and Go (RE2) read them alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

IMAGE = "[A-Za-z0-9]([A-Za-z0-9._/:@-]*[A-Za-z0-9._-])?"
PULL_POLICY: dict[str, Any] = {
    "description": "When it is pulled.",
    "title": "one of Always, IfNotPresent, Never",
    "type": "string",
    "enum": ["Always", "IfNotPresent", "Never"],
}


def _field(number: str, names: str = "") -> str:
    """One field of a schedule: a list of `*`, single points and ranges, each with a step or without."""
    either_case = ["".join(f"[{letter.upper()}{letter}]" for letter in name) for name in names.split()]
    point = f"({'|'.join([number, *either_case])})"
    item = rf"(\*|{point}(-{point})?)(/[1-9][0-9]?)?"
    return f"{item}(,{item})*"


_FIELDS = (
    _field("[0-5]?[0-9]"),
    _field("[01]?[0-9]|2[0-3]"),
    _field("0?[1-9]|[12][0-9]|3[01]"),
    _field("0?[1-9]|1[0-2]", "jan feb mar apr may jun jul aug sep oct nov dec"),
    _field("0?[0-6]", "sun mon tue wed thu fri sat"),
)
"""Minute, hour, day, month and day of the week, as Kubernetes reads them. That no range runs backwards is NM284."""

AUDIT: Mapping[str, dict[str, Any]] = {
    "schedule": {
        "description": "When it runs.",
        "title": "a cron schedule of five fields with single spaces (minute, hour, day, month, day of the week from "
        "0), or @hourly, @daily, @weekly or @monthly",
        "type": "string",
        "maxLength": 255,
        "pattern": f"^(@(hourly|daily|weekly|monthly)|{' '.join(_FIELDS)})$",
    },
    "image": {
        "description": "The image that examples/audit/Containerfile builds, in your registry. None is published.",
        "title": "an image's name, 255 characters at most",
        "type": "string",
        "maxLength": 255,
        "pattern": f"^({IMAGE})?$",
    },
    "pullPolicy": PULL_POLICY,
    "pullSecrets": {
        "description": "The names of Secrets in the pod's namespace with which the image is pulled.",
        "type": "array",
        "maxItems": 8,
        "uniqueItems": True,
        "items": {
            "title": "a Secret's name",
            "type": "string",
            "maxLength": 253,
            "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        },
    },
}

_CPU: dict[str, Any] = {
    "description": "CPU.",
    "title": 'an amount of CPU as text, such as 100m or "1"',
    "type": "string",
    "pattern": "^[1-9][0-9]{0,5}m?$",
}
_MEMORY: dict[str, Any] = {
    "description": "Memory.",
    "title": "an amount of memory, such as 256Mi",
    "type": "string",
    "pattern": "^[1-9][0-9]{0,5}(Mi|Gi)$",
}

AMOUNTS: Mapping[str, dict[str, Any]] = {"cpu": _CPU, "memory": _MEMORY}
RESOURCES: Mapping[str, str] = {
    "requests": "What a node must have left for it.",
    "limits": "What it may use at most.",
}
"""Each with its `AMOUNTS`."""

DEFAULTS: Mapping[str, Any] = {
    "enabled": False,
    "schedule": "17 * * * *",
    "image": "",
    "pullPolicy": "IfNotPresent",
    "pullSecrets": [],
    "resources": {
        "requests": {"cpu": "100m", "memory": "256Mi"},
        "limits": {"cpu": "2", "memory": "512Mi"},
    },
}
"""Beside the hour, so that it is not when everything else runs."""
