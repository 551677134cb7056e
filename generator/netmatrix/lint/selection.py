"""What can be said of label selectors without knowing a single pod: which select nothing, or all that others do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from netmatrix.policy.labels import Operator, Requirement, Selector


@dataclass(frozen=True, slots=True)
class _Condition:
    """What several requirements say of one label together: it has one of `allowed` (None: any value), and none of
    `excluded`; it is `present`, or `absent`."""

    allowed: frozenset[str] | None
    excluded: frozenset[str]
    present: bool
    absent: bool

    @property
    def is_impossible(self) -> bool:
        return (self.present and self.absent) or (self.allowed is not None and self.allowed <= self.excluded)

    def ensures(self, wanted: Requirement) -> bool:
        """Whether whatever meets this condition meets `wanted` as well."""
        values = frozenset(wanted.values)
        match wanted.operator:
            case Operator.IN:
                return self.allowed is not None and self.allowed - self.excluded <= values
            case Operator.NOT_IN:
                known = self.allowed is not None and not self.allowed - self.excluded & values
                return self.absent or known or values <= self.excluded
            case Operator.EXISTS:
                return self.present
            case Operator.DOES_NOT_EXIST:
                return self.absent


@lru_cache(maxsize=65536)
def impossible_key(selector: Selector) -> str | None:
    """A label of which the selector asks what no object can have; None where there is none."""
    return next((key for key, condition in _conditions(selector.requirements).items() if condition.is_impossible), None)


@lru_cache(maxsize=65536)
def selects_all_of(wide: Selector, narrow: Selector) -> bool:
    """Whether every object that `narrow` selects is selected by `wide`; `narrow` is not to be an impossible one."""
    conditions = _conditions(narrow.requirements)
    return all(
        requirement.key in conditions and conditions[requirement.key].ensures(requirement)
        for requirement in wide.requirements
    )


@lru_cache(maxsize=65536)
def may_share(one: Selector, other: Selector) -> bool:
    """Whether some object could be selected by both."""
    return not any(item.is_impossible for item in _conditions(one.requirements + other.requirements).values())


def _conditions(requirements: tuple[Requirement, ...]) -> dict[str, _Condition]:
    by_key: dict[str, list[Requirement]] = {}
    for requirement in requirements:
        by_key.setdefault(requirement.key, []).append(requirement)
    return {key: _condition(found) for key, found in by_key.items()}


def _condition(requirements: list[Requirement]) -> _Condition:
    allowed: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    operators = {requirement.operator for requirement in requirements}
    for requirement in requirements:
        values = frozenset(requirement.values)
        if requirement.operator is Operator.IN:
            allowed = values if allowed is None else allowed & values
        elif requirement.operator is Operator.NOT_IN:
            excluded |= values
    present = bool(operators & {Operator.IN, Operator.EXISTS})
    return _Condition(allowed, excluded, present, Operator.DOES_NOT_EXIST in operators)
