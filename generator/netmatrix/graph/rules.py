"""What can be wrong with the coordinates of pictures, by rule id."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule

UNUSABLE = Rule(
    "NM801",
    "the committed coordinates of the pictures can be read",
    "Lay the pictures out anew: `make graphs`, or `netmatrix graph --arrange`.",
)
MISSING = Rule(
    "NM802",
    "the committed coordinates have a place for everything that is drawn",
    "Lay the pictures out anew with `make graphs`; until then they are drawn without an engine.",
)
ENGINE = Rule(
    "NM803",
    "the layout engine can be had and run",
    "Install Node.js 20 or newer with npm, and let it reach the package index; only laying out needs it.",
)

RULES = (UNUSABLE, MISSING, ENGINE)


class LayoutError(FindingsError):
    """Coordinates cannot be read, or cannot be computed."""
