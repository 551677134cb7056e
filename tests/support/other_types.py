"""Values of other types in the place of those that good objects have: what no reader of them may stumble over."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
OTHERS: tuple[Any, ...] = (None, "x", 7, [7], [None], {"x": 7})


@dataclass(frozen=True, slots=True)
class Change:
    """A value to be put at a path of one of several objects."""

    index: int
    path: Path
    value: Any

    def of(self, objects: Sequence[Any]) -> list[Any]:
        """The objects with that change."""
        changed = [*objects]
        into = changed[self.index] = copy.deepcopy(objects[self.index])
        *way, last = self.path
        for part in way:
            into = into[part]
        into[last] = copy.deepcopy(self.value)
        return changed


def changes(objects: Iterable[Mapping[str, Any]]) -> Iterator[Change]:
    """Every field that an object of each kind has, with every other type. Entries of a list stand for each other."""
    seen: set[object] = set()
    for index, item in enumerate(objects):
        for path, value in _values(item, ()):
            shape = (item["apiVersion"], item["kind"], *("[]" if isinstance(part, int) else part for part in path))
            if shape not in seen:
                seen.add(shape)
                yield from (Change(index, path, other) for other in OTHERS if _differs(other, value))


def _differs(other: Any, value: Any) -> bool:
    return type(other) is not type(value) or isinstance(other, (list, dict))


def _values(data: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every value below, with its path."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield (*path, key), value
        yield from _values(value, (*path, key))
