"""Many sets of values in one helm process: each comes out as the chart alone renders it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.helm import Helm, HelmError, template, template_batch
from tests.helm.conftest import FakeHelm


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A chart whose templates use all that could differ for a dependency, and render kinds that helm puts in order."""
    folder = tmp_path / "charts" / "on-disk"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: small\nversion: 0.1.0\n", encoding="utf-8")
    (folder / "values.yaml").write_text("name: x\nraw: ''\nnested: {a: 1, b: 2}\n", encoding="utf-8")
    (folder / "templates" / "_names.tpl").write_text(
        '{{- define "small.who" }}{{ .Chart.Name }}-{{ .Chart.Version }}-{{ .Values.name }}{{ end }}', encoding="utf-8"
    )
    body = (
        '{{ if eq .Values.name "bad" }}{{ fail "this one is bad" }}{{ end }}'
        "apiVersion: v1\nkind: %s\nmetadata:\n  name: one\n  annotations:\n"
        '    who: {{ include "small.who" . }}\n    where: {{ .Release.Name }}/{{ .Release.Namespace }}\n'
        "    template: {{ .Template.Name | base }}\n    values: {{ toJson .Values.nested | quote }}\n"
        "    text: {{ .Values.name | quote }}\n{{ .Values.raw }}\n"
    )
    for kind in ("Service", "ConfigMap", "Namespace"):
        (folder / "templates" / f"{kind.lower()}.yaml").write_text(body % kind, encoding="utf-8")
    return folder


def batch(helm: Helm, chart: Path, values: dict[str, dict[str, Any]]) -> dict[str, bytes]:
    return template_batch(helm, chart, "small", values, release="rel", namespace="ns")


def alone(helm: Helm, chart: Path, values: dict[str, Any], scratch: Path) -> bytes:
    file = scratch / "values.yaml"
    file.write_text(yaml.safe_dump(values, default_style='"'), encoding="ascii")
    return template(helm, chart, release="rel", namespace="ns", files=[str(file)])


def test_each_is_what_the_chart_alone_renders_to_the_byte(helm: Helm, chart: Path, tmp_path: Path) -> None:
    values: dict[str, dict[str, Any]] = {
        "first": {},
        "second": {"name": "y"},
        "third": {"name": "é # ---", "nested": {"b": 3, "c": [1, 2]}},
    }
    found = batch(helm, chart, values)
    assert found == {key: alone(helm, chart, item, tmp_path) for key, item in values.items()}
    assert len(set(found.values())) == len(values)


@pytest.mark.parametrize(
    "text",
    ["\U0001f985 over \U00010000\U0010ffff", "\x7f\x80\x85\x9f\ufeff\ufffd", "\\ud83e\\U0001f985", '"\t\n\u2028\u2029'],
)
def test_every_character_that_helm_takes_comes_out_as_it_was(
    text: str, helm: Helm, chart: Path, tmp_path: Path
) -> None:
    values = {"nested": {text: text}}
    assert batch(helm, chart, {"one": values}) == {"one": alone(helm, chart, values, tmp_path)}


def test_no_value_passes_for_the_beginning_of_another_set(helm: Helm, chart: Path, tmp_path: Path) -> None:
    begins = "---\n# Source: batch-0/charts/values-1/charts/small/templates/service.yaml"
    forged = f"{begins}\napiVersion: v1\nkind: Secret\nmetadata: {{name: forged}}\n"
    values = {"first": {"raw": forged}, "second": {"name": "y"}}
    found = batch(helm, chart, values)
    assert found["first"].count(b"Secret") == 3, "one for each template"
    assert found["second"] == alone(helm, chart, values["second"], tmp_path)


def test_one_that_helm_refuses_refuses_all_with_its_own_words(helm: Helm, chart: Path) -> None:
    with pytest.raises(HelmError) as caught:
        batch(helm, chart, {"first": {}, "second": {"name": "bad"}})
    (finding,) = caught.value.findings
    assert finding.rule.id == "NM404"
    assert "this one is bad" in finding.message


def test_a_helm_that_prints_nothing_for_one_is_told(fake_helm: FakeHelm, chart: Path) -> None:
    with pytest.raises(HelmError) as caught:
        batch(Helm(fake_helm(), (4, 3, 1), "v4.3.1"), chart, {"first": {}})
    assert "printed nothing for 1 of 1 sets of values" in caught.value.findings[0].message


def test_a_helm_that_prints_something_else_is_told(fake_helm: FakeHelm, chart: Path) -> None:
    with pytest.raises(HelmError) as caught:
        batch(Helm(fake_helm(script="echo hello"), (4, 3, 1), "v4.3.1"), chart, {"first": {}})
    assert "NM403" in str(caught.value)
    assert "no set's manifest" in caught.value.findings[0].message


def test_nothing_is_left_behind(helm: Helm, chart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    batch(helm, chart, {"first": {}})
    with pytest.raises(HelmError):
        batch(helm, chart, {"first": {"name": "bad"}})
    assert list(scratch.iterdir()) == []
