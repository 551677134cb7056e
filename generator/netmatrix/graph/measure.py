"""How much room a text takes, so that it fits its box whatever sans-serif font a viewer has."""

from __future__ import annotations

import unicodedata
from functools import cache

# Advance widths of U+0020 to U+007E in hundredths of the font size, as DejaVu Sans has them: the widest of the fonts
# that browsers commonly take for `sans-serif` (Arial, Liberation Sans, Noto Sans, Segoe UI and Roboto are narrower).
# fmt: off
_WIDTHS = (
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 53,
    100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79,
    60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50,
    50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61,
    63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
)
# fmt: on
_ELLIPSIS = "…"


def text_width(text: str, size: float) -> float:
    """The width of `text` at a font size, rather too much than too little."""
    return sum(map(_width, text)) * size / 100


def fitted(text: str, size: float, room: float) -> str:
    """`text`, or as much of its beginning as fits `room`, with an ellipsis."""
    if text_width(text, size) <= room:
        return text
    kept = text
    while kept and text_width(kept + _ELLIPSIS, size) > room:
        kept = kept[:-1]
    return kept.rstrip() + _ELLIPSIS if kept else ""


def wrapped(text: str, size: float, room: float, most: int) -> tuple[str, ...]:
    """`text` broken at spaces into at most `most` lines of `room`; a word that is wider, and the rest, are cut."""
    lines: list[str] = []
    words = text.split()
    while words:
        line = words.pop(0)
        last = len(lines) == most - 1
        while words and (last or text_width(f"{line} {words[0]}", size) <= room):
            line = f"{line} {words.pop(0)}"
        lines.append(fitted(line, size, room))
    return tuple(lines)


@cache
def _width(character: str) -> int:
    number = ord(character) - 32
    if 0 <= number < len(_WIDTHS):
        return _WIDTHS[number]
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 110 if unicodedata.east_asian_width(character) in "WF" else 100
