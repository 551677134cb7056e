"""What is learned of a cluster, in three kinds: facts, values to write, and questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ValuePath = tuple[str, ...]
"""A path of keys in the chart's values."""


class About(StrEnum):
    """What a fact or a question is about; in this order they are told."""

    CLUSTER = "cluster"
    PLUGIN = "network plugin"
    DNS = "DNS"
    API = "API server"
    RANGES = "addresses"
    PODS = "pods"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that an object of the cluster says. `sources` names the objects."""

    about: About
    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A value to write, with the comment that says where it comes from."""

    path: ValuePath
    value: Any
    comment: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to write where the answer is yes. It stays a comment."""

    path: ValuePath
    value: Any


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the cluster did not say. `id` is stable; `answer` is what to run or to look at."""

    id: str
    about: About
    text: str
    answer: str
    proposal: Proposal | None = None


Learned = Fact | Entry | Question


@dataclass(frozen=True, slots=True)
class Discovery:
    """All that was learned, in the order in which it is told."""

    source: str
    facts: tuple[Fact, ...]
    entries: tuple[Entry, ...]
    questions: tuple[Question, ...]

    def values(self) -> dict[str, Any]:
        """The override as data."""
        data: dict[str, Any] = {}
        for entry in self.entries:
            into = data
            for key in entry.path[:-1]:
                into = into.setdefault(key, {})
            into[entry.path[-1]] = entry.value
        return data


def some(names: Sequence[str], most: int = 4) -> str:
    """A list in words, cut where it is long: `a, b and 7 more`."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"


def counted(number: int, thing: str) -> str:
    """`1 pod`, `3 pods`, `2 addresses`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}{'es' if thing.endswith('s') else 's'}"
