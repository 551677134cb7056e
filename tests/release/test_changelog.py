"""CHANGELOG.md is read as people read it, and what is not in its form is told with the line."""

from __future__ import annotations

from datetime import date

import pytest

from releasing.changelog import Change, order, read_changelog

GOOD = """# Changelog

## [Unreleased]

### Added

- Something new
  on two lines.

## 1.1.0 - 2026-02-01

Some words.

### Fixed

- A fault.

### Security

- A hole.

## [1.0.0] - 2026-01-31

### Added

- The first.
"""


def test_versions_days_and_changes_by_kind_are_read() -> None:
    log = read_changelog(GOOD)
    assert log.problems == ()
    assert [(section.version, section.day) for section in log.sections] == [
        ("", None),
        ("1.1.0", date(2026, 2, 1)),
        ("1.0.0", date(2026, 1, 31)),
    ]
    assert log.unreleased is not None
    assert log.unreleased.changes == (Change("Added", "Something new on two lines."),)
    assert log.newest is not None
    assert log.newest.changes == (Change("Fixed", "A fault."), Change("Security", "A hole."))
    assert log.newest.epoch() == 1769904000


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("### Fixed", "### Mended", "CHANGELOG.md:14: 'Mended' is no kind of change"),
        ("### Fixed\n", "", "CHANGELOG.md:15: a change stands under no kind"),
        (" - 2026-02-01", "", "CHANGELOG.md:10: the day of 1.1.0 is missing"),
        ("2026-02-01", "2026-02-30", "CHANGELOG.md:10: the day of 1.1.0 is missing or none"),
        ("2026-02-01", "1.2.2026", "CHANGELOG.md:10: the day of 1.1.0 is missing or none"),
        ("2026-02-01", "2026-01-30", "CHANGELOG.md:10: 1.1.0 is from before 1.0.0"),
        ("## 1.1.0", "## 1.1", "CHANGELOG.md:10: '1.1' is no version"),
        ("## 1.1.0", "## 0.9.0", "CHANGELOG.md:22: 1.0.0 stands below 0.9.0"),
        ("- The first.\n", "", "CHANGELOG.md:22: 1.0.0 changes nothing"),
        ("## [1.0.0] - 2026-01-31", "## Unreleased", "CHANGELOG.md:22: what is unreleased stands first"),
        ("[Unreleased]", "[Unreleased] - 2026-03-01", "CHANGELOG.md:3: what is unreleased has no day"),
    ],
)
def test_what_is_not_in_the_form_is_told_with_its_line(old: str, new: str, told: str) -> None:
    assert old in GOOD
    assert any(problem.startswith(told) for problem in read_changelog(GOOD.replace(old, new, 1)).problems)


def test_versions_are_ordered_by_number_and_a_release_follows_its_candidates() -> None:
    assert sorted(["1.10.0", "1.9.0", "1.10.0-rc.1"], key=order) == ["1.9.0", "1.10.0-rc.1", "1.10.0"]
