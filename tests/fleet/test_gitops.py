"""The examples for Argo CD and Flux: what the two accept, and what they install is what `verify --fleet` proves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.project import Project
from netmatrix.cli.rendering import rendered
from netmatrix.cli.validating import judge
from netmatrix.helm import Helm
from netmatrix.matrix.model import Matrix
from tests.fleet.crds import ARGO, FOLDER, HELM, SOURCE
from tests.support.crds import problems
from tests.support.scenarios import ROOT

EXAMPLES = ROOT / "examples" / "fleet"
OVERRIDES = sorted((EXAMPLES / "clusters").rglob("*.yaml"))
Object = dict[str, Any]


def objects(file: str) -> list[Object]:
    return [item for item in yaml.safe_load_all((EXAMPLES / file).read_text(encoding="utf-8")) if item]


def of_kind(file: str, kind: str) -> Object:
    (found,) = [item for item in objects(file) if item["kind"] == kind]
    return found


@pytest.mark.parametrize("item", [*objects("argo-cd.yaml"), *objects("flux.yaml")], ids=lambda item: item["kind"])
def test_an_example_is_what_its_crd_accepts(item: Object) -> None:
    assert problems(item) == []


@pytest.mark.parametrize(
    ("file", "kind", "path", "value"),
    [
        ("argo-cd.yaml", "ApplicationSet", ["spec", "template", "spec", "sources", 0, "helm", "valuesFiles"], []),
        ("argo-cd.yaml", "ApplicationSet", ["spec", "template", "spec", "destination", "namespace"], 1),
        ("flux.yaml", "HelmRelease", ["spec", "chart", "spec", "valueFiles"], []),
        ("flux.yaml", "HelmRelease", ["spec", "interval"], "often"),
        ("flux.yaml", "HelmRelease", ["apiVersion"], "helm.toolkit.fluxcd.io/v2beta1"),
        ("flux.yaml", "GitRepository", ["spec", "url"], "git.example.org"),
    ],
)
def test_a_slip_would_be_told(file: str, kind: str, path: list[str | int], value: object) -> None:
    item: Any = of_kind(file, kind)
    node = item
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    (problem,) = problems(item)
    assert str(value) in problem or str(path[-1]) in problem


def test_the_schemas_are_those_of_the_pinned_modules() -> None:
    for kind, module in {"ApplicationSet": ARGO, "GitRepository": SOURCE, "HelmRelease": HELM}.items():
        assert module in json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))["$comment"]


def test_the_example_installs_the_chart_s_own_version(matrix: Matrix) -> None:
    spec = of_kind("argo-cd.yaml", "ApplicationSet")["spec"]["template"]["spec"]
    assert spec["sources"][0]["targetRevision"] == matrix.version


@pytest.fixture
def project(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(ROOT)
    return Project(matrix, ROOT)


def proved(project: Project, override: Path) -> bytes:
    """The manifests that `verify --fleet` is about."""
    environment = yaml.safe_load(override.read_text(encoding="utf-8"))["environment"]
    files = (project.values_file(f"values-{environment}.yaml"), str(override))
    options = ValuesOptions(None, files, (), date(2026, 6, 15))
    return rendered(project, options, judge(project, options))


def filled(text: str, override: Path) -> str:
    """A field of the ApplicationSet with the parameters that Git's generator gives for a file of the repository."""
    path = override.relative_to(EXAMPLES)
    environment = yaml.safe_load(override.read_text(encoding="utf-8"))["environment"]
    parameters = {
        "{{ .environment }}": environment,
        "{{ .path.path }}": str(path.parent),
        "{{ .path.filename }}": path.name,
        '{{ trimSuffix ".yaml" .path.filename }}': path.stem,
    }
    for expression, value in parameters.items():
        text = text.replace(expression, value)
    assert "{{" not in text, "every expression is one that is known here"
    return text


def installed_by_argo_cd(helm: Helm, override: Path) -> bytes:
    """`helm template`, as Argo CD runs it, of the chart as it is packaged."""
    spec = of_kind("argo-cd.yaml", "ApplicationSet")["spec"]["template"]["spec"]
    chart, overrides = spec["sources"]
    files = [
        str(EXAMPLES / name.removeprefix(f"${overrides['ref']}/") if name.startswith("$") else ROOT / "chart" / name)
        for name in (filled(text, override) for text in chart["helm"]["valueFiles"])
    ]
    release, namespace = chart["helm"]["releaseName"], spec["destination"]["namespace"]
    return template(helm, ROOT / "chart", release, namespace, files)


def installed_by_flux(helm: Helm, override: Path, scratch: Path) -> bytes:
    """With the values files in the place of the chart's own, as source-controller packages it."""
    spec = of_kind("flux.yaml", "HelmRelease")["spec"]
    chart = shutil.copytree(ROOT / "chart", scratch / "chart")
    (chart / "values.yaml").write_text("{}\n", encoding="utf-8")
    environment = yaml.safe_load(override.read_text(encoding="utf-8"))["environment"]
    first, second, last = spec["chart"]["spec"]["valuesFiles"]
    assert (EXAMPLES / last).is_file()
    assert spec["chart"]["spec"]["chart"] == "./chart"
    files = [str(ROOT / first), str(ROOT / second.replace("prod", environment)), str(override)]
    return template(helm, chart, spec["releaseName"], spec["targetNamespace"], files)


def template(helm: Helm, chart: Path, release: str, namespace: str, files: list[str]) -> bytes:
    output = helm.run(["template", release, str(chart), "--namespace", namespace, *flags(files)])
    assert output.status == 0, output.stderr
    return output.stdout


def flags(files: list[str]) -> Iterator[str]:
    for file in files:
        yield from ("--values", file)


@pytest.mark.parametrize("override", OVERRIDES, ids=lambda file: file.stem)
def test_what_is_installed_is_what_is_proved(override: Path, project: Project, helm: Helm, tmp_path: Path) -> None:
    assert installed_by_argo_cd(helm, override) == proved(project, override)
    assert installed_by_flux(helm, override, tmp_path) == proved(project, override)


@pytest.mark.parametrize("override", OVERRIDES, ids=lambda file: file.stem)
def test_the_examples_rely_on_no_look_up_and_validate_notes_where_one_does(
    override: Path, project: Project, tmp_path: Path
) -> None:
    def notes(file: Path) -> list[str]:
        below = project.values_file(f"values-{yaml.safe_load(file.read_text(encoding='utf-8'))['environment']}.yaml")
        found = judge(project, ValuesOptions(None, (below, str(file)), (), date(2026, 6, 15))).findings
        return [finding.hint for finding in found if finding.rule.id == "NM280"]

    assert notes(override) == []
    relying = tmp_path / "relying.yaml"
    relying.write_text(override.read_text(encoding="utf-8").replace("discover: false", "discover: true"))
    (hint,) = notes(relying)
    assert "Argo CD" in hint
    assert "name all addresses under `cidrs`" in hint
