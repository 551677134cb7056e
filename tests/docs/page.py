"""A page of the documentation, read as its reader would: what to type, what to write where, what is printed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support.scenarios import ROOT

SHELLS = frozenset(("bash", "console", "fish", "sh", "shell", "shell-session", "shellsession", "zsh"))
"""What a block of commands may be called; only console and sh are for us to use."""

NEEDS = ("", "cluster")
_NEEDS = re.compile(r"needs: (?P<needs>\S+)")
_FILE = re.compile(r"file: (?P<file>\S+)")
_INSERT = re.compile(r"insert: (?P<file>\S+) after: (?P<after>.+)")


class PageError(Exception):
    """A page that cannot be run: it says where and why."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, its line in the file, and the lines that the page shows as its output; None where it shows none."""

    line: int
    text: str
    shown: tuple[str, ...] | None

    @property
    def bare(self) -> str:
        """The command without the comment behind it."""
        return re.sub(r"\s+# .*$", "", self.text)


@dataclass(frozen=True, slots=True)
class Edit:
    """A text that the reader writes to a file, or adds to it below the line that starts with `after`."""

    line: int
    file: str
    content: str
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block that the reader acts on: its lines between the fences, and what to run or to write."""

    begin: int
    end: int
    indent: str
    needs: str = ""
    commands: tuple[Command, ...] = ()
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Page:
    """A Markdown file."""

    path: Path
    text: str = field(repr=False)

    @property
    def name(self) -> str:
        """Its path in the project."""
        return self.path.relative_to(ROOT).as_posix() if self.path.is_relative_to(ROOT) else str(self.path)

    @property
    def folder(self) -> str:
        """Where its reader is: the chart's own page is read in the chart's folder, all others in the project's."""
        return "chart" if self.name.startswith("chart/") else "."

    @property
    def lines(self) -> list[str]:
        """Its lines, without their ends."""
        return self.text.split("\n")

    def tokens(self) -> list[Token]:
        """Its blocks and inline texts, as GitHub reads them."""
        return _parser().parse(self.text)

    def blocks(self) -> list[Block]:
        """What its reader acts on. Raises PageError where that is not said clearly."""
        return list(self._blocks())

    def needs(self) -> set[str]:
        """What its commands need, "" for nothing."""
        return {block.needs for block in self.blocks() if block.commands}

    def _blocks(self) -> Iterator[Block]:
        before: Token | None = None
        for token in self.tokens():
            if token.type in ("fence", "code_block") and token.map:
                directive = _directive(before, token.map[0]) if before else ""
                block = self._block(token, directive, token.map[0] + 1)
                if block is not None:
                    yield block
            before = token

    def _block(self, token: Token, directive: str, begin: int) -> Block | None:
        words, content = token.info.split(), token.content
        language = words[0] if words else ""
        where = f"{self.name}:{begin}"
        lines = content.split("\n")[:-1]
        if language not in SHELLS:
            if re.search(r"(?m)^\$ ", content):
                raise PageError(f"{where}: commands stand in a block of sh or console, or nobody runs them")
            return self._edit(token, directive, begin)
        if language not in ("sh", "console"):
            raise PageError(f"{where}: a block of commands is called sh or console, not {language}")
        needs = _NEEDS.fullmatch(directive)
        if directive and not (needs and needs["needs"] in NEEDS):
            raise PageError(f"{where}: a block of commands cannot have the directive {directive!r}")
        commands = tuple(_console(lines, begin, where) if language == "console" else _script(lines, begin))
        return Block(begin, begin + len(lines), self._indent(begin), needs["needs"] if needs else "", commands)

    def _edit(self, token: Token, directive: str, begin: int) -> Block | None:
        if not directive:
            return None
        match = _FILE.fullmatch(directive) or _INSERT.fullmatch(directive)
        if match is None:
            raise PageError(f"{self.name}:{begin}: unknown directive {directive!r}")
        given = match.groupdict()
        edit = Edit(begin, given["file"], token.content, given.get("after"))
        return Block(begin, begin + token.content.count("\n"), self._indent(begin), edits=(edit,))

    def _indent(self, begin: int) -> str:
        fence = self.lines[begin - 1]
        return fence[: len(fence) - len(fence.lstrip())]


def read(path: Path) -> Page:
    """The page in a file."""
    return Page(path, path.read_text(encoding="utf-8"))


def pages() -> list[Page]:
    """Every Markdown file of the project."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("chart/*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/**/*.md")]
    return [read(path) for path in sorted(found)]


def page_names(pages: Sequence[Page]) -> list[str]:
    """The ids of tests, one for each page."""
    return [page.name for page in pages]


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def _directive(before: Token, line: int) -> str:
    """The text of the comment that ends on the line above, if one does."""
    if before.type != "html_block" or before.map is None or before.map[1] != line:
        return ""
    match = re.fullmatch(r"<!-- (.*) -->\s*", before.content)
    return match[1] if match else ""


def _console(lines: Sequence[str], begin: int, where: str) -> Iterator[Command]:
    commands: list[tuple[int, list[str], list[str]]] = []
    for number, line in enumerate(lines, start=begin):
        if line.startswith("$ "):
            commands.append((number, [line[2:]], []))
        elif not commands:
            raise PageError(f"{where}: a console block starts with a command, after `$ `")
        elif commands[-1][1][-1].endswith("\\"):
            commands[-1][1].append(line)
        else:
            commands[-1][2].append(line)
    for number, command, shown in commands:
        yield Command(number, "\n".join(command), tuple(shown))


def _script(lines: Sequence[str], begin: int) -> Iterator[Command]:
    text, first = "", begin
    for number, line in enumerate(lines, start=begin):
        first = first if text else number
        text += line
        if text.endswith("\\"):
            text += "\n"
        elif text.strip() and not text.lstrip().startswith("#"):
            yield Command(first, text, None)
            text = ""
        else:
            text = ""
