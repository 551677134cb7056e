"""What a matrix grants of one packet, end by end: the counterpart of `policy.packet` for grants instead of policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netmatrix.matrix.model import EndpointKind, Never, Pod
from netmatrix.matrix.model import Party as MatrixParty
from netmatrix.policy import intervals
from netmatrix.policy.objects import Direction
from netmatrix.policy.open_world import Selection
from netmatrix.policy.packet import Packet, Party
from netmatrix.policy.semantics import Model
from netmatrix.proof.grants import End, Grant, Granted


@dataclass(frozen=True, slots=True)
class EndGrants:
    """What the matrix says of a packet at one end: whether that end is governed, as which row, and by which grants."""

    direction: Direction
    governed: bool
    row: str | None
    granted_by: tuple[Grant, ...]

    @property
    def granted(self) -> bool:
        """An end outside the governed namespaces grants everything."""
        return bool(self.granted_by) or not self.governed


def grants_of_packet(granted: Granted, packet: Packet, model: Model) -> tuple[EndGrants, EndGrants]:
    """What is granted at the source's and at the destination's end; the packet is granted where both are."""
    return grants_at(granted, packet, Direction.EGRESS, model), grants_at(granted, packet, Direction.INGRESS, model)


def grants_at(granted: Granted, packet: Packet, direction: Direction, model: Model) -> EndGrants:
    """The grants whose row is the packet's own end, and that name its other end, family, protocol and port."""
    own = packet.own(direction)
    rows = rows_of(granted, own)
    found = tuple(grant for grant in granted.grants if grants_end(grant, direction, rows, packet, model))
    governed = own.namespace is not None and own.namespace.name in granted.governed
    return EndGrants(direction, governed, rows[0] if rows else None, found)


def off_at(granted: Granted, packet: Packet, direction: Direction, model: Model) -> tuple[Grant, ...]:
    """The flows that are not on, and that would grant the packet at that end."""
    rows = rows_of(granted, packet.own(direction))
    return tuple(grant for grant in granted.off if grants_end(grant, direction, rows, packet, model))


def naming_both(granted: Granted, packet: Packet, model: Model) -> tuple[Grant, ...]:
    """The grants and the flows that are off whose ends are those of the packet, on whatever port."""
    known = (*granted.grants, *granted.off)
    return tuple(grant for grant in known if _names_ends(grant, packet, model))


def forbidding(granted: Granted, packet: Packet, model: Model) -> tuple[Never, ...]:
    """The `never` lines that forbid the packet. Anyone is there everybody who is no row of the matrix."""
    return tuple(
        line
        for line in granted.never
        if _is_forbidden(granted, line.source, packet.source, packet, model)
        and _is_forbidden(granted, line.destination, packet.destination, packet, model)
    )


def _is_forbidden(granted: Granted, party: MatrixParty, end: Party, packet: Packet, model: Model) -> bool:
    if isinstance(party, Pod):
        return party.id in rows_of(granted, end)
    if party.kind is EndpointKind.ANYONE:
        return not rows_of(granted, end)
    return _is_end(granted.endpoints[party.id], end, packet, model)


def rows_of(granted: Granted, party: Party) -> tuple[str, ...]:
    """The rows of the matrix that a party is: one at most, where the values hold."""
    return tuple(row.pod.id for row in granted.rows if is_selected(row.selection, party))


def grants_end(grant: Grant, direction: Direction, rows: Sequence[str], packet: Packet, model: Model) -> bool:
    """Whether a grant opens the end of a packet that is one of `rows`."""
    row = grant.source.row if direction is Direction.EGRESS else grant.destination.row
    return row in rows and _names(grant, packet, model)


def is_selected(selection: Selection, party: Party) -> bool:
    """Whether a party is a pod of the selection."""
    return (
        party.namespace is not None
        and selection.namespaces.matches(party.namespace.labels)
        and selection.pods.matches(party.labels)
    )


def _names(grant: Grant, packet: Packet, model: Model) -> bool:
    return _names_ends(grant, packet, model) and grant.ports.contains(packet.protocol, packet.port)


def _names_ends(grant: Grant, packet: Packet, model: Model) -> bool:
    return _is_end(grant.source, packet.source, packet, model) and _is_end(
        grant.destination, packet.destination, packet, model
    )


def _is_end(end: End, party: Party, packet: Packet, model: Model) -> bool:
    if end.everyone or any(is_selected(selection, party) for selection in end.selections):
        return True
    if party.namespace is not None and (end.outside or not model.ipblock_matches_pods):
        return False
    return intervals.contains(end.addresses.of_family(packet.family), party.address)
