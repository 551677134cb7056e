"""What a page shows, beside what is printed: compared, or written over."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

import pytest

from tests.docs.page import Block, Page, PageError
from tests.docs.running import Outcome, Project, fits, run


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


def _lines(page: Page, block: Block, outcomes: Sequence[Outcome]) -> Iterator[str]:
    for command, outcome in zip(block.commands, outcomes, strict=True):
        shown = command.shown or ()
        lines = shown if fits(outcome.lines, shown) else outcome.lines
        if any(line.startswith(("$ ", "```")) for line in lines):
            raise PageError(f"{page.name}:{command.line + 1}: the output has a line that a page cannot show")
        first, *others = command.text.split("\n")
        yield from (f"$ {first}", *others, *lines)
