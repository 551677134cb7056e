"""Acknowledgements: which of the connections that a change opens somebody has agreed to, why, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from netmatrix.document import Finding, FindingsError, Place, did_you_mean
from netmatrix.document.reader import Document
from netmatrix.document.schema import schema_findings
from netmatrix.proof import rules

_TEXT = {"type": "string", "minLength": 1}
_ENTRY = {
    "connection": {**_TEXT, "description": "the connection, exactly as diff prints it"},
    "reason": {**_TEXT, "description": "why it is meant"},
    "who": {**_TEXT, "description": "who agrees to it"},
    "until": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "title": 'a date in quotes, "2026-12-31"'},
}
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["acknowledged"],
    "properties": {
        "acknowledged": {
            "type": "array",
            "items": {"type": "object", "additionalProperties": False, "required": [*_ENTRY], "properties": _ENTRY},
        }
    },
}


class AcknowledgementError(FindingsError):
    """The file does not say what is acknowledged, by whom and until when."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody (`who`) agrees to `connection`, as a change is called, `until` the end of a day."""

    connection: str
    reason: str
    who: str
    until: date
    place: Place


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The connections that are agreed to, and what is wrong with the rest of the acknowledgements."""

    by_connection: Mapping[str, Acknowledgement]
    findings: tuple[Finding, ...]


NOTHING_ACKNOWLEDGED = Acknowledged({}, ())


def acknowledgements(document: Document) -> tuple[Acknowledgement, ...]:
    """The entries of a file. Raises AcknowledgementError with everything that is wrong with its form."""
    about = rules.ACKNOWLEDGEMENT
    findings = schema_findings(
        _SCHEMA,
        document.data,
        place=document.place,
        key_place=document.key_place,
        invalid=about,
        unknown=about,
        missing=about,
    )
    found = [] if findings else list(_entries(document, findings))
    if findings:
        raise AcknowledgementError(findings)
    return tuple(found)


def acknowledge(gained: Sequence[str], entries: Iterable[Acknowledgement], today: date) -> Acknowledged:
    """Match entries with the connections that are `gained`, by name.

    One that has expired counts no more. One that names nothing is a finding as well: it would stand ready for a
    connection that nobody has looked at.
    """
    agreed: dict[str, Acknowledgement] = {}
    findings: list[Finding] = []
    for entry in entries:
        fault = _fault(entry, gained, agreed, today)
        if fault is None:
            agreed[entry.connection] = entry
        else:
            findings.append(fault)
    return Acknowledged(agreed, tuple(findings))


def _entries(document: Document, findings: list[Finding]) -> Iterator[Acknowledgement]:
    for index, item in enumerate(document.data["acknowledged"]):
        path = ("acknowledged", index)
        try:
            until = date.fromisoformat(item["until"])
        except ValueError:
            message = f"there is no day {item['until']}"
            hint = "write year, month and day, such as 2026-12-31"
            findings.append(Finding(rules.ACKNOWLEDGEMENT, message, document.place((*path, "until")), (), hint))
        else:
            yield Acknowledgement(item["connection"], item["reason"], item["who"], until, document.place(path))


def _fault(
    entry: Acknowledgement, gained: Sequence[str], agreed: Mapping[str, Acknowledgement], today: date
) -> Finding | None:
    name = repr(entry.connection)
    if entry.until < today:
        message = f"the acknowledgement of {name} by {entry.who} has expired on {entry.until}"
        hint = "look at the connection again, and give it a new day or take it away"
        return Finding(rules.EXPIRED, message, entry.place, hint=hint)
    if entry.connection in agreed:
        message = f"{name} is acknowledged already at {agreed[entry.connection].place}"
        return Finding(rules.UNMATCHED, message, entry.place, hint="keep one of the two")
    if entry.connection not in gained:
        close = did_you_mean(entry.connection, gained)
        hint = close if close.startswith("did you mean") else "take it away, or copy a connection as diff prints it"
        return Finding(rules.UNMATCHED, f"the change opens no connection {name}", entry.place, hint=hint)
    return None
