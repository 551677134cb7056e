"""Every rule on its own examples: in the bad one it finds something and no other does, in the good one none does."""

from __future__ import annotations

import re

import pytest

from netmatrix.document import Finding
from netmatrix.lint import RULES, LintRule, lint
from netmatrix.lint.page import EXAMPLES, example
from netmatrix.policy import parse_manifests

CASES = pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])


def judged(rule: LintRule, kind: str) -> list[Finding]:
    """The findings in an example, but for those that it allows."""
    found = lint(parse_manifests(example(rule, kind).encode(), f"{kind}.yaml"))
    return [finding for finding in found if "; allowed: " not in finding.message]


@CASES
def test_the_bad_example_is_told_of_that_rule_alone(rule: LintRule) -> None:
    findings = judged(rule, "bad")
    assert {finding.rule.id for finding in findings} == {rule.id}
    assert all(finding.severity is rule.severity and finding.hint == rule.fix for finding in findings)


@CASES
def test_the_good_example_is_told_of_nothing(rule: LintRule) -> None:
    assert judged(rule, "good") == []


@CASES
def test_a_finding_names_the_policy_and_stands_where_the_mistake_is(rule: LintRule) -> None:
    lines = example(rule, "bad").splitlines()
    for finding in judged(rule, "bad"):
        start = max(number for number in range(finding.place.line) if lines[number - 1] == "---" or number == 0)
        document = "\n".join(lines[start : finding.place.line])
        kind, name = (re.search(rf"(?m)^ *{key}: (\S+)", document) for key in ("kind", "name"))
        if kind and name and kind[1] == "NetworkPolicy":
            assert f"policy shop/{name[1]}: " in finding.message or f"policy monitoring/{name[1]}: " in finding.message
        else:
            assert finding.place.line == start + 1


def test_no_example_is_left_over() -> None:
    assert {file.name for file in EXAMPLES.iterdir()} == {
        f"{rule.id}-{kind}.yaml" for rule in RULES for kind in ("bad", "good")
    }
