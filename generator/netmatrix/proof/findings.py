"""Counter-examples as findings: the packet, which end opened or closed it, by which rule, against which line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from netmatrix.document import Finding, Place
from netmatrix.policy.objects import Foreign
from netmatrix.policy.packet import EndVerdict
from netmatrix.policy.semantics import Model
from netmatrix.proof import rules
from netmatrix.proof.backend import BackendVerdict
from netmatrix.proof.deviations import Deviation
from netmatrix.proof.exactly import CounterExample
from netmatrix.proof.grants import Granted
from netmatrix.proof.judge import EndGrants, rows_of
from netmatrix.proof.verify import Verdict
from netmatrix.proof.words import by_matrix, by_policy, packet_text, party_text

_MOST_NAMED = 3


def findings(verdict: Verdict, *, in_manifests: bool) -> tuple[Finding, ...]:
    """A finding for all counter-examples that the same rules open, or in which the same grants are closed.

    Each is told by its smallest packet, those between rows of the matrix before others. It stands at the policy's rule
    where the manifests are files (`in_manifests`), else at the line of the matrix.
    """
    alike: dict[object, list[CounterExample]] = {}
    for item in verdict.counter_examples:
        alike.setdefault(_cause(item), []).append(item)
    found = (_finding(verdict.granted, items, in_manifests) for items in alike.values())
    others = (finding for item in verdict.backends for finding in _of_backend(verdict.granted, item, in_manifests))
    return (*found, *others, *map(unjudged, verdict.unjudged))


def _of_backend(granted: Granted, verdict: BackendVerdict, in_manifests: bool) -> Iterator[Finding]:
    """What is wrong with the objects of a back end: the same findings, each with the claim that fails."""
    yield from verdict.problems
    for claim in verdict.claims:
        alike: dict[object, list[CounterExample]] = {}
        for item in claim.counter_examples:
            alike.setdefault(_cause(item), []).append(item)
        for items in alike.values():
            found = _finding(granted, items, in_manifests)
            rule = rules.BACKEND_GAINED if items[0].deviation.gained else rules.BACKEND_LOST
            message = f"{verdict.backend.kind}, {claim.among}: {found.message}"
            yield replace(found, rule=rule, message=message)


def _cause(item: CounterExample) -> tuple[object, ...]:
    """What makes the difference: rules that open ends which are not granted, or grants at ends that are closed."""
    pairs = zip(item.verdicts, item.grants, strict=True)
    if item.deviation.gained:
        return ("gained", *(str(end.ruling or end.admitted_by[:1]) for end, grants in pairs if not grants.granted))
    return ("lost", *(str(grants.granted_by[:1]) for end, grants in pairs if not end.allowed))


def unjudged(item: Foreign) -> Finding:
    """Fail closed: such a policy may override all that was proved, or add to it."""
    many = "1 object" if item.count == 1 else f"{item.count} objects"
    message = f"{many} of kind {item.kind} ({item.api_version}) may decide as well, and nothing can be said of that"
    hint = "take what you know not to concern these namespaces out of the input; the verdict is then without it"
    return Finding(rules.UNJUDGED, message, item.origin.place, item.origin.path, hint)


def _finding(granted: Granted, items: Sequence[CounterExample], in_manifests: bool) -> Finding:
    item, deviation = items[0], items[0].deviation
    told = _told([other.deviation for other in items])
    ends = [words for pair in zip(item.verdicts, item.grants, strict=True) for words in _end(granted, item, *pair)]
    hint = f"the packet {packet_text(deviation.packet)}: {'; '.join(ends)}"
    if deviation.gained:
        message = f"{told}: allowed, and not granted"
        at_matrix, at_policy = _place_of_missing_grant(granted, item), _place_of_opening(item)
    else:
        message = f"{told}: granted, and not allowed"
        at_matrix, at_policy = _place_of_grant(granted, item), _place_of_closing(item)
    place = at_policy if in_manifests and at_policy else at_matrix
    return Finding(rules.GAINED if deviation.gained else rules.LOST, message, place, hint=hint)


def _told(items: Sequence[Deviation]) -> str:
    """The first, with all that differ from it in one end alone; the others counted."""
    first = items[0]
    sources = [item for item in items if _but_source(item) == _but_source(first)]
    destinations = [item for item in items if _but_destination(item) == _but_destination(first)]
    many = sources if len(sources) > len(destinations) else destinations
    ends = " -> ".join(
        _one_of(names) for names in zip(*((i.source_text, i.destination_text) for i in many), strict=True)
    )
    others = len(items) - len(many)
    return f"{ends}, {first.ports}{first.over}{f', and {others} more such connections' if others else ''}"


def _but_source(item: Deviation) -> tuple[object, ...]:
    return item.destination, item.destination_addresses, item.ports, item.families, item.models


def _but_destination(item: Deviation) -> tuple[object, ...]:
    return item.source, item.source_addresses, item.ports, item.families, item.models


def _one_of(names: Sequence[str]) -> str:
    """A few different names, the others counted."""
    distinct = tuple(dict.fromkeys(names))
    shown = ", ".join(distinct[:_MOST_NAMED])
    return shown if len(distinct) <= _MOST_NAMED else f"{shown} and {len(distinct) - _MOST_NAMED} more"


def _end(granted: Granted, item: CounterExample, verdict: EndVerdict, grants: EndGrants) -> list[str]:
    """What one end says, where it says something; an end outside that is open to all says nothing."""
    packet = item.deviation.packet
    if not grants.governed and not verdict.isolated_by and verdict.ruling is None:
        return []
    own = grants.row or party_text(packet, packet.own(verdict.direction))
    told = [f"{verdict.direction.lower()} of {own} is {by_policy(verdict)}"]
    at_fault = not grants.granted if item.deviation.gained else not verdict.allowed
    if at_fault:
        model = Model(ipblock_matches_pods=item.deviation.models[0])
        told.append(by_matrix(granted, packet, grants, model))
    return told


def _place_of_missing_grant(granted: Granted, item: CounterExample) -> Place:
    packet = item.deviation.packet
    for end in item.grants:
        if not end.granted:
            rows = rows_of(granted, packet.own(end.direction))
            if rows:
                return granted.matrix.pods[rows[0]].place
    return next(iter(granted.matrix.namespaces.values())).place


def _place_of_grant(granted: Granted, item: CounterExample) -> Place:
    found = [grant for end in item.grants for grant in end.granted_by]
    return found[0].place if found else Place(granted.matrix.file)


def _place_of_opening(item: CounterExample) -> Place | None:
    for verdict, grants in zip(item.verdicts, item.grants, strict=True):
        if not grants.granted and (verdict.ruling or verdict.admitted_by):
            origin = (verdict.ruling or verdict.admitted_by[0]).origin
            return origin.place if origin else None
    return None


def _place_of_closing(item: CounterExample) -> Place | None:
    for verdict in item.verdicts:
        if not verdict.allowed:
            if verdict.ruling is not None:
                return verdict.ruling.origin.place if verdict.ruling.origin else None
            return verdict.isolated_by[-1].place
    return None
