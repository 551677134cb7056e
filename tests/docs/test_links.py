"""What Markdown files point to is there, and their tables hold together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.page import Page, page_names, pages, read

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=page_names(PAGES))
def test_every_link_leads_to_a_file_and_a_heading(page: Page) -> None:
    assert list(broken_links(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=page_names(PAGES))
def test_every_row_of_a_table_has_a_cell_for_each_column(page: Page) -> None:
    assert list(broken_rows(page)) == []


def test_a_link_to_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# One\n## Two `three`, four?\n# One\n", encoding="utf-8")
    good = "[a](other.md) [b](other.md#two-three-four) [c](other.md#one-1) [d](#here) [e](https://example.org/x)"
    bad = '[f](none.md) [g](other.md#two) [h](#there) ![i](none.svg) <img src="none.png">'
    (tmp_path / "page.md").write_text(f"# Here\n\n{good}\n\n{bad}\n", encoding="utf-8")
    found = list(broken_links(read(tmp_path / "page.md")))
    assert found == ["none.md", "other.md#two", "#there", "none.svg", "none.png"]


def test_a_row_that_does_not_fit_is_found(tmp_path: Path) -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 \\| 3 |\n| 1 | 2 | 3 |\n"
    (tmp_path / "page.md").write_text(f"{table}\ntext\n| a | b |\n", encoding="utf-8")
    assert list(broken_rows(read(tmp_path / "page.md"))) == ["4: | 1 | 2 | 3 |", "7: | a | b |"]


def broken_links(page: Page) -> Iterator[str]:
    """The links of a page within the project that lead nowhere."""
    for link in _links(page):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        file = page.path.parent / unquote(parts.path) if parts.path else page.path
        if not file.exists() or (parts.fragment and parts.fragment not in _anchors(file)):
            yield link


def broken_rows(page: Page) -> Iterator[str]:
    """The rows that have more or fewer cells than their table's head, and those that are in no table."""
    lines = page.lines
    for token in page.tokens():
        if token.type == "table_open" and token.map:
            rows = range(*token.map)
            width = _bars(lines[rows[0]])
            yield from (f"{row + 1}: {lines[row]}" for row in rows if _bars(lines[row]) != width)
        elif token.type == "paragraph_open" and token.map:
            yield from (f"{row + 1}: {lines[row]}" for row in range(*token.map) if lines[row].startswith("|"))


def _bars(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row))


def _links(page: Page) -> Iterator[str]:
    for token in page.tokens():
        for part in [token, *(token.children or [])]:
            if part.type == "link_open":
                yield str(part.attrGet("href"))
            elif part.type == "image":
                yield str(part.attrGet("src"))
            elif part.type in ("html_inline", "html_block"):
                yield from re.findall(r'(?:src|srcset|href)="([^"]+)"', part.content)


def _anchors(file: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them: lower case, no punctuation, hyphens for spaces."""
    found: Counter[str] = Counter()
    anchors = set()
    tokens = read(file).tokens() if file.suffix == ".md" else []
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open":
            text = "".join(part.content for part in inline.children or [])
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            anchors.add(f"{slug}-{found[slug]}" if found[slug] else slug)
            found[slug] += 1
    return anchors
