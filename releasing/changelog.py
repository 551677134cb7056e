"""CHANGELOG.md, read: versions, their days, and changes by kind (keepachangelog.com, 1.1.0)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise

KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""The groups of Keep a Changelog; Artifact Hub knows the same kinds of changes, in lower case."""

_HEADING = re.compile(r"\[?(?P<version>[0-9][^\]\s]*|Unreleased)\]?(?: - (?P<day>\S+))?")
_SEMVER = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:-[0-9A-Za-z.-]+)?")


@dataclass(frozen=True, slots=True)
class Change:
    """One entry: its kind (of KINDS) and its text on one line."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """One version's changes. `version` is empty where they are not released yet; `day` may be missing or wrong."""

    version: str
    day: date | None
    line: int
    changes: tuple[Change, ...] = ()

    def epoch(self) -> int:
        """The first second of its day in UTC, which all files of its packages are said to be from."""
        assert self.day is not None, "`problems` demands a day of each version"
        return int(datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC).timestamp())


@dataclass(slots=True)
class _Reading:
    sections: list[Section] = field(default_factory=list)
    kind: str = ""
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Changelog:
    """All sections, the newest first, and what breaks the form, each with its line."""

    sections: tuple[Section, ...]
    problems: tuple[str, ...]

    @property
    def unreleased(self) -> Section | None:
        """What has changed since the newest version."""
        return next((section for section in self.sections if not section.version), None)

    @property
    def newest(self) -> Section | None:
        """The section of the newest version."""
        return next((section for section in self.sections if section.version), None)


def read_changelog(text: str, file: str = "CHANGELOG.md") -> Changelog:
    """The sections of `text`, and everything in it that is not as Keep a Changelog has it, as `file:line: message`."""
    reading = _Reading()
    for number, line in enumerate(text.splitlines(), start=1):
        _read_line(reading, number, line)
    problems = [*reading.problems, *_of_order(reading.sections)]
    in_order = sorted(problems, key=lambda problem: int(problem.partition(":")[0]))
    return Changelog(tuple(reading.sections), tuple(f"{file}:{problem}" for problem in in_order))


def _read_line(reading: _Reading, number: int, line: str) -> None:
    if line.startswith("## "):
        _begin(reading, number, line[3:].strip())
    elif line.startswith("### "):
        reading.kind = line[4:].strip()
        if reading.kind not in KINDS:
            reading.problems.append(f"{number}: {reading.kind!r} is no kind of change; there are {', '.join(KINDS)}")
    elif line.startswith("- ") and reading.sections:
        if not reading.kind:
            reading.problems.append(f"{number}: a change stands under no kind; there are {', '.join(KINDS)}")
        _extend(reading, Change(reading.kind, line[2:].strip()))
    elif line.startswith("  ") and line.strip() and reading.sections and reading.sections[-1].changes:
        last = reading.sections[-1].changes[-1]
        _extend(reading, Change(last.kind, f"{last.text} {line.strip()}"), in_place=True)


def _begin(reading: _Reading, number: int, heading: str) -> None:
    match = _HEADING.fullmatch(heading)
    version = match["version"] if match else heading
    reading.kind = ""
    if version == "Unreleased":
        reading.sections.append(Section("", None, number))
        if match and match["day"]:
            reading.problems.append(f"{number}: what is unreleased has no day")
        return
    day = _day(match["day"]) if match and match["day"] else None
    reading.sections.append(Section(version, day, number))
    if not _SEMVER.fullmatch(version):
        reading.problems.append(f"{number}: {version!r} is no version; write 1.2.3, or Unreleased")
    if day is None:
        reading.problems.append(f"{number}: the day of {version} is missing or none: write `## {version} - YYYY-MM-DD`")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
    except ValueError:
        return None


def _extend(reading: _Reading, change: Change, *, in_place: bool = False) -> None:
    last = reading.sections[-1]
    kept = last.changes[:-1] if in_place else last.changes
    reading.sections[-1] = Section(last.version, last.day, last.line, (*kept, change))


def _of_order(sections: list[Section]) -> Iterator[str]:
    for section in sections[1:]:
        if not section.version:
            yield f"{section.line}: what is unreleased stands first, and once"
    for section in sections:
        if section.version and not section.changes:
            yield f"{section.line}: {section.version} changes nothing: say what it does"
    released = [section for section in sections if _SEMVER.fullmatch(section.version)]
    for newer, older in pairwise(released):
        if order(newer.version) <= order(older.version):
            yield f"{older.line}: {older.version} stands below {newer.version}, and is no older version"
        if newer.day and older.day and newer.day < older.day:
            yield f"{newer.line}: {newer.version} is from before {older.version}"


def order(version: str) -> tuple[tuple[int, ...], bool, str]:
    """By what versions are compared; a pre-release comes before its release (semver.org, 11)."""
    numbers, _, suffix = version.partition("-")
    return tuple(int(number) for number in numbers.split(".")), not suffix, suffix
