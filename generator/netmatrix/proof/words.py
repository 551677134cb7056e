"""What policies and matrix say of one packet, in words."""

from __future__ import annotations

from netmatrix.policy.packet import EndVerdict, Packet, Party
from netmatrix.policy.semantics import Model
from netmatrix.proof.grants import Grant, Granted
from netmatrix.proof.judge import EndGrants, forbidding, off_at
from netmatrix.proof.names import labels_text


def packet_text(packet: Packet) -> str:
    """Source, destination, family, protocol and port."""
    source, destination = (party_text(packet, party) for party in (packet.source, packet.destination))
    return f"{source} -> {destination}, {packet.family} {packet.protocol} {packet.port}"


def party_text(packet: Packet, party: Party) -> str:
    """A pod by namespace, labels and address, or an address."""
    address = packet.address(party)
    if party.namespace is None:
        return address
    return f"{party.namespace.name}/{labels_text(party.labels) or 'no labels'} at {address}"


def model_text(model: Model) -> str:
    """A model in words."""
    return "where ipBlocks match pods" if model.ipblock_matches_pods else "where ipBlocks do not match pods"


def by_policy(verdict: EndVerdict, *, with_place: bool = True) -> str:
    """Why an end is open or closed: the rule that opens it, or the policies none of whose rules does."""
    if verdict.ruling is not None:
        place = f" at {verdict.ruling.origin.place}" if verdict.ruling.origin and with_place else ""
        return f"{'opened' if verdict.ruling.accepts else 'closed'} by {verdict.ruling}{place}"
    if verdict.admitted_by:
        rule = verdict.admitted_by[0]
        place = f" at {rule.origin.place}" if rule.origin and with_place else ""
        return f"opened by {rule}{place}"
    if not verdict.isolated_by:
        return "open: no policy isolates it"
    return f"closed: no rule of {', '.join(str(policy) for policy in verdict.isolated_by)} lets it through"


def by_matrix(granted: Granted, packet: Packet, grants: EndGrants, model: Model) -> str:
    """Why an end is granted or not: the flow or exception that does, or what would."""
    if grants.granted_by:
        return f"{grant_text(grants.granted_by[0])} grants it"
    if not grants.governed:
        return "the matrix leaves this end open: its namespace is not governed"
    if grants.row is None:
        return "the matrix has no row for this pod: default-deny grants it nothing"
    row = granted.matrix.pods[grants.row]
    told = [f"no flow that is on grants it to {row.id}, {row.place}"]
    off = off_at(granted, packet, grants.direction, model)
    if off:
        told.append(f"{off[0].name} at {off[0].place} would, and is {_why_off(granted, off[0])}")
    told += [f"the never line {line.id} at {line.place} forbids it" for line in forbidding(granted, packet, model)]
    return "; ".join(told)


def _why_off(granted: Granted, grant: Grant) -> str:
    if granted.environment not in grant.environments:
        return f"not of {granted.environment}"
    return f"off: `flows.{grant.name}.enabled=true` switches it on"


def grant_text(grant: Grant) -> str:
    """A flow or an exception, with its line."""
    return f"the {'exception' if grant.kind == 'exception' else 'flow'} {grant.name} at {grant.place}"
