"""What the cross-checks share: the document's sections by name, and findings that point at a value or at its key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netmatrix.document import Finding, KeyPath, Rule
from netmatrix.document.reader import Document


class Checked:
    """A document of the right form, seen by section."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.environments: list[str] = document.data["environments"]
        self.pods = self.section("pods")
        self.endpoints = self.section("endpoints")
        self.parties = {**self.endpoints, **self.pods}  # where one id is both (NM116), flows are read as naming the pod

    def section(self, name: str) -> Mapping[str, Any]:
        """The lines of a section by id; empty where the matrix leaves the section out."""
        section: Mapping[str, Any] = self.document.data.get(name, {})
        return section

    def environments_of(self, line: Mapping[str, Any]) -> set[str]:
        """Where a line holds: everywhere unless it says otherwise."""
        return set(line.get("environments", self.environments))


def at(checked: Checked, rule: Rule, path: KeyPath, message: str, hint: str) -> Finding:
    """A finding at the value of `path`."""
    return Finding(rule, message, checked.document.place(path), path, hint)


def at_key(checked: Checked, rule: Rule, path: KeyPath, message: str, hint: str) -> Finding:
    """A finding at the key that `path` ends with."""
    return Finding(rule, message, checked.document.key_place(path), path, hint)
