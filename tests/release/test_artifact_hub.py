"""Artifact Hub can read the chart's annotations, and a release's changes are those of its changelog."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import yaml

from releasing.artifact_hub import annotation_problems, release_annotations
from releasing.changelog import Change, Section, read_changelog
from tests.support.scenarios import ROOT

SECTION = Section("2.0.0-rc.1", date(2026, 1, 1), 1, (Change("Added", "A: `b` #1"), Change("Security", "A hole.")))


def problems(**annotations: Any) -> list[str]:
    chart = {"annotations": {f"artifacthub.io/{name}": text for name, text in annotations.items()}}
    return list(annotation_problems(chart, "Chart.yaml"))


def test_a_releases_annotations_say_what_the_changelog_says() -> None:
    key = {"fingerprint": "A" * 40, "url": "https://example.com/key.asc"}
    found = release_annotations(SECTION, key)
    assert yaml.safe_load(found["artifacthub.io/changes"]) == [
        {"kind": "added", "description": "A: `b` #1"},
        {"kind": "security", "description": "A hole."},
    ]
    assert yaml.safe_load(found["artifacthub.io/signKey"]) == key
    assert found["artifacthub.io/containsSecurityUpdates"] == "true"
    assert found["artifacthub.io/prerelease"] == "true"
    assert list(annotation_problems({"annotations": found}, "Chart.yaml")) == []


def test_the_changelog_as_it_is_gives_annotations_that_can_be_read() -> None:
    section = read_changelog((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")).newest
    assert section is not None
    assert list(annotation_problems({"annotations": release_annotations(section)}, "Chart.yaml")) == []


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("licence", "MIT", "is no annotation of Artifact Hub's"),
        ("license", "Apache 2", "is no SPDX identifier"),
        ("category", "networks", "is none of"),
        ("prerelease", "no", "is neither true nor false"),
        ("prerelease", True, "is no text: quote it"),
        ("links", "name: x", "is no list"),
        ("links", "- {name: x}", "has an entry without name and url"),
        ("links", "- {name: x, url: 'http://example.com'}", "is no https URL"),
        ("changes", "- {kind: mended, description: x}", "has a change of kind 'mended'"),
        ("changes", "- {kind: [", "is no YAML"),
        ("signKey", "{fingerprint: ABC, url: 'https://example.com/k'}", "is not 40 hexadecimal digits"),
        ("signKey", "[]", "needs a fingerprint and a url"),
    ],
)
def test_what_it_cannot_read_is_told(name: str, text: Any, told: str) -> None:
    (problem,) = problems(**{name: text})
    assert problem.startswith(f"Chart.yaml: annotations: artifacthub.io/{name} ")
    assert told in problem


def test_annotations_of_others_are_not_judged() -> None:
    assert list(annotation_problems({"annotations": {"example.com/x": "anything"}}, "Chart.yaml")) == []
    assert list(annotation_problems({}, "Chart.yaml")) == []
