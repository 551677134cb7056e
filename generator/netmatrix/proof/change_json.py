"""Changes for programs."""

from __future__ import annotations

from typing import Any

from netmatrix.policy.packet import EndVerdict
from netmatrix.proof.acknowledge import Acknowledged
from netmatrix.proof.changes import Change, Changes
from netmatrix.proof.difference import Difference, Judged, Opening
from netmatrix.proof.verdict_json import addresses_data, foreign_data, packet_data, ports_data, rules_data


def document(found: Difference, told: Changes, acknowledged: Acknowledged) -> dict[str, Any]:
    """All of it as data for JSON: each connection with its parts, and each part with its example packet."""
    return {
        "gained": [{**change_data(item), "acknowledged": _consent(acknowledged, item)} for item in told.gained],
        "lost": [change_data(item) for item in told.lost],
        "unjudged": [foreign_data(item) for item in found.unjudged],
    }


def change_data(item: Change) -> dict[str, Any]:
    """A connection with its parts, each with an example packet on both sides."""
    return {
        "connection": item.text,
        **({"kind": str(item.kind)} if item.gained else {}),
        "source": item.source,
        "destination": item.destination,
        "parts": [_part(item, opening) for opening in item.openings],
    }


def _consent(acknowledged: Acknowledged, item: Change) -> dict[str, str] | None:
    entry = acknowledged.by_connection.get(item.text)
    return {"who": entry.who, "reason": entry.reason, "until": str(entry.until)} if entry else None


def _part(item: Change, opening: Opening) -> dict[str, Any]:
    known = opening.deviation
    before, after = (opening.closed, opening.opened) if item.gained else (opening.opened, opening.closed)
    return {
        "source": known.source,
        "destination": known.destination,
        "ports": ports_data(known.ports),
        "portNames": sorted(name for name, _ in opening.names),
        "families": [str(family) for family in known.families],
        "sourceAddresses": addresses_data(known.source_addresses),
        "destinationAddresses": addresses_data(known.destination_addresses),
        "ipBlockMatchesPods": list(known.models),
        "before": _judged(before),
        "after": _judged(after),
    }


def _judged(judged: Judged) -> dict[str, Any]:
    return {
        "allowed": judged.allowed,
        "packet": packet_data(judged.packet),
        "ends": [_end(end) for end in judged.ends],
    }


def _end(end: EndVerdict) -> dict[str, Any]:
    return {"direction": str(end.direction), "allowed": end.allowed, **rules_data(end)}
