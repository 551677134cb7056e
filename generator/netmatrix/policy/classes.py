"""The label sets that some selectors can tell apart: of all that could ever exist, one that stands for each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netmatrix.policy.labels import Requirement, Selector

_OTHER = "another-value"
"""For a label whose value no selector names; made longer where one does."""


class TooManyClassesError(Exception):
    """The selectors tell more classes apart than can be gone through: an answer would be a guess."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


@dataclass(frozen=True, slots=True)
class _State:
    """Labels chosen so far, and what they leave of the selectors."""

    labels: Mapping[str, str]
    open: Mapping[int, tuple[Requirement, ...]]  # selector -> the requirements that are still to be decided
    selected: frozenset[int]


def label_classes(
    selectors: Iterable[Selector],
    fixed: Mapping[str, str] | None = None,
    *,
    absent: Iterable[str] = (),
    most: int = 20_000,
) -> tuple[Mapping[str, str], ...]:
    """The fewest labels for every combination of `selectors` that one object could match, and match none else of them.

    Labels that are `fixed` are the same in all of them, and `absent` keys in none. The keys are gone through one by
    one, and of each key only the values that matter to selectors which can still match: selectors that demand different
    values of one key, as those of a policy matrix do, make no more classes than there are selectors. Raises
    TooManyClassesError past `most` steps.
    """
    numbered = dict(enumerate(dict.fromkeys(selectors)))
    start = _State(
        dict(fixed or {}),
        {number: selector.requirements for number, selector in numbered.items() if selector.requirements},
        frozenset(number for number, selector in numbered.items() if not selector.requirements),
    )
    found: dict[frozenset[int], Mapping[str, str]] = {}
    pending = [_decided(start, (*start.labels, *absent))]
    steps = 0
    while pending:
        state = pending.pop()
        if not state.open:
            known = found.get(state.selected)
            if known is None or _plainness(state.labels) < _plainness(known):
                found[state.selected] = state.labels
            continue
        following = _branches(state)
        steps += len(following)
        if steps > most:
            raise TooManyClassesError(most)
        pending += following
    return tuple(labels for _, labels in sorted(found.items(), key=lambda item: sorted(item[0])))


def _plainness(labels: Mapping[str, str]) -> tuple[int, list[tuple[str, str]]]:
    """The order in which one set of labels stands for a class rather than another: few labels first."""
    return len(labels), sorted(labels.items())


def _branches(state: _State) -> list[_State]:
    """One state for each outcome that a choice of the most asked-for key can have."""
    asked = Counter(key for requirements in state.open.values() for key in {item.key for item in requirements})
    key = min(asked, key=lambda candidate: (-asked[candidate], candidate))
    values = {
        value
        for requirements in state.open.values()
        for requirement in requirements
        if requirement.key == key
        for value in requirement.values
    }
    other = _OTHER
    while other in values:
        other += "-"
    outcomes: dict[tuple[frozenset[int], frozenset[int]], _State] = {}
    for labels in (state.labels, *({**state.labels, key: value} for value in (*sorted(values), other))):
        following = _decided(_State(labels, state.open, state.selected), (key,))
        outcomes.setdefault((frozenset(following.open), following.selected), following)
    return list(outcomes.values())


def _decided(state: _State, keys: Iterable[str]) -> _State:
    """The state after the labels of `keys` have been settled, whether they are there or not."""
    settled = frozenset(keys)
    left: dict[int, tuple[Requirement, ...]] = {}
    selected = set(state.selected)
    for number, requirements in state.open.items():
        if not all(item.holds(state.labels) for item in requirements if item.key in settled):
            continue
        remaining = tuple(item for item in requirements if item.key not in settled)
        if remaining:
            left[number] = remaining
        else:
            selected.add(number)
    return _State(state.labels, left, frozenset(selected))
