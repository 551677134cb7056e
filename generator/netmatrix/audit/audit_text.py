"""An audit for people: every departure with its packets, then what was looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from netmatrix.audit.compare import State
from netmatrix.audit.effects import Effect, Told
from netmatrix.audit.findings import who
from netmatrix.audit.run import Audit
from netmatrix.document import Finding, Severity
from netmatrix.report.wording import printable

_MOST_LINES = 8
_NOT_CLAIMED = (
    "whether the network plugin enforces NetworkPolicy at all (`netmatrix probe` asks)",
    "pods that started or ended meanwhile",
)


def not_claimed(audit: Audit) -> Iterator[str]:
    """What an audit says nothing about, one after the other."""
    yield from _NOT_CLAIMED
    groups: dict[str, list[str]] = {}
    for kind in audit.unread:
        groups.setdefault(kind.group, []).append(kind.name)
    if groups:
        kinds = ", ".join(f"{', '.join(names)} ({group})" for group, names in groups.items())
        yield f"what policies of other APIs decide, of which the dump has none and does not tell that none are: {kinds}"


def headline(audit: Audit, found: Sequence[Finding]) -> str:
    """The outcome in one line."""
    environment = audit.granted.environment
    errors = sum(item.severity is Severity.ERROR for item in found)
    if not errors:
        return f"{environment}: holds: the cluster is as the matrix says ({audit.compared.as_rendered} policies)"
    states = Counter(item.departure.state for item in audit.effects)
    counts = [f"{states[state]} {state}" for state in State if states[state]]
    counts += [f"{len(audit.pods.uncovered)} without a row"] if audit.pods.uncovered else []
    counts += [f"{len(audit.expired)} expired"] if audit.expired else []
    counts += [f"{len(audit.absent)} absent"] if audit.absent else []
    others = errors - sum(states.values()) - len(audit.pods.uncovered) - len(audit.expired) - len(audit.absent)
    counts += [f"{others} more"] if others > 0 and counts else []
    told = f": {', '.join(counts)}" if counts else ""
    return f"{environment}: DIFFERS: {errors} {'finding' if errors == 1 else 'findings'}{told}"


def text(audit: Audit, found: Sequence[Finding]) -> str:
    """What each departure opens (+) and closes (-), then the outcome and what it rests on."""
    lines = [line for effect in audit.effects for line in _effect(effect)]
    lines += [headline(audit, found), *_covered(audit)]
    return "".join(f"{printable(line)}\n" for line in lines)


def _effect(effect: Effect) -> Iterator[str]:
    item = effect.departure
    yield f"{item.state} {who(item)}{' (changes no packet)' if effect.is_harmless else ''}"
    yield from (f"    {line}" for line in item.what)
    for sign, several in (("+", effect.opens), ("-", effect.closes)):
        yield from (f"  {sign} {_told(told)}" for told in several[:_MOST_LINES])
        if len(several) > _MOST_LINES:
            yield f"  {sign} and {len(several) - _MOST_LINES} more; --format json lists all"


def _told(told: Told) -> str:
    kind = f"  [{told.change.kind}]" if told.change.gained else ""
    return f"{told.change.text}{kind}{' (only together with the others)' if told.together else ''}"


def _covered(audit: Audit) -> Iterator[str]:
    live, compared = audit.live, audit.compared
    release = f", of {compared.release}" if compared.release else ""
    yield _line("policies", f"{len(live.policies)} read, {compared.as_rendered} as rendered{release}")
    if live.elsewhere:
        yield _line(
            "elsewhere", f"{live.elsewhere} policies of namespaces that the matrix does not name: not looked at"
        )
    pods = sum(audit.pods.matched.values())
    rows = len(audit.pods.matched) - len(audit.pods.empty_rows)
    yield _line("pods", f"{len(live.pods)} in governed namespaces; {pods} are {rows} rows that have a flow on")
    for item in audit.looked:
        now = ", ".join(sorted(map(str, item.now))) or "no address"
        yield _line("addresses", f"{item.endpoint.id} is now {now}")
    holds = "allow exactly" if audit.verdict.holds else "do NOT allow exactly"
    yield _line("proof", f"the cluster's policies together {holds} what the matrix grants")
    yield _line("not claimed", "; ".join(not_claimed(audit)))


def _line(subject: str, told: str) -> str:
    return f"  {subject:<12} {told}"
