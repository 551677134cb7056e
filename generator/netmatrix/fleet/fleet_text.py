"""The verdicts on a fleet for people: findings that name their clusters, a table, and one line on all of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from netmatrix.document import Finding, Severity
from netmatrix.fleet.outcome import Outcome, Verdict, counts

_MOST_NAMED = 3


def findings(outcomes: Iterable[Outcome]) -> list[Finding]:
    """Errors and warnings of all clusters. What stands in a file that they share is told once, with their names.

    Notes are left out: they say of every cluster alike what a rendering without a cluster leaves open.
    """
    found: list[Finding] = []
    shared: dict[Finding, list[str]] = defaultdict(list)
    for outcome in outcomes:
        for finding in outcome.findings:
            if finding.severity is Severity.NOTE:
                continue
            if finding.place.file in outcome.cluster.files:
                found.append(finding)
            else:
                shared[finding].append(outcome.cluster.name)
    found += [replace(finding, message=f"{_some(names)}: {finding.message}") for finding, names in shared.items()]
    return found


def table(outcomes: Sequence[Outcome]) -> str:
    """A line for each cluster: its name, environment and verdict, and what was found."""
    rows = [("CLUSTER", "ENVIRONMENT", "VERDICT", ""), *map(_row, outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ("  ".join((*map(str.ljust, row, widths), row[3])).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


def headline(outcomes: Sequence[Outcome]) -> str:
    """How many clusters there are of each verdict."""
    found = counts(outcomes)
    parts = [f"{number:,} {_WORDS[verdict]}" for verdict, number in found.items() if number]
    return f"fleet of {len(outcomes):,}: {', '.join(parts)}"


_WORDS = {
    Verdict.HOLDS: "hold",
    Verdict.FAILS: "fail",
    Verdict.INVALID: "with values that do not hold",
    Verdict.UNJUDGED: "without a verdict",
}


def _row(outcome: Outcome) -> tuple[str, str, str, str]:
    name = outcome.cluster.name.encode("unicode_escape").decode("ascii")  # a file's name forges no line
    return name, outcome.environment or "-", _verdict(outcome), ", ".join(_remarks(outcome))


def _verdict(outcome: Outcome) -> str:
    return str(outcome.verdict) if outcome.verdict is Verdict.HOLDS else str(outcome.verdict).upper()


def _remarks(outcome: Outcome) -> Iterator[str]:
    if outcome.recorded:
        yield "recorded"
    found = Counter(finding.severity for finding in outcome.findings)
    for severity in (Severity.ERROR, Severity.WARNING):
        if found[severity]:
            yield f"{found[severity]} {severity}{'' if found[severity] == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED:,} more"
