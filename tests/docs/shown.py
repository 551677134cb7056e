"""What a page shows, beside what is printed: compared, or written over."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

import pytest

from tests.docs.page import Block, Page, PageError
from tests.docs.running import Outcome, Project, fits, run

_ALIKE = 0.7
"""How alike two lines are that are the same one, changed."""


def hold(page: Page, project: Project, provided: Sequence[str], *, update: bool) -> None:
    """Run the page, and fail where it shows what is not printed; with `update` write what is."""
    done: list[tuple[Block, Sequence[Outcome]]] = []
    try:
        done.extend(run(page, project, provided))
    finally:  # what could be run is written in any case: its author wants to see it
        text = mended(page, done)
        if update and text != page.text:
            page.path.write_text(text, encoding="utf-8")
    if text != page.text and not update:
        shown = difflib.unified_diff(page.lines, text.split("\n"), f"{page.name} shows", "printed", lineterm="")
        pytest.fail("\n".join([*shown, "", "If this is what it ought to show: make docs"]), pytrace=False)


def mended(page: Page, done: Iterable[tuple[Block, Sequence[Outcome]]]) -> str:
    """The page's text with the outputs that were printed in the place of those that do not fit."""
    lines = page.lines
    for block, outcomes in sorted(done, key=lambda item: -item[0].begin):
        if block.commands and block.commands[0].shown is not None:
            lines[block.begin : block.end] = [
                f"{block.indent}{line}".rstrip() for line in _lines(page, block, outcomes)
            ]
    return "\n".join(lines)


def renewed(shown: Sequence[str], lines: Sequence[str]) -> Sequence[str]:
    """What was printed, left out where `shown` leaves out, as far as the lines around that are to be found again."""
    found: list[str] = []
    rest, left_out = list(lines), False
    for line in shown:
        if line.strip() == "...":
            found.append(line)
            left_out = True
            continue
        if left_out:
            alike = [SequenceMatcher(None, line, other).ratio() for other in rest]
            if not alike or max(alike) < _ALIKE:
                return lines
            rest, left_out = rest[alike.index(max(alike)) :], False
        if rest:
            first = rest.pop(0)
            found.append(line if fits([first], [line]) else first)
    found += [] if left_out else rest
    return found if fits(lines, found) else lines


def _lines(page: Page, block: Block, outcomes: Sequence[Outcome]) -> Iterator[str]:
    for command, outcome in zip(block.commands, outcomes, strict=True):
        shown = command.shown or ()
        lines = shown if fits(outcome.lines, shown) else renewed(shown, outcome.lines)
        if any(line.startswith(("$ ", "```")) for line in lines):
            raise PageError(f"{page.name}:{command.line + 1}: the output has a line that a page cannot show")
        first, *others = command.text.split("\n")
        yield from (f"$ {first}", *others, *lines)
