"""Changes as findings: an error for each gain that nobody has agreed to, each at the line that a reviewer looks for."""

from __future__ import annotations

from netmatrix.document import Finding, Place, Severity
from netmatrix.proof import rules
from netmatrix.proof.acknowledge import Acknowledged
from netmatrix.proof.change_text import agreed, reasons
from netmatrix.proof.changes import Change, Changes
from netmatrix.proof.difference import Difference, Opening, Side
from netmatrix.proof.findings import unjudged
from netmatrix.proof.judge import grants_at


def findings(found: Difference, told: Changes, acknowledged: Acknowledged) -> tuple[Finding, ...]:
    """Gains and losses, what is wrong with the acknowledgements, and policies of which nothing can be said."""
    return (
        *(_gain(found, item, acknowledged) for item in told.gained),
        *(_loss(found, item) for item in told.lost),
        *faults(found, acknowledged),
    )


def faults(found: Difference, acknowledged: Acknowledged) -> tuple[Finding, ...]:
    """What is wrong beside the connections that are gained."""
    return (*acknowledged.findings, *map(unjudged, found.unjudged))


def _gain(found: Difference, item: Change, acknowledged: Acknowledged) -> Finding:
    consent = agreed(acknowledged, item)
    place = _place_of_opening(found.after, item.example) or _place_of_closing(found.before, item.example)
    return Finding(
        rules.NEW_CONNECTION,
        f"gained ({item.kind}): {item.text}",
        place or Place(found.after.file),
        hint="; ".join((*reasons(found, item), *consent)),
        severity=Severity.NOTE if consent else Severity.ERROR,
    )


def _loss(found: Difference, item: Change) -> Finding:
    place = _place_of_closing(found.after, item.example) or Place(found.after.file)
    hint = "; ".join(reasons(found, item))
    return Finding(rules.LOST_CONNECTION, f"lost: {item.text}", place, hint=hint, severity=Severity.NOTE)


def _place_of_opening(side: Side, opening: Opening) -> Place | None:
    """The rule that opens an end which was closed; where the manifests are no file, the line of the matrix."""
    for was, now in zip(opening.closed.ends, opening.opened.ends, strict=True):
        if was.allowed:
            continue
        if side.in_files:
            origin = now.admitted_by[0].origin if now.admitted_by else None
            found = [origin.place] if origin else []
        elif side.granted is not None:
            at_end = grants_at(side.granted, opening.opened.packet, now.direction, opening.model)
            found = [grant.place for grant in at_end.granted_by]
        if found:
            return found[0]
    return None


def _place_of_closing(side: Side, opening: Opening) -> Place | None:
    """The policy that closes an end; where the manifests are no file, the matrix."""
    if not side.in_files:
        return None if side.granted is None else Place(side.granted.matrix.file)
    return next((end.isolated_by[-1].place for end in opening.closed.ends if not end.allowed), None)
