"""`helm template` through the toolchain: what it prints, what it says, and where it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from netmatrix.helm import Helm, HelmError, SetArgument, find_helm, merged_user_values, template
from tests.helm.conftest import FakeHelm


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A chart with one template and a closed schema."""
    folder = tmp_path / "chart"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: small\nversion: 0.1.0\n", encoding="utf-8")
    (folder / "values.yaml").write_text("name: x\n", encoding="utf-8")
    schema = '{"properties": {"name": {"type": "string"}, "size": {"type": "integer"}}, "additionalProperties": false}'
    (folder / "values.schema.json").write_text(schema, encoding="utf-8")
    text = (
        'kind: {{ if eq .Values.name "bad" }}{{ fail "name:\\nbad" }}{{ end }}{{ .Values.name }}\n'
        "at: {{ .Release.Name }}.{{ .Release.Namespace }}\n"
    )
    (folder / "templates" / "one.yaml").write_text(text, encoding="utf-8")
    return folder


def rendered(helm: Helm, chart: Path, *texts: str, extra: tuple[str, ...] = ()) -> str:
    arguments = [SetArgument("--set", text) for text in texts]
    return template(helm, chart, release="rel", namespace="ns", sets=arguments, extra=extra).decode()


def test_files_sets_and_extra_arguments_reach_helm(helm: Helm, chart: Path, tmp_path: Path) -> None:
    values = tmp_path / "a,b.yaml"
    values.write_text("name: file\n", encoding="utf-8")
    text = template(helm, chart, release="rel", namespace="ns", files=[str(values)]).decode()
    assert "kind: file\nat: rel.ns\n" in text
    assert "kind: set\n" in rendered(helm, chart, "name=set")
    assert "at: rel.other\n" in rendered(helm, chart, extra=("-nother",))
    assert b"kind: in\n" in template(helm, chart, release="rel", namespace="ns", files=["-"], stdin=b"name: in")


def test_a_failing_template_is_the_place(helm: Helm, chart: Path) -> None:
    with pytest.raises(HelmError) as caught:
        rendered(helm, chart, "name=bad")
    (finding,) = caught.value.findings
    assert finding.rule.id == "NM404"
    assert finding.place.file == str(chart / "templates" / "one.yaml")
    assert finding.place.line == 1
    assert "name: bad" in finding.message
    assert "Use --debug" not in finding.message


def test_all_that_the_schema_says_is_kept(helm: Helm, chart: Path) -> None:
    with pytest.raises(HelmError) as caught:
        rendered(helm, chart, "name=1", "size=x")
    (finding,) = caught.value.findings
    assert "at '/name': got number, want string" in finding.message
    assert "at '/size': got string, want integer" in finding.message
    assert finding.place.line == 0, "the chart as a whole"


def test_what_helm_says_beside_goes_on_to_standard_error(
    fake_helm: FakeHelm, chart: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    helm = find_helm({"HELM": str(fake_helm(script="echo 'level=WARN msg=careful' >&2; echo 'kind: x'"))})
    assert rendered(helm, chart) == "kind: x\n"
    assert capsys.readouterr().err == "level=WARN msg=careful\n"


def test_a_crash_while_rendering_is_told(fake_helm: FakeHelm, chart: Path) -> None:
    helm = find_helm({"HELM": str(fake_helm(script="kill -KILL $$"))})
    with pytest.raises(HelmError, match="NM403 helm was ended by signal 9"):
        rendered(helm, chart)


@pytest.mark.parametrize("script", ["exit 0", "echo '# netmatrix-values-begin [] netmatrix-values-end'", "echo '{}'"])
def test_a_helm_that_prints_something_else_is_told(script: str, fake_helm: FakeHelm) -> None:
    helm = find_helm({"HELM": str(fake_helm(script=script))})
    with pytest.raises(HelmError, match="NM403 helm did not print the values"):
        merged_user_values(helm, [], [])
