"""Findings for programs: one JSON object with `findings` and `summary`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from netmatrix.document import Finding, Rule, Severity, key_path_text
from netmatrix.report.wording import has_position


def render(findings: Sequence[Finding], _rules: Mapping[str, Rule]) -> str:
    """`{"findings": [...], "summary": {error, warning, note}}`; `row` says what a finding holds."""
    return json.dumps({"findings": [row(item) for item in findings], "summary": summary(findings)}, indent=2) + "\n"


def summary(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings there are of each severity."""
    return {str(severity): sum(item.severity is severity for item in findings) for severity in Severity}


def row(finding: Finding) -> dict[str, Any]:
    """`file` is as the user named it; `line` and `column` are null for what is no file, such as `--set a=b`."""
    positioned = has_position(finding.place)
    return {
        "rule": finding.rule.id,
        "severity": str(finding.severity),
        "message": finding.message,
        "hint": finding.hint,
        "file": finding.place.file,
        "line": finding.place.line if positioned else None,
        "column": finding.place.column if positioned else None,
        "path": key_path_text(finding.path),
    }
