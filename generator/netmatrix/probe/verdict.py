"""What the answers mean: whether the cluster can be judged at all, and where it differs from the matrix."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from netmatrix.policy.addresses import FAMILIES, Family
from netmatrix.probe.questions import LeftOut, Outcome, Question

_NEARLY_NOTHING = 0.1
"""Of all that must be refused: so little may be packets that were lost."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A question with its answer. One that is not `judged` says nothing: its control failed, or either answer is right.

    `was_open` tells of a connection that must be refused that it was made, and was refused when it was asked again.
    """

    question: Question
    found: Outcome
    judged: bool = True
    was_open: bool = False

    @property
    def holds(self) -> bool:
        """Whether it is as the matrix says, as far as that can be told."""
        return not self.judged or (self.found is self.question.expected and not self.was_open)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All cells, and what is to be known before any of them is believed.

    `unreachable` are the ends outside the run that even a pod of no row, which nothing restricts, did not reach, not on
    every port; `unanswered` are those among them that are endpoints of the matrix, with what of them. `not_enforced`
    are the families over which not one of the connections that must be refused was.
    """

    cells: tuple[Cell, ...]
    unreachable: tuple[str, ...]
    not_enforced: tuple[Family, ...]
    is_connected: bool
    unanswered: tuple[LeftOut, ...] = ()

    @property
    def deviations(self) -> tuple[Cell, ...]:
        """The cells that differ, those that are open and must not be first."""
        found = (cell for cell in self.cells if not cell.holds)
        return tuple(sorted(found, key=lambda cell: cell.question.expected is Outcome.OPEN))

    @property
    def holds(self) -> bool:
        """Whether every cell is as the matrix says, and every endpoint of the matrix has answered somebody."""
        return self.is_connected and not self.deviations and not self.unanswered


def verdict(
    asked: Sequence[Question],
    found: Mapping[Question, Outcome],
    control: str,
    was_open: frozenset[Question],
    endpoints: Container[str],
) -> Verdict:
    """Judge the answers. `control` is the source that nothing restricts, `endpoints` are those of the matrix.

    Two gates stand before the table. Where none of the connections that must be possible is, everything looks denied,
    and a verdict on it would be worth nothing. Where none of those that must be refused is, nothing is enforced (as
    with plugins that ignore NetworkPolicy), and single deviations are not the news. At an end outside the run, such as
    an address that the operator names, a refusal is judged only where `control` reaches it.
    """
    reached = {item.target for item in asked if item.source == control and found[item] is Outcome.OPEN}
    dark = [item for item in asked if item.is_outside and item.target not in reached]
    nowhere = {item.target for item in dark}
    cells = [
        Cell(
            item,
            found[item],
            item.expected is not Outcome.EITHER and (item.target not in nowhere or found[item] is Outcome.OPEN),
            item in was_open,
        )
        for item in asked
    ]
    return Verdict(
        tuple(cells),
        tuple(dict.fromkeys(item.destination for item in dark)),
        tuple(family for family in FAMILIES if _is_not_enforced(cells, family)),
        any(cell.found is Outcome.OPEN for cell in cells if cell.question.expected is Outcome.OPEN),
        tuple(_unanswered([item for item in dark if item.destination in endpoints])),
    )


def deviating(found: Mapping[Question, Outcome]) -> list[Question]:
    """The questions whose answers are not as the matrix says."""
    return [item for item, outcome in found.items() if item.expected not in (Outcome.EITHER, outcome)]


def refused_alone(found: Mapping[Question, Outcome]) -> list[Question]:
    """What is refused, as it must be, over a family over which nearly nothing is that must be."""
    alone: list[Question] = []
    for family in FAMILIES:
        closed = [item for item in found if _tells_enforcement(item, family)]
        refused = [item for item in closed if found[item] is not Outcome.OPEN]
        alone += refused if len(refused) <= len(closed) * _NEARLY_NOTHING else []
    return alone


def _is_not_enforced(cells: Sequence[Cell], family: Family) -> bool:
    """Whether something must be refused over a family, and nothing was."""
    closed = [cell for cell in cells if _tells_enforcement(cell.question, family)]
    return bool(closed) and all(cell.found is Outcome.OPEN for cell in closed)


def _tells_enforcement(item: Question, family: Family) -> bool:
    """Whether it must be refused between pods of the run: at other ends others may refuse, such as a firewall."""
    return item.family is family and item.expected is Outcome.REFUSED and not item.is_outside


def _unanswered(dark: Sequence[Question]) -> Iterator[LeftOut]:
    """Each endpoint once, with all that did not answer."""
    for name in dict.fromkeys(item.destination for item in dark):
        ends = dict.fromkeys(item.end for item in dark if item.destination == name)
        yield LeftOut(
            name, f"{', '.join(ends)}: not even a pod of no row gets an answer, so that nobody's refusal tells"
        )
