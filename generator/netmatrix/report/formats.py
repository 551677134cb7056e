"""The registry of formats."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from enum import StrEnum

from netmatrix.document import Finding, Rule, key_path_text


class Format(StrEnum):
    """How findings are printed; each format is a module of its own with a `render` function."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"


_MODULES = {
    Format.TEXT: "netmatrix.report.text",
    Format.JSON: "netmatrix.report.json_report",
    Format.GITHUB: "netmatrix.report.github",
    Format.SARIF: "netmatrix.report.sarif",
    Format.JUNIT: "netmatrix.report.junit",
}


def render(findings: Sequence[Finding], format_: Format, *, rules: Mapping[str, Rule] | None = None) -> str:
    """The findings in the order of their places: text that ends in a newline, or is empty with nothing to say.

    `rules` are the rules that were checked, by id; SARIF and JUnit list them beside those that were broken.
    """
    module = importlib.import_module(_MODULES[format_])
    known = {**(rules or {}), **{finding.rule.id: finding.rule for finding in findings}}
    text: str = module.render(sorted(findings, key=_order), known)
    return text


def _order(finding: Finding) -> tuple[object, ...]:
    """By place, then rule and text; the key path makes the order that of the findings alone, not of their finders."""
    return (*finding.order(), key_path_text(finding.path), finding.hint)
