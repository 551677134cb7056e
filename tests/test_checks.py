"""`make check` finds what it is there to find."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netmatrix.helm import Helm
from tests import checks
from tests.support.scenarios import ROOT


@pytest.fixture
def chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project's files for the checks to look at."""
    for name in ("chart", "values", "schema"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("matrix.yaml", ".yamllint"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(checks, "ROOT", tmp_path)
    monkeypatch.setattr(checks, "CHART", tmp_path / "chart")
    schemas = {name: tmp_path / "schema" / f"{name}.schema.json" for name in checks.SCHEMAS}
    monkeypatch.setattr(checks, "SCHEMAS", schemas)
    for cached in (checks._templates, checks._helpers, checks._defaults):
        cached.cache_clear()
    return tmp_path / "chart"


def add(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_the_project_as_it_is_has_no_problem(chart: Path) -> None:
    for check in (checks.unread_keys, checks.unknown_reads):
        assert list(check()) == []


def test_a_key_that_no_template_reads_is_found(chart: Path) -> None:
    add(chart / "values.yaml", "forgotten: 1\n")
    replace(chart / "values.yaml", "ports: {http: 80, https: 443, dev: 4200}", "ports: {http: 80, spare: 1}")
    assert list(checks.unread_keys()) == [
        "forgotten is read by no template",
        "pods.ui.ports.spare is read by no template",
    ]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{{ .Values.forgotten }}", "forgotten"),
        ('{{ index .Values.pods "no-such" "selector" }}', "pods.no-such.selector"),
        ('{{ index (first .).Values.pods (index . 1) "size" }}', "pods.*.size"),
        ('{{ include "red-kite-network.port" (list $ "ui" "spare") }}', "pods.ui.ports.spare"),
        ('{{ include "red-kite-network.podPeer" (list $ "no-such") }}', "pods.no-such.selector"),
        ('{{ include "red-kite-network.endpointPorts" (list $ "internet") }}', "endpoints.internet.ports"),
    ],
)
def test_a_read_that_leads_nowhere_is_found(text: str, path: str, chart: Path) -> None:
    add(chart / "templates/NOTES.txt", text)
    assert list(checks.unknown_reads()) == [f"NOTES.txt reads {path}, which is no key of chart/values.yaml"]


def test_a_reviewed_exception_that_is_not_needed_any_more_is_found(
    chart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "UNUSED_KEYS", {"pods": "no reason"})
    assert list(checks.unread_keys()) == ["UNUSED_KEYS names pods, which is read"]
    monkeypatch.setattr(checks, "UNKNOWN_NAMES", {**checks.UNKNOWN_NAMES, "gone": "no reason"})
    assert list(checks.unknown_reads()) == ["UNKNOWN_NAMES names gone, which is not read"]


@pytest.mark.parametrize("name", ["values", "matrix"])
def test_a_key_without_description_and_a_misspelt_keyword_are_found(name: str, chart: Path) -> None:
    file = checks.SCHEMAS[name]
    _edit(file, lambda schema: schema["properties"].update({"bare": {"type": "string", "patern": "x"}}))
    assert list(checks.descriptions(file)) == ["$.properties.bare has no description"]
    assert list(checks.keywords(file)) == ["$.properties.bare: 'patern' is no keyword that is known here"]
    _edit(file, lambda schema: schema.update({"type": "strange"}))
    assert any("strange" in problem for problem in checks.keywords(file))


def test_a_chart_that_does_not_lint_or_render_is_found(
    chart: Path, helm: Helm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_helm", lambda: helm)
    assert list(checks.render(chart.parent / "values/values-prod.yaml")) == []
    add(chart / "templates/ui.yaml", "{{ fail 1 }}")
    assert list(checks.render(chart.parent / "values/values-prod.yaml"))


def test_yaml_style_is_checked(chart: Path) -> None:
    assert [problem.split(": ", 1)[0] for problem in checks.lint("a: yes\nb:   1 \n", "x")] == [
        "x:1:4",
        "x:2:5",
        "x:2:7",
    ]


def _edit(file: Path, change: Callable[[Any], None]) -> None:
    schema = json.loads(file.read_text(encoding="utf-8"))
    change(schema)
    file.write_text(json.dumps(schema), encoding="utf-8")
