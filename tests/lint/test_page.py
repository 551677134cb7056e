"""docs/lint.md, which is made from the rules, and the list of pitfalls that it accounts for."""

from __future__ import annotations

from pathlib import Path

import pytest

from netmatrix.document import Severity
from netmatrix.lint import RULES
from netmatrix.lint.page import main, page
from netmatrix.lint.pitfalls import PITFALLS
from tests.support.scenarios import ROOT


def test_every_pitfall_is_decided_by_a_rule_or_said_to_be_undecided() -> None:
    assert [item.id for item in PITFALLS] == [f"P{number}" for number in range(1, 43)]
    for item in PITFALLS:
        decided = item.reading or any(item.id in rule.pitfalls for rule in RULES)
        assert decided or item.undecided, f"{item.id} is neither decided nor said to be undecided"


def test_a_rule_decides_pitfalls_of_the_list_and_says_why_and_what_to_do() -> None:
    listed = {item.id for item in PITFALLS}
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert set(rule.pitfalls) <= listed
        assert rule.reason.endswith(".")
        assert rule.fix.endswith(".")
        assert rule.source


def test_the_page_in_the_repository_is_the_one_that_the_rules_give() -> None:
    assert (ROOT / "docs/lint.md").read_text(encoding="utf-8") == page()


def test_the_page_holds_every_rule_with_both_examples_and_what_is_said_of_the_bad_one() -> None:
    text = page()
    for rule in RULES:
        section = text.split(f"\n### {rule.id}\n")[1].split("\n### ")[0]
        assert section.count("```yaml") == 2
        assert f": {rule.severity} {rule.id} " in section
    assert {rule.severity for rule in RULES} == set(Severity)


def test_it_is_written_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--check"]) == 1
    assert not (tmp_path / "docs").exists()
    assert main([]) == 0
    assert main(["--check"]) == 0
    written = tmp_path / "docs" / "lint.md"
    written.write_text(written.read_text(encoding="utf-8").replace("Pitfalls", "Traps", 1), encoding="utf-8")
    capsys.readouterr()
    assert main(["--check"]) == 1
    told = capsys.readouterr()
    assert "-# Traps that" in told.out
    assert "run `make generate`" in told.err
