"""The grants of a matrix as what the ends of connections allow, in the terms in which policies are judged."""

from __future__ import annotations

from netmatrix.policy.addresses import ALL_ADDRESSES, AddressSet, Family
from netmatrix.policy.bits import Bits
from netmatrix.policy.differences import Ends
from netmatrix.policy.objects import Direction
from netmatrix.policy.open_world import OpenWorld, Selection
from netmatrix.policy.semantics import Admission, Model
from netmatrix.policy.traffic import Selections, TrafficClass, classes_of
from netmatrix.policy.universe import Universe
from netmatrix.proof.grants import End, Granted


def expected_ends(granted: Granted, world: OpenWorld, model: Model) -> Ends:
    """What the ends of connections allow where exactly the matrix is granted.

    A pod of a governed namespace is isolated both ways, and a grant lets through what its row's other end is; "flows
    may serve the two ends" each by itself. Pods of other namespaces are free: what policies of others do there would be
    a difference.
    """
    return Ends(
        _direction(granted, world.universe, model, Direction.EGRESS),
        _direction(granted, world.universe, model, Direction.INGRESS),
    )


def governed_pods(granted: Granted, universe: Universe) -> Bits:
    """The pods under default-deny."""
    found: Bits = 0
    for name in granted.governed:
        found |= universe.in_namespace(name)
    return found


def selected(selection: Selection, universe: Universe) -> Bits:
    """The pods of a selection."""
    return universe.in_namespaces(selection.namespaces) & universe.with_labels(selection.pods)


def _direction(granted: Granted, universe: Universe, model: Model, direction: Direction) -> tuple[TrafficClass, ...]:
    selections: Selections = {governed_pods(granted, universe): set()}
    of_row = {row.pod.id: selected(row.selection, universe) for row in granted.rows}
    for grant in granted.grants:
        own, other = grant.source, grant.destination
        if direction is Direction.INGRESS:
            own, other = other, own
        if own.row is not None:
            admission = Admission(_pods(other, universe, model), _addresses(other), grant.ports, frozenset())
            selections.setdefault(of_row[own.row], set()).add(admission)
    return classes_of(selections, direction, universe)


def _pods(end: End, universe: Universe, model: Model) -> tuple[Bits, Bits]:
    if end.everyone:
        return universe.everyone, universe.everyone
    by_labels: Bits = 0
    for selection in end.selections:
        by_labels |= selected(selection, universe)
    if end.outside or not model.ipblock_matches_pods:
        return by_labels, by_labels
    over_ipv4, over_ipv6 = (universe.with_address_in(end.addresses, family) for family in Family)
    return by_labels | over_ipv4, by_labels | over_ipv6


def _addresses(end: End) -> AddressSet:
    return ALL_ADDRESSES if end.everyone else end.addresses
