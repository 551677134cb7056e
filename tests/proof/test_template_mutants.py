"""The generator's own templates, a line missing or a word changed: the proof or Helm tells, or nothing differs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
import yaml

from netmatrix.emit import plan as plan_module
from netmatrix.helm import Helm
from netmatrix.matrix.model import Matrix
from tests.proof.judging import Mutant, Subject, outcome, subject_of
from tests.support.rendering import objects_of
from tests.support.scenarios import ROOT

TEMPLATES = ("rule.j2", "pod.yaml.j2", "flow.yaml.j2", "default-deny.yaml.j2", "exceptions.yaml.j2", "_peers.tpl.j2")
FOLDER = ROOT / "generator" / "netmatrix" / "emit" / "templates"
SCENARIOS = (
    ("chart/ci/prod.everything-values.yaml",),
    ("values/values-dev.yaml", "values/operational.yaml", "values/clusters/gke.yaml"),
    ("values/values-prod.yaml", "values/clusters/ingress-controller.yaml"),
)
WORDS = {
    r"\bingress\b": "egress",
    r"\begress\b": "ingress",
    r"\bIngress\b": "Egress",
    r"\bto\b": "from",
    r"\bfrom\b": "to",
    r"\bTCP\b": "UDP",
    r"\bpodSelector\b": "namespaceSelector",
    r"\bmatchLabels\b": "matchExpressions",
    r"\bwith\b": "if",
    r"\bnot\b ": "",
    r"\bor\b": "and",
    r"\band\b": "or",
    r"\bmine\b": "theirs",
    r"\btheirs\b": "mine",
}


def mutated(text: str) -> Iterator[str]:
    """The template without each of its lines, and with each word exchanged in each line."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith(("#", "<#")):
            continue
        yield "".join([*lines[:number], *lines[number + 1 :]])
        for word, other in WORDS.items():
            for found in re.finditer(word, line):
                changed = line[: found.start()] + other + line[found.end() :]
                yield "".join([*lines[:number], changed, *lines[number + 1 :]])


@pytest.mark.oracle
@pytest.mark.parametrize("template", TEMPLATES)
def test_no_mutant_of_a_template_changes_a_packet_unseen(
    template: str, matrix: Matrix, helm: Helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subjects = [subject_of(tuple(str(ROOT / file) for file in files)) for files in SCENARIOS]
    found: Counter[str] = Counter()
    text = (FOLDER / "chart" / template).read_text(encoding="utf-8")
    for number, mutant in enumerate(mutated(text)):
        chart = tmp_path / f"{number}"
        if not generated(template, mutant, matrix, chart, monkeypatch):
            found["refused"] += 1
            continue
        found[judged(f"{template} {number}", chart, subjects, helm)] += 1
    print(f"{template}: {found.total()} mutants, {dict(found)}")
    assert found["killed"] > 0


def generated(template: str, text: str, matrix: Matrix, folder: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Write the chart that the generator makes with another text for a template; false where it refuses."""
    loader = jinja2.ChoiceLoader([jinja2.DictLoader({f"chart/{template}": text}), jinja2.FileSystemLoader(str(FOLDER))])
    with monkeypatch.context() as patch:
        patch.setattr(jinja2, "PackageLoader", lambda _package: loader)
        plan_module._environment.cache_clear()
        try:
            files = plan_module.plan(matrix).files
        except (jinja2.TemplateError, KeyError, TypeError):
            return False
        finally:
            plan_module._environment.cache_clear()
    for path, content in files.items():
        if path.parts[0] == "chart":
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
    return True


def judged(name: str, folder: Path, subjects: list[Subject], helm: Helm) -> str:
    """`refused` by Helm or the reader, `killed` by verify in one scenario at least, or `equivalent` in all."""
    for of in subjects:
        files = [argument for file in of.files for argument in ("--values", file)]
        output = helm.run(["template", "red-kite", str(folder / "chart"), "--namespace", "stalker", *files])
        if output.status != 0:
            return "refused"
        try:
            objects = objects_of(output.stdout)
        except yaml.YAMLError:
            return "refused"
        policies = tuple(item for item in objects if item.get("kind") == "NetworkPolicy")
        if specs(policies) == specs(of.policies):
            continue
        result = outcome(of, Mutant("template", name, policies, (*of.policies, *policies)))
        if result != "equivalent":
            return result
    return "equivalent"


def specs(policies: tuple[dict[str, object], ...]) -> list[object]:
    """What decides about packets."""
    return [(item["metadata"].get("namespace"), item.get("spec")) for item in policies]  # type: ignore[attr-defined]
