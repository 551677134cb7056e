"""docs/commands.md and docs/rules.md, which are made from the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netmatrix.cli.main import COMMANDS
from netmatrix.cli.reference import commands_page, main, rules_page
from tests.cli.conftest import Run
from tests.support.scenarios import ROOT


def test_the_pages_in_the_repository_are_what_the_code_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["--check"]) == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_shown_with_what_its_help_prints(command: str, netmatrix: Run) -> None:
    section = commands_page().split(f"\n## netmatrix {command}\n")[1].split("\n## ")[0]
    assert section.strip() == f"```text\n{netmatrix(command, '--help').out}```"


def test_every_rule_of_the_code_has_a_row_that_says_what_to_do() -> None:
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "generator/netmatrix").rglob("*.py")]
    defined = {id_ for text in sources for id_ in re.findall(r'Rule\(\s*"(NM\d{3})"', text)}
    rows = re.findall(r"(?m)^\| \[?(NM\d{3})\b[^|]* \| [^|]*\. \| [^|]*\. \|$", rules_page())
    assert len(rows) == len(set(rows))
    assert set(rows) == defined
    assert len(defined) > 100


def test_a_stale_page_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    assert main(["--check"]) == 0
    page = tmp_path / "docs/rules.md"
    page.write_text(page.read_text(encoding="utf-8").replace("NM701", "NM799"), encoding="utf-8")
    capsys.readouterr()
    assert main(["--check"]) == 1
    told = capsys.readouterr()
    assert "-| NM799 |" in told.out
    assert "docs/rules.md is not what the code gives; run `make generate`" in told.err
