"""The exceptions, the first to expire first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from netmatrix.page.details import ports_lines
from netmatrix.proof.grants import Granted
from netmatrix.values.context import Context


@dataclass(frozen=True, slots=True)
class DeclaredException:
    """A connection beyond the matrix: who asked for it, why, and until when. `state` is empty on no particular day."""

    name: str
    source: str
    destination: str
    ports: tuple[str, ...]
    reason: str
    owner: str
    expires: str
    expired: bool
    state: str
    place: str


def exceptions(granted: Granted, values: Context, *, told_today: bool) -> tuple[DeclaredException, ...]:
    """By the last day on which they hold. What is left of it is told where the page may tell what day it is."""
    return tuple(sorted(_found(granted, values, told_today), key=lambda item: (item.expires, item.name)))


def _found(granted: Granted, values: Context, told_today: bool) -> Iterator[DeclaredException]:
    for grant in granted.grants:
        if grant.kind != "exception":
            continue
        reason, owner, expires = (
            values.text("exceptions", grant.name, key) or "" for key in ("reason", "owner", "expires")
        )
        left = (date.fromisoformat(expires) - values.today).days
        state = "expired" if left < 0 else _left(left) if told_today else ""
        yield DeclaredException(
            name=grant.name,
            source=grant.source.name,
            destination=grant.destination.name,
            ports=ports_lines(grant.ports),
            reason=reason,
            owner=owner,
            expires=expires,
            expired=left < 0,
            state=state,
            place=str(grant.place),
        )


def _left(days: int) -> str:
    if days == 0:
        return "last day"
    return f"{days} day{'' if days == 1 else 's'} left"
