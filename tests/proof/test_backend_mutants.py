"""The generator's templates of the other back ends, a line missing or a word changed: the proof or Helm tells."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.validating import judge
from netmatrix.cli.verifying import granted_by
from netmatrix.helm import Helm
from netmatrix.matrix.model import Matrix
from netmatrix.policy import ManifestError, parse_manifests
from netmatrix.proof.grants import Granted
from netmatrix.proof.verify import verify
from tests.proof.judging import TODAY, project
from tests.proof.test_template_mutants import FOLDER, generated, mutated
from tests.support.rendering import objects_of
from tests.support.scenarios import ROOT

TEMPLATES = (
    *("_cilium.tpl.j2", "cilium-pod.yaml.j2", "cilium-default-deny.yaml.j2", "cilium-exceptions.yaml.j2"),
    *("_backends.tpl.j2", "cluster-network-policy.yaml.j2"),
)
WITH_AUDIT = ("values/values-prod.yaml", "values/clusters/with-audit.yaml")
SCENARIOS = (
    ("chart/ci/prod.everything-values.yaml",),
    ("values/values-dev.yaml", "values/operational.yaml", "values/clusters/gke.yaml"),
    WITH_AUDIT,
)
ENDS: dict[str, Any] = {
    "pods": ({"pod": "cron"}, {"pod": "kafka"}),
    "jobs": ({"pod": "jobs"}, {"pod": "kafka"}),
    "api": ({"pod": "cron"}, {"endpoint": "kubernetes-api"}),
    "inwards": ({"namespace": "monitoring", "selector": ["app=exporter"]}, {"pod": "kafka"}),
}
VALUES: dict[str, Any] = {
    "backends": {"cilium": {"enabled": True}, "clusterNetworkPolicy": {"enabled": True}},
    "exceptions": {
        name: {
            "from": ends[0],
            "to": ends[1],
            "ports": [{"protocol": "TCP", "port": 443}],
            "reason": "to have it tried",
            "owner": "tests",
            "expires": "2099-12-31",
        }
        for name, ends in ENDS.items()
    },
}
KINDS = ("CiliumNetworkPolicy", "ClusterNetworkPolicy")
SAYS_THE_SAME = re.compile(r"rules|dns|matchPattern|priority|name:|labels|namespaces: {}|reason|owner|expires")
"""Lines without which other packets pass nowhere: what is said on a connection, names, and what `networks` repeats."""

OF_THE_AUDIT = re.compile(r"<@ c @>\.audit")
"""Where it is off, so is its flow, and its policies close what is closed: such lines are judged where it is on."""


@pytest.mark.oracle
@pytest.mark.parametrize("template", TEMPLATES)
def test_no_mutant_of_a_template_changes_a_packet_unseen(
    template: str, matrix: Matrix, helm: Helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = tmp_path / "backends.yaml"
    both.write_text(json.dumps(VALUES), encoding="utf-8")
    subjects = [subject_of(files, both) for files in SCENARIOS]
    before = [rendered(helm, ROOT / "chart", files) for files, _ in subjects]
    assert all(specs(objects or []) for objects in before)
    found: Counter[str] = Counter()
    text = (FOLDER / "chart" / template).read_text(encoding="utf-8")
    for number, mutant in enumerate(mutated(text)):
        folder = tmp_path / f"{number}"
        if not generated(template, mutant, matrix, folder, monkeypatch):
            found["refused"] += 1
            continue
        line = changed_lines(text, mutant)
        at = SCENARIOS.index(WITH_AUDIT) if OF_THE_AUDIT.search(line) else 0
        what = outcome(helm, folder / "chart", subjects[at:], before[at:])
        assert what != "unseen" or SAYS_THE_SAME.search(line), line
        found[what] += 1
    print(f"{template}: {found.total()} mutants, {dict(found)}")
    assert found["killed"] + found["refused"] > found.total() / 3


Subject = tuple[tuple[str, ...], Granted]


def subject_of(names: tuple[str, ...], both: Path) -> Subject:
    files = (*(str(ROOT / name) for name in names), str(both))
    options = ValuesOptions(str(ROOT / "matrix.yaml"), files, (), TODAY)
    return files, granted_by(project(), options, judge(project(), options))


def outcome(helm: Helm, chart: Path, subjects: list[Subject], before: list[list[Any] | None]) -> str:
    """`refused` by Helm or the reader, `killed` by verify, `same` where nothing differs, or `unseen`."""
    what = "same"
    for (files, granted), original in zip(subjects, before, strict=True):
        objects = rendered(helm, chart, files)
        if objects is None:
            return "refused"
        if specs(objects) == specs(original or []):
            continue
        content = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}).encode()
        try:
            if not verify(granted, parse_manifests(content, "mutant.json"), "mutant.json").holds:
                return "killed"
        except ManifestError:
            return "refused"
        what = "unseen"
    return what


def rendered(helm: Helm, chart: Path, files: tuple[str, ...]) -> list[Any] | None:
    """The objects; None where Helm, or who reads YAML, refuses."""
    flags = [argument for file in files for argument in ("--values", file)]
    output = helm.run(["template", "red-kite", str(chart), "--namespace", "stalker", *flags])
    try:
        return objects_of(output.stdout) if output.status == 0 else None
    except yaml.YAMLError:
        return None


def specs(objects: list[Any]) -> set[str]:
    """What decides about packets; the same one twice says no more."""
    return {
        json.dumps([item["metadata"].get("namespace"), item.get("spec")], sort_keys=True)
        for item in objects
        if isinstance(item, dict) and item.get("kind") in KINDS
    }


def changed_lines(text: str, mutant: str) -> str:
    """The line that is another one, or gone."""
    old, new = text.splitlines(), mutant.splitlines()
    at = next((number for number, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), len(new))
    return old[at]
