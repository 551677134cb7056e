"""Artifact Hub's annotations of a chart: those of a release, made from its changelog, and whether all have their form.

Source of names and forms: https://artifacthub.io/docs/topics/annotations/helm
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from releasing.changelog import KINDS, Section

PREFIX = "artifacthub.io/"
_CHANGE = ("kind", "description")
_KINDS = frozenset(kind.lower() for kind in KINDS)
_CATEGORIES = (
    *("ai-machine-learning", "database", "integration-delivery", "monitoring-logging"),
    *("networking", "security", "skip-prediction", "storage", "streaming-messaging"),
)
_CAPABILITIES = ("Basic Install", "Seamless Upgrades", "Full Lifecycle", "Deep Insights", "Auto Pilot")


def release_annotations(section: Section, sign_key: Mapping[str, str] | None = None) -> dict[str, str]:
    """What is true of one release alone. `sign_key` has the `fingerprint` and `url` of the key that signs it."""
    changes = [{"kind": change.kind.lower(), "description": change.text} for change in section.changes]
    found = {
        "changes": _yaml(changes),
        "containsSecurityUpdates": _boolean(any(change.kind == "Security" for change in section.changes)),
        "prerelease": _boolean("-" in section.version),
    }
    if sign_key is not None:
        found["signKey"] = _yaml(dict(sign_key))
    return {PREFIX + name: text for name, text in found.items()}


def annotation_problems(chart: Mapping[str, Any], file: str) -> Iterator[str]:
    """Everything in a Chart.yaml's annotations that Artifact Hub would not read."""
    for name, text in (chart.get("annotations") or {}).items():
        if not isinstance(text, str):
            yield f"{file}: annotations: {name} is no text: quote it"
        elif name.startswith(PREFIX):
            form = _FORMS.get(name.removeprefix(PREFIX))
            wrong = "is no annotation of Artifact Hub's" if form is None else form(text)
            if wrong:
                yield f"{file}: annotations: {name} {wrong}"


def _is_boolean(text: str) -> str:
    return "" if text in ("true", "false") else "is neither true nor false"


def _is_license(text: str) -> str:
    return "" if re.fullmatch(r"[A-Za-z0-9.+-]+", text) else "is no SPDX identifier"


def _one_of(*known: str) -> Callable[[str], str]:
    return lambda text: "" if text in known else f"is none of {', '.join(known)}"


def _is_text(text: str) -> str:
    return "" if text.strip() else "is empty"


def _list_of(*demanded: str, optional: tuple[str, ...] = ()) -> Callable[[str], str]:
    def form(text: str) -> str:
        try:
            items = yaml.safe_load(text)
        except yaml.YAMLError:
            return "is no YAML"
        if not isinstance(items, list) or not items:
            return "is no list"
        for item in items:
            if not isinstance(item, dict) or not {*demanded} <= item.keys() <= {*demanded, *optional}:
                return f"has an entry without {' and '.join(demanded)}, or with more than is known: {item}"
            if demanded == _CHANGE and item["kind"] not in _KINDS:
                return f"has a change of kind {item['kind']!r}; there are {', '.join(sorted(_KINDS))}"
            if "url" in item and not str(item["url"]).startswith("https://"):
                return f"has a link that is no https URL: {item['url']}"
        return ""

    return form


def _is_sign_key(text: str) -> str:
    try:
        key = yaml.safe_load(text)
    except yaml.YAMLError:
        return "is no YAML"
    if not isinstance(key, dict) or key.keys() != {"fingerprint", "url"}:
        return "needs a fingerprint and a url, and nothing else"
    if not re.fullmatch(r"[0-9A-F]{40}", str(key["fingerprint"])):
        return "has a fingerprint that is not 40 hexadecimal digits"
    return "" if str(key["url"]).startswith("https://") else "has a url that is no https URL"


_FORMS: Mapping[str, Callable[[str], str]] = {
    "alternativeName": _is_text,
    "category": _one_of(*_CATEGORIES),
    "changes": _list_of(*_CHANGE, optional=("links",)),
    "containsSecurityUpdates": _is_boolean,
    "crds": _list_of("kind", "version", "name", optional=("displayName", "description")),
    "crdsExamples": _list_of("apiVersion", "kind", optional=("metadata", "spec")),
    "images": _list_of("name", "image", optional=("whitelisted", "platforms")),
    "license": _is_license,
    "links": _list_of("name", "url"),
    "maintainers": _list_of("name", "email"),
    "operator": _is_boolean,
    "operatorCapabilities": _one_of(*_CAPABILITIES),
    "prerelease": _is_boolean,
    "recommendations": _list_of("url"),
    "screenshots": _list_of("title", "url"),
    "signKey": _is_sign_key,
}
"""The annotations that are known here, by their names behind the prefix; each tells what is wrong, or nothing."""


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1_000_000)
