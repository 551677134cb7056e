"""Where a rule starts to speak and where it is silent: what looks alike and is meant (boundaries.yaml)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.lint import RULES, lint
from tests.policy.samples import Data, pod, policy, read

CASES: dict[str, Data] = yaml.safe_load((Path(__file__).parent / "boundaries.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", list(CASES))
def test_a_rule_speaks_where_it_should_and_is_silent_elsewhere(case: str) -> None:
    found = {finding.rule.id for finding in lint(read(*objects(CASES[case])))}
    assert (rule_of(case) in found) == ("speaks" in CASES[case])


def test_every_case_names_one_rule_that_there_is() -> None:
    known = {rule.id for rule in RULES} | {"NM516", "NM520"}
    for name, case in CASES.items():
        assert len({"speaks", "silent"} & case.keys()) == 1, name
        assert rule_of(name) in known, name


def test_what_is_allowed_is_a_note_with_the_reason_and_still_there() -> None:
    (finding,) = lint(read(allowing("NM602", "it is the front page", [{"from": []}])))
    assert (finding.rule.id, finding.severity) == ("NM602", "note")
    assert finding.message.endswith("; allowed: 'it is the front page'")


def test_an_annotation_allows_one_rule_on_its_own_policy() -> None:
    items = [allowing("NM603", "because", [{}]), allowing("NM602", "because", [{}], "other")]
    told: list[Any] = [(item.rule.id, "; allowed: " in item.message) for item in lint(read(*items))]
    assert told.count(("NM603", True)) == 1
    assert told.count(("NM603", False)) == 1
    assert ("NM690", False) in told


def rule_of(case: str) -> str:
    """The rule that a case is about."""
    return str(CASES[case].get("speaks") or CASES[case]["silent"])


def objects(case: Data) -> list[Data]:
    """The manifests of a case: policies by their spec, perhaps with more metadata; pods by name, or with their spec."""
    found = [policy(f"policy-{number}", **spec) for number, spec in enumerate(case.get("policies", []))]
    for item in found:
        item["metadata"] |= item["spec"].pop("metadata", {})
    found += [pod(entry) if isinstance(entry, str) else pod(**entry) for entry in case.get("pods", [])]
    for name, labels in case.get("namespaces", {}).items():
        found.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    return [*found, *case.get("others", [])]


def allowing(rule: str, reason: str, rules: list[Data], name: str = "policy") -> Data:
    """A policy about ingress that allows a rule."""
    item = policy(name, podSelector={}, policyTypes=["Ingress"], ingress=rules)
    item["metadata"]["annotations"] = {f"lint.netmatrix/{rule}": reason}
    return item
