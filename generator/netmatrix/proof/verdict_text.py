"""A verdict for people: what was proved, by going through what, and what is not claimed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from netmatrix.policy.ports import PortSet
from netmatrix.proof.backend import BackendVerdict
from netmatrix.proof.coverage import HIGHER_TIERS, NOT_CLAIMED, Coverage
from netmatrix.proof.deviations import Deviation
from netmatrix.proof.grants import Grant, Granted
from netmatrix.proof.verify import Verdict

_MOST_NAMED = 4
_MOST_LINES = 12
_INDENT = " " * 15


def headline(verdict: Verdict, what: str) -> str:
    """One line: the environment, the verdict, and how much it rests on."""
    environment = verdict.granted.environment
    if verdict.holds:
        return (
            f"{environment}: holds: {what} allow exactly what the matrix grants "
            f"({verdict.coverage.connections:,} classes of connections)"
        )
    if verdict.counter_examples:
        gained = sum(item.deviation.gained for item in verdict.counter_examples)
        lost = len(verdict.counter_examples) - gained
        return f"{environment}: FAILS: {what} allow {gained} kinds of connections too much, and {lost} too few"
    failing = [item.backend.kind for item in verdict.backends if not item.holds]
    if failing:
        return f"{environment}: FAILS: of {what}, those of kind {', '.join(failing)} do not come to the same"
    return f"{environment}: UNDECIDED: {what} contain policies of kinds that are not understood"


def text(verdict: Verdict, what: str) -> str:
    """The headline, then what it covers."""
    return "".join(f"{line}\n" for line in (headline(verdict, what), *_lines(verdict)))


def _lines(verdict: Verdict) -> Iterator[str]:
    granted = verdict.granted
    yield from (_line(*fact) for fact in covered(verdict.coverage))
    kinds = Counter(grant.kind for grant in granted.grants)
    yield _line("granted", f"{kinds['table']} flows of the tables, {kinds['operation']} operational flows")
    yield from (_line("operational", f"{grant.name}, {grant.place}") for grant in _of(granted, "operation"))
    yield from (_line("exception", f"{grant.name}, {grant.place}") for grant in _of(granted, "exception"))
    off = [grant.name for grant in granted.off if grant.kind == "table" and granted.environment in grant.environments]
    if off:
        yield _line("off", f"flows of the tables: {', '.join(off)}")
    if verdict.model_dependent:
        yield _line("differs", "granted only where the network plugin lets an ipBlock match pods:")
        lines = list(summarised(verdict.model_dependent))
        yield from (f"{_INDENT}{line}" for line in lines[:_MOST_LINES])
        if len(lines) > _MOST_LINES:
            yield f"{_INDENT}and {len(lines) - _MOST_LINES} more; --format json lists all"
    for item in verdict.backends:
        first, *others = backend_lines(item)
        yield _line("back end", first)
        yield from (f"{_INDENT}{line}" for line in others)
    yield _line("not claimed", "; ".join(not_claimed(granted)))


def backend_lines(verdict: BackendVerdict) -> Iterator[str]:
    """What was proved of the objects of another API, and where the APIs differ."""
    backend = verdict.backend
    objects = "1 object" if backend.objects == 1 else f"{backend.objects} objects"
    yield f"{backend.kind}: {objects} with {backend.rules} rules"
    for claim in verdict.claims:
        but = f", but for {_kinds(claim.differing)} on which the APIs differ" if claim.differing else ""
        failing = f" (FAILS: {_kinds(claim.counter_examples)})" if claim.counter_examples else ""
        yield f"{claim.among}, {claim.said}{but}{failing}"
    yield from (f"differs: {item.packets}: {item.why}" for item in backend.differences)


def _kinds(found: Sequence[object]) -> str:
    return "1 kind of connections" if len(found) == 1 else f"{len(found)} kinds of connections"


def not_claimed(granted: Granted) -> tuple[str, ...]:
    """What the verdict says nothing about."""
    offline = [f"what installing discovers as {endpoint} in the cluster" for endpoint in granted.undiscovered]
    known = [item for item in NOT_CLAIMED if item != HIGHER_TIERS or not granted.backends]
    return (*offline, *known, *([f"{HIGHER_TIERS}, unless they are judged above"] if granted.backends else []))


def covered(coverage: Coverage) -> Iterator[tuple[str, str]]:
    """What the proof went through: each subject with what was told apart of it."""
    others = f"{coverage.foreign_pod_classes} classes of all other pods, in {coverage.namespaces} kinds of namespaces"
    yield "pods", f"{coverage.rows} rows of the matrix and {others}"
    addresses = ", ".join(f"{count} of {family}" for family, count in coverage.address_classes.items())
    ports = ", ".join(f"{count} of {protocol}" for protocol, count in coverage.port_classes.items())
    yield "addresses", f"classes: {addresses}"
    yield "ports", f"classes: {ports}"
    yield "policies", f"{coverage.policies} with {coverage.rules} rules; in both models of ipBlock"


def _of(granted: Granted, kind: str) -> Iterator[Grant]:
    return (grant for grant in granted.grants if grant.kind == kind)


def summarised(found: Iterable[Deviation]) -> Iterator[str]:
    """A line for each source, ports and addresses: to whom, a few by name."""
    alike: dict[tuple[str, PortSet], list[str]] = defaultdict(list)
    for item in found:
        alike[item.source, item.ports].append(item.destination)
    for (source, ports), destinations in alike.items():
        yield f"{source} -> {_some(destinations)}: {ports}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED} more"


def _line(subject: str, told: str) -> str:
    return f"  {subject:<12} {told}"
