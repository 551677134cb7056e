"""Changes in words: as text, as a Markdown table for a pull request, in one line."""

from __future__ import annotations

from collections.abc import Iterator

from netmatrix.policy.packet import EndVerdict, Packet
from netmatrix.proof.acknowledge import Acknowledged
from netmatrix.proof.changes import Change, Changes
from netmatrix.proof.difference import Difference, Opening, Side
from netmatrix.proof.exactly import MODELS
from netmatrix.proof.judge import grants_at
from netmatrix.proof.names import labels_text
from netmatrix.proof.words import by_policy, grant_text, model_text, packet_text


def text(found: Difference, told: Changes, acknowledged: Acknowledged) -> str:
    """A line for each connection that is gained (+) or lost (-), each with what opened or closed its ends."""
    lines: list[str] = []
    for item in told.gained:
        lines.append(f"+ {item.text}  [{item.kind}]")
        lines += [f"    {line}" for line in (*reasons(found, item), *agreed(acknowledged, item))]
    for item in told.lost:
        lines.append(f"- {item.text}")
        lines += [f"    {line}" for line in reasons(found, item)]
    return "".join(f"{line}\n" for line in (*lines, headline(found, told, acknowledged)))


def markdown(found: Difference, told: Changes, acknowledged: Acknowledged) -> str:
    """A table of the same, with the outcome above."""
    rows: list[tuple[str, ...]] = []
    for item in (*told.gained, *told.lost):
        what, consent = ("lost", ()) if not item.gained else (f"gained: {item.kind}", agreed(acknowledged, item))
        rows.append((what, item.text, "; ".join(reasons(found, item)), "; ".join(consent)))
    lines = [f"**{headline(found, told, acknowledged)}**"]
    if rows:
        lines += ["", "| | connection | why | acknowledged |", "|---|---|---|---|"]
        lines += [f"| {' | '.join(_cell(words) for words in row)} |" for row in rows]
    return "".join(f"{line}\n" for line in lines)


def headline(found: Difference, told: Changes, acknowledged: Acknowledged) -> str:
    """The outcome in one line."""
    undecided = "; policies of kinds that are not understood may decide as well" if found.unjudged else ""
    if not (told.gained or told.lost):
        return f"no connection is gained or lost{undecided}"
    entries = len(acknowledged.by_connection)
    of_them = f" ({entries} acknowledged)" if entries else ""
    return f"{len(told.gained)} gained{of_them}, {len(told.lost)} lost{undecided}"


def reasons(found: Difference, item: Change) -> Iterator[str]:
    """What each end that makes the difference said, and what it says now; then the packet that shows it."""
    opening = item.example
    then, now = (opening.closed, opening.opened) if item.gained else (opening.opened, opening.closed)
    for was, is_, shut in zip(then.ends, now.ends, opening.closed.ends, strict=True):
        if not shut.allowed:
            old, new = _end(found.before, then.packet, was), _end(found.after, now.packet, is_)
            yield f"{shut.direction.lower()}: was {old}; is {new}"
    yield from _relabelled(then.packet, now.packet)
    yield f"the packet {packet_text(now.packet)}{_condition(opening)}"


def agreed(acknowledged: Acknowledged, item: Change) -> tuple[str, ...]:
    """Who has agreed to it, until when and why; nothing where nobody has."""
    entry = acknowledged.by_connection.get(item.text)
    return (f"acknowledged by {entry.who} until {entry.until}: {entry.reason}",) if entry else ()


def _end(side: Side, packet: Packet, verdict: EndVerdict) -> str:
    """What one side says at one end, with the line of its matrix that grants it."""
    told = by_policy(verdict, with_place=side.in_files)
    if side.granted is None or not verdict.admitted_by:
        return told
    grants = [
        grant for model in MODELS for grant in grants_at(side.granted, packet, verdict.direction, model).granted_by
    ]
    return f"{told} ({grant_text(grants[0])})" if grants else told


def _relabelled(then: Packet, now: Packet) -> Iterator[str]:
    """The namespaces of the packet's ends that carry other labels than before."""
    ends = (then.source, now.source), (then.destination, now.destination)
    for was, is_ in ((one.namespace, other.namespace) for one, other in ends):
        if was and is_ and was.labels != is_.labels:
            yield f"namespace {is_.name}: was labelled {labels_text(was.labels)}; is labelled {labels_text(is_.labels)}"


def _condition(opening: Opening) -> str:
    """The names of the port, and the model, where these decide."""
    names = "".join(f", a port that it calls {name!r}" for name, _ in sorted(opening.names))
    if len(opening.deviation.models) > 1:
        return names
    return f"{names}, {model_text(opening.model)}"


def _cell(words: str) -> str:
    """Text for a cell of a table: no markup of its own, on one line."""
    return "".join(f"\\{char}" if char in "\\|`*_<>[]" else char for char in words.replace("\n", " "))
