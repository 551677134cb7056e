"""GitHub Actions' workflow commands: annotations on the lines of a pull request.

Source: GitHub documentation, "Workflow commands for GitHub Actions", Setting an error message; the escapes are those
of its toolkit (`packages/core/src/command.ts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netmatrix.document import Finding, Rule, Severity
from netmatrix.report.wording import is_file, place_text, printable, relative, said

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(findings: Sequence[Finding], _rules: Mapping[str, Rule]) -> str:
    """One command per finding."""
    return "".join(_command(finding) for finding in findings)


def _command(finding: Finding) -> str:
    place = finding.place
    properties = {"title": finding.rule.id}
    words = [said(finding), finding.hint]
    if is_file(place):
        at = {"file": relative(place.file).as_posix(), "line": str(place.line), "col": str(place.column)}
        properties = {**at, **properties}
    else:
        words.insert(0, place_text(place))
    listed = ",".join(f"{name}={_property(printable(value))}" for name, value in properties.items())
    text = "\n".join(printable(line) for line in words if line)
    return f"::{_COMMANDS[finding.severity]} {listed}::{_data(text)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
