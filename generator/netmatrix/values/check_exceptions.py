"""Rules on exceptions: the one way beyond the matrix, with `never` lines as its limit (NM270 to NM274)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from netmatrix.document import Finding
from netmatrix.matrix.model import Endpoint, EndpointKind, Party, Pod
from netmatrix.values import rules
from netmatrix.values.context import Context, contradict, enumeration

_FORMS = ({"pod"}, {"endpoint"}, {"cidr"}, {"namespace", "selector"})
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def ends_have_one_form(context: Context) -> Iterator[Finding]:
    """NM270. A null in an end is the schema's finding alone: which party was meant is not known."""
    for exception in context.mapping("exceptions"):
        for end in ("from", "to"):
            value = context.get("exceptions", exception, end)
            if isinstance(value, dict) and set(value) not in _FORMS and None not in value.values():
                given = enumeration([f"`{key}`" for key in sorted(value)], "and") or "nothing"
                message = f"{end!r} of the exception {exception!r} says {given}"
                hint = "give exactly one of `pod`, `endpoint`, `cidr`, or `namespace` and `selector` together"
                yield context.finding(rules.EXCEPTION_END, message, ("exceptions", exception, end), hint)


def one_end_is_ours(context: Context) -> Iterator[Finding]:
    """NM271."""
    for exception, (source, destination) in _well_formed(context):
        if "pod" not in source and "pod" not in destination:
            message = f"neither end of the exception {exception!r} is a pod of ours, so it could grant nothing"
            hint = f"name one of {enumeration(tuple(context.matrix.pods))} as `pod` on one end"
            yield context.finding(rules.EXCEPTION_WITHOUT_POD, message, ("exceptions", exception), hint)


def nothing_that_is_never(context: Context) -> Iterator[Finding]:
    """NM272. A `never` line wins over an exception; widening it is a change of the matrix, for its reviewers to see."""
    for exception, (source, destination) in _well_formed(context):
        if "pod" not in source and "pod" not in destination:
            continue  # it could grant nothing (NM271)
        for line in context.matrix.never.values():
            if context.environment not in line.environments:
                continue
            if covers(context, line.source, source) and covers(context, line.destination, destination):
                message = f"{line.id!r} forbids the exception {exception!r} in {context.environment}: {line.reason}"
                hint = f"remove or narrow the exception; {line.id!r} is a `never` line of the matrix, at {line.place}"
                yield context.finding(rules.EXCEPTION_NEVER, message, ("exceptions", exception), hint)


def expiry_exists(context: Context) -> Iterator[Finding]:
    """NM273. The form of the date is the schema's."""
    for exception, text in _expiries(context):
        if _DATE.fullmatch(text) and _day(text) is None:
            message = f"there is no day {text!r}"
            path = ("exceptions", exception, "expires")
            yield context.finding(rules.EXCEPTION_DATE, message, path, 'write the date as "YYYY-MM-DD"')


def not_expired(context: Context) -> Iterator[Finding]:
    """NM274. On the day that it names an exception still holds."""
    for exception, text in _expiries(context):
        day = _day(text) if _DATE.fullmatch(text) else None
        if day is not None and day < context.today:
            days = (context.today - day).days
            owner = context.text("exceptions", exception, "owner")
            message = f"the exception {exception!r} expired on {day}, {days} day{'' if days == 1 else 's'} ago"
            hint = f"remove it, or let its owner{f' {owner!r}' if owner else ''} renew it with a later date"
            yield context.finding(rules.EXCEPTION_EXPIRED, message, ("exceptions", exception, "expires"), hint)


def covers(context: Context, party: Party, end: Mapping[str, Any]) -> bool:
    """Whether a connection that has `end` of an exception on one side may have `party` of a `never` line there.

    Anyone is everything but a pod of ours that is named. A range of addresses may hold any pod's address. A pod is
    where values say, and where the matrix says: to retarget it is no way round the line.
    """
    if isinstance(party, Pod):
        return _covers_pod(context, party, end)
    if party.kind is EndpointKind.ANYONE:
        return "pod" not in end
    return end.get("endpoint") == party.id


def _covers_pod(context: Context, pod: Pod, end: Mapping[str, Any]) -> bool:
    if "pod" in end:
        return bool(end["pod"] == pod.id)
    if "endpoint" in end:
        endpoint: Endpoint | None = context.matrix.endpoints.get(str(end["endpoint"]))
        return endpoint is not None and endpoint.kind in (EndpointKind.ANYONE, EndpointKind.ADDRESSES)
    if "cidr" in end:
        return True
    if end["namespace"] not in (context.namespace_name(pod.namespace), context.matrix.namespaces[pod.namespace].name):
        return False
    theirs = _labels(end["selector"])
    return not all(contradict(theirs, own) for own in (context.selector("pods", pod.id, "selector") or {}, pod.labels))


def _labels(selector: Any) -> dict[str, str]:
    pairs = (item.partition("=") for item in selector if isinstance(item, str)) if isinstance(selector, list) else ()
    return {key: value for key, equals, value in pairs if equals}


def _well_formed(context: Context) -> Iterator[tuple[str, tuple[Mapping[str, Any], Mapping[str, Any]]]]:
    """The exceptions both of whose ends have one of the forms, without a null, with these ends."""
    for exception in context.mapping("exceptions"):
        ends = context.mapping("exceptions", exception, "from"), context.mapping("exceptions", exception, "to")
        if all(set(end) in _FORMS and None not in end.values() for end in ends):
            yield exception, ends


def _expiries(context: Context) -> Iterator[tuple[str, str]]:
    for exception in context.mapping("exceptions"):
        text = context.text("exceptions", exception, "expires")
        if text is not None:
            yield exception, text


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


CHECKS = (ends_have_one_form, one_end_is_ours, nothing_that_is_never, expiry_exists, not_expired)
