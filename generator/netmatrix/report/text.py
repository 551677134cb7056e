"""`file:line:col: error RULE-ID message`, with the remedy on a line of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netmatrix.document import Finding, Rule
from netmatrix.report.wording import place_text, printable, said


def render(findings: Sequence[Finding], _rules: Mapping[str, Rule]) -> str:
    """One finding after the other."""
    return "".join(_finding(finding) for finding in findings)


def _finding(finding: Finding) -> str:
    line = printable(f"{place_text(finding.place)}: {finding.severity} {finding.rule.id} {said(finding)}")
    hint = f"  {printable(finding.hint)}\n" if finding.hint else ""
    return f"{line}\n{hint}"
