"""A verdict for people, a table cell by cell, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from netmatrix.policy.addresses import FAMILIES
from netmatrix.probe.questions import LeftOut, Outcome
from netmatrix.probe.verdict import Cell, Verdict

_MOST_DEVIATIONS = 40
_REST = "all else"
_REFUSED = (Outcome.REFUSED, str(Outcome.REFUSED))


@dataclass(frozen=True, slots=True)
class About:
    """What a verdict is about. `policies` is how many there are in the namespaces, None where that is not told.

    `left_out` are parts of the matrix, of which the verdict says nothing; `not_asked` is what no run asks.
    """

    environment: str
    context: str
    server: str
    image: str
    policies: int | None
    left_out: tuple[LeftOut, ...]
    not_asked: tuple[str, ...]


def text(verdict: Verdict, about: About) -> str:
    """First what the whole means, then what deviates, then the table, then what was not asked."""
    lines = [headline(verdict, about)]
    if not _all_told(verdict):
        lines += _deviations(verdict)
        lines += ["", *_table(verdict)]
    lines += [f"not answered: {item}" for item in verdict.unanswered]
    named = {item.name for item in verdict.unanswered}
    dark = [name for name in verdict.unreachable if name not in named]
    lines += [f"not judged: {name} does not answer, not even to a pod of no row" for name in dark]
    lines += [f"not asked: {item}" for item in (*about.left_out, *about.not_asked)]
    return "\n".join(lines) + "\n"


def headline(verdict: Verdict, about: About) -> str:
    """The one line, or the few, that somebody must read."""
    total = sum(cell.judged for cell in verdict.cells)
    if not verdict.is_connected:
        return (
            f"{about.environment}: CANNOT TELL: not one of {total} connections was made, not even between pods of a "
            "namespace without policies\n  look after the network plugin first; a cluster without a network refuses "
            "everything, whatever its policies say"
        )
    if verdict.not_enforced:
        over = " and ".join(f"IPv{int(family)}" for family in verdict.not_enforced)
        return f"{about.environment}: FAILS: the cluster does not enforce network policies over {over}\n  {_why(about)}"
    if verdict.deviations:
        return (
            f"{about.environment}: FAILS: {len(verdict.deviations)} of {total} connections are not as the matrix says"
            f"{_left_out(verdict, about)}"
        )
    is_whole = not (verdict.unanswered or about.left_out)
    holds = "holds" if is_whole else f"holds for what was {'answered' if verdict.unanswered else 'asked'}"
    said = f"all of {total} connections are as the matrix says{_unjudged(verdict)}{_left_out(verdict, about)}"
    return f"{about.environment}: {holds}: {said}"


def document(verdict: Verdict, about: About) -> dict[str, Any]:
    """Everything, cell by cell. It `holds` only where nothing of the matrix was left out, or did not answer."""
    return {
        "environment": about.environment,
        "context": about.context,
        "server": about.server,
        "image": about.image,
        "holds": verdict.holds and not about.left_out,
        "connected": verdict.is_connected,
        "notEnforced": [f"IPv{int(family)}" for family in verdict.not_enforced],
        "policies": about.policies,
        "deviations": len(verdict.deviations),
        "unreachable": list(verdict.unreachable),
        "leftOut": [{"name": item.name, "reason": item.reason} for item in (*about.left_out, *verdict.unanswered)],
        "notAsked": list(about.not_asked),
        "cells": [_cell_data(cell) for cell in verdict.cells],
    }


def _unjudged(verdict: Verdict) -> str:
    count = sum(not cell.judged for cell in verdict.cells)
    return f"; {count} more say nothing: nobody answers there, or either outcome is right" if count else ""


def _left_out(verdict: Verdict, about: About) -> str:
    """The parts of the matrix of which nothing is said."""
    asked = ", ".join(dict.fromkeys(item.name for item in about.left_out))
    answered = ", ".join(item.name for item in verdict.unanswered)
    return (
        f"{f'; NOT ASKED: {asked} (why: below; --allow-unasked agrees to it)' if asked else ''}"
        f"{f'; NOT ANSWERED: {answered} (what of it: below)' if answered else ''}"
    )


def _cell_data(cell: Cell) -> dict[str, Any]:
    question = cell.question
    return {
        "source": question.source,
        "destination": question.destination,
        "protocol": str(question.protocol),
        "port": question.port,
        "family": f"IPv{int(question.family)}",
        "address": question.address,
        "query": question.is_query,
        "expected": str(question.expected),
        "found": str(cell.found),
        "wasOpen": cell.was_open,
        "judged": cell.judged,
        "holds": cell.holds,
    }


def _all_told(verdict: Verdict) -> bool:
    """Whether the first lines say all that there is to say: a table of the same word in every line helps nobody."""
    return not verdict.is_connected or len(verdict.not_enforced) == len(
        {cell.question.family for cell in verdict.cells}
    )


def _why(about: About) -> str:
    every = "every connection that must be refused was made"
    if about.policies == 0:
        return f"{every}; there are no policies in these namespaces: install the chart, then probe again"
    there = "" if about.policies is None else f", although there are {about.policies} policies in these namespaces"
    return (
        f"{every}{there}; the network plugin ignores them (flannel alone, minikube's default bridge, an EKS or AKS "
        "without a policy engine), or has stopped working: look after it, or install one that enforces NetworkPolicy"
    )


def _deviations(verdict: Verdict) -> Iterator[str]:
    found = verdict.deviations
    for cell in found[:_MOST_DEVIATIONS]:
        question = cell.question
        was = " (it was made first, and then refused)" if cell.was_open else ""
        yield f"  {question}, at {question.address}: expected {question.expected}, found {cell.found}{was}"
    if len(found) > _MOST_DEVIATIONS:
        yield f"  and {len(found) - _MOST_DEVIATIONS} more; --format json has all"


def _table(verdict: Verdict) -> Iterator[str]:
    """A line for each source and what it has in common: the destinations, the ports, expected, found."""
    rows = [("source", "destination", "port", "expected", "found")]
    for source in dict.fromkeys(cell.question.source for cell in verdict.cells):
        own = [cell for cell in verdict.cells if cell.question.source == source]
        rows += [(source, *row) for row in _rows_of(own)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()


def _rows_of(cells: Sequence[Cell]) -> Iterator[tuple[str, str, str, str]]:
    """What is open, or not as it should be, by destination; last, in one line, what is rightly refused."""
    kinds = dict.fromkeys((cell.question.expected, _found(cell)) for cell in cells)
    for kind in sorted(kinds, key=lambda kind: (kind == _REFUSED, kind[0] is not Outcome.OPEN, kind[1])):
        same = [cell for cell in cells if (cell.question.expected, _found(cell)) == kind]
        if kind == _REFUSED:
            yield _REST, f"{len(same)} asked", *kind
            continue
        for destination in dict.fromkeys(cell.question.destination for cell in same):
            yield destination, _ports([cell for cell in same if cell.question.destination == destination]), *kind


def _found(cell: Cell) -> str:
    if cell.question.expected is not Outcome.EITHER and not cell.judged:
        return f"{cell.found}, not judged"
    return f"{cell.found}{'' if cell.holds else '  <--'}"


def _ports(cells: Sequence[Cell]) -> str:
    """`TCP 80 443`, `UDP 53 (query)`; with the family where it is not both that the pods have."""
    found: dict[tuple[str, str], list[int]] = {}
    for cell in cells:
        item = cell.question
        same = [other.question.family for other in cells if _service(other) == _service(cell)]
        family = "" if len(same) == len(FAMILIES) or item.is_query else f" (IPv{int(item.family)})"
        ports = found.setdefault((item.protocol, " (query)" if item.is_query else family), [])
        if item.port not in ports:
            ports.append(item.port)
    return ", ".join(f"{protocol} {' '.join(map(str, ports))}{after}" for (protocol, after), ports in found.items())


def _service(cell: Cell) -> tuple[str, int, bool]:
    return cell.question.protocol, cell.question.port, cell.question.is_query
