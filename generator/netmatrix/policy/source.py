"""Where an object was read: places are looked up when somebody asks, which for most objects nobody ever does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from netmatrix.document import KeyPath, Place


class Source(Protocol):
    """One document of a file, kept as text."""

    def place(self, path: KeyPath, *, of_key: bool = False) -> Place:
        """Where the value at `path` starts, or its key; the nearest ancestor's place where there is no such value."""
        ...


@dataclass(frozen=True, slots=True)
class Origin:
    """A value of a document."""

    source: Source
    path: KeyPath = ()

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.source.place(self.path)

    def at(self, *path: str | int) -> Origin:
        """A value inside this one."""
        return Origin(self.source, (*self.path, *path))
