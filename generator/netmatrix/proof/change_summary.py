"""Changes as a comment on a pull request: Markdown in a reviewer's words, the widest first, never too long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netmatrix.document import Finding
from netmatrix.policy.objects import Direction
from netmatrix.policy.ports import ALL_PORTS
from netmatrix.proof.acknowledge import Acknowledged
from netmatrix.proof.changes import Change, Changes, Kind
from netmatrix.proof.difference import Difference, Opening, Side
from netmatrix.proof.judge import grants_at

MOST = 20
"""How many connections, or faults, are listed under a heading."""
LONGEST = 240
"""How long a text may be that is quoted: a list of ranges or labels, a reason."""

_KINDS = {
    Kind.FROM_ANYWHERE: "Open to anyone",
    Kind.TO_ANYWHERE: "Free to go anywhere",
    Kind.WIDER_RANGE: "More addresses",
    Kind.NEW_PEER: "New peer",
    Kind.NEW_PORT: "New port",
}


def summary(found: Difference, told: Changes, acknowledged: Acknowledged, faults: Sequence[Finding]) -> str:
    """What is gained, what is lost, and what is wrong beside, each as a bounded list; what is cut is counted.

    Whatever comes from a file stands in code spans, in which GitHub reads neither markup nor HTML nor mentions.
    """
    lines = [f"### {_subject(found)}: {_outcome(told)}"]
    if told.gained:
        gains = [_gain(found, item, acknowledged) for item in told.gained]
        lines += ["", "**Gained**, the widest first:", "", *_bounded(gains, "none of them wider than these")]
    if told.lost:
        lines += ["", "**Lost**:", "", *_bounded([_loss(found, item) for item in told.lost])]
    if faults:
        lines += ["", "**To mend**:", "", *_bounded([f"{code(item.message)} ({item.rule.id})" for item in faults])]
    return "".join(f"{line}\n" for line in lines)


def _subject(found: Difference) -> str:
    """The environment, or both where a change leads from one to another."""
    sides = [side.granted.environment for side in (found.before, found.after) if side.granted is not None]
    names = [code(name) for name in dict.fromkeys(sides)]
    return f"Network of {' → '.join(names)}" if names else "Network"


def _outcome(told: Changes) -> str:
    if not (told.gained or told.lost):
        return "no connection is gained or lost"
    gained = f"{len(told.gained)} connection{'' if len(told.gained) == 1 else 's'} gained"
    return f"{gained}, {len(told.lost)} lost"


def _bounded(items: Sequence[str], about: str = "") -> Iterator[str]:
    yield from (f"- {item}" for item in items[:MOST])
    if len(items) > MOST:
        yield f"- … and {len(items) - MOST} more{f', {about}' if about else ''}; `netmatrix diff` lists them all"


def _gain(found: Difference, item: Change, acknowledged: Acknowledged) -> str:
    entry = acknowledged.by_connection.get(item.text)
    consent = "**not acknowledged**"
    if entry is not None:
        consent = f"acknowledged by {code(entry.who)} until {entry.until}: {code(entry.reason)}"
    return f"**{_KINDS[item.kind]}:** {_ends(item, 'can now reach')}{_grants(found.after, item)}; {consent}"


def _loss(found: Difference, item: Change) -> str:
    return f"{_ends(item, 'can no longer reach')}{_grants(found.before, item)}"


def _ends(item: Change, verb: str) -> str:
    ports = item.ports.replace(str(ALL_PORTS), "every port")
    return f"{code(item.source)} {verb} {code(item.destination)} on {code(ports)}"


def _grants(side: Side, item: Change) -> str:
    """The flows and exceptions that open it on the side that lets it through, where a matrix names them."""
    names = [code(name) for name in dict.fromkeys(_granting(side, item.example))]
    return f" ({' and '.join(names)})" if names else ""


def _granting(side: Side, opening: Opening) -> Iterable[str]:
    if side.granted is None:
        return
    for end in Direction:
        for grant in grants_at(side.granted, opening.opened.packet, end, opening.model).granted_by:
            yield f"exceptions.{grant.name}" if grant.kind == "exception" else f"flows.{grant.name}"


def code(text: str) -> str:
    """A code span (CommonMark 0.31, section 6.1): its fence is longer than any run of backticks inside."""
    words = " ".join(text.split())
    words = words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
    runs = "".join(char if char == "`" else " " for char in words).split()
    fence = "`" * (max(map(len, runs), default=0) + 1)
    pad = " " if {"`", ""} & {words[:1], words[-1:]} else ""
    return f"{fence}{pad}{words}{pad}{fence}"
