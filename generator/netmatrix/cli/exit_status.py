"""The exit statuses of every command (yamllint's: 0, 1, 2)."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netmatrix.document import Finding, FindingsError

_READ_BUT_FAULTY = {"NM009", "NM010", "NM011", "NM012", "NM016"}
"""Faults of a document that could be read; with any other of NM001 to NM019 there is nothing to judge."""

_UNDECIDED = {"NM303", "NM306", "NM703", "NM704", "NM706", "NM801", "NM803"}
"""There is no verdict: generated files that are nobody's to overwrite, an audit of another chart, what no proof could
decide, our own faults."""

_MACHINERY = ("NM4", "NM9")
"""Helm, kubectl and the cluster: what they lack is no finding about anybody's values."""


class ExitStatus(IntEnum):
    """0: what was asked holds. 1: findings. 2: could not run (usage, unreadable input, no helm)."""

    HOLDS = 0
    FINDINGS = 1
    COULD_NOT_RUN = 2


def status_of(error: FindingsError) -> ExitStatus:
    """What an error that ended a command means: no helm and unreadable input could not run, all else are findings."""
    from netmatrix.cli.project import UnusableMatrixError
    from netmatrix.document import UnreadableError

    could_not = isinstance(error, (UnusableMatrixError, UnreadableError))
    return ExitStatus.COULD_NOT_RUN if could_not else status_of_findings(error.findings)


def status_of_findings(findings: tuple[Finding, ...]) -> ExitStatus:
    """The worst of the findings."""
    from netmatrix.document import Severity

    errors = [finding.rule.id for finding in findings if finding.severity is Severity.ERROR]
    if any(_could_not_run(rule) for rule in errors):
        return ExitStatus.COULD_NOT_RUN
    return ExitStatus.FINDINGS if errors else ExitStatus.HOLDS


def _could_not_run(rule: str) -> bool:
    return (rule.startswith("NM0") and rule not in _READ_BUT_FAULTY) or rule[:3] in _MACHINERY or rule in _UNDECIDED
