"""What one departure opens and closes: the packets, widest first, by the engine that also judges changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netmatrix.audit.compare import Comparison, Departure
from netmatrix.policy.objects import Namespace, NetworkPolicy
from netmatrix.policy.read import Manifests
from netmatrix.proof.changes import Change, changes
from netmatrix.proof.difference import Difference, Side, difference
from netmatrix.proof.grants import Granted

CLUSTER = "the cluster"


@dataclass(frozen=True, slots=True)
class Told:
    """A connection that opens or closes, and the comparison that shows it.

    `together` is true of what only comes about beside the other departures: by itself this one changes nothing of it.
    """

    change: Change
    difference: Difference
    together: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """A departure with what it opens and what it closes, the gravest first."""

    departure: Departure
    opens: tuple[Told, ...]
    closes: tuple[Told, ...]

    @property
    def is_harmless(self) -> bool:
        """Whether no packet passes or is held up because of it."""
        return not (self.opens or self.closes)


def effects(compared: Comparison, namespaces: dict[str, Namespace], granted: Granted) -> tuple[Effect, ...]:
    """Of each departure, twice: as the only one, and as the last one beside all the others.

    The first says what it does by itself; the second finds what two do together, one at each end of a connection.
    Raises ProofError where that cannot be decided.
    """
    return tuple(_effect(compared, item, namespaces, granted) for item in compared.departures)


def _effect(compared: Comparison, item: Departure, namespaces: dict[str, Namespace], granted: Granted) -> Effect:
    def side(policies: Iterable[NetworkPolicy]) -> Side:
        manifests = Manifests(namespaces, (), tuple(policies))
        return Side(manifests, CLUSTER, granted, in_files=False)

    pairs = [(compared.wanted, _exchanged(compared.wanted, item.wanted, item.actual))]
    if len(compared.departures) > 1:
        pairs.append((_exchanged(compared.actual, item.actual, item.wanted), compared.actual))
    opens: dict[str, Told] = {}
    closes: dict[str, Told] = {}
    for together, (before, after) in enumerate(pairs):
        found = difference(side(before), side(after))
        told = changes(found)
        for known, several in ((opens, told.gained), (closes, told.lost)):
            for change in several:
                known.setdefault(change.text, Told(change, found, bool(together)))
    return Effect(item, tuple(opens.values()), tuple(closes.values()))


def _exchanged(
    policies: Iterable[NetworkPolicy], old: NetworkPolicy | None, new: NetworkPolicy | None
) -> tuple[NetworkPolicy, ...]:
    """The policies with one put in the other's place."""
    gone = {str(policy) for policy in (old, new) if policy is not None}
    kept = tuple(policy for policy in policies if str(policy) not in gone)
    return kept if new is None else (*kept, new)
