"""What the prose names in passing is there: commands and their options, make targets, keys of the values."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from netmatrix.cli.main import COMMANDS, root
from netmatrix.emit.reference import values_markdown
from netmatrix.matrix.model import Matrix
from tests.docs.page import Page, page_names, pages
from tests.support.scenarios import ROOT

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=page_names(PAGES))
def test_a_command_in_the_prose_is_one_that_there_is(page: Page) -> None:
    assert [text for text in spans(page) if text.startswith("netmatrix ") and not is_command(text)] == []


@pytest.mark.parametrize("page", PAGES, ids=page_names(PAGES))
def test_a_make_target_in_the_prose_is_one_that_there_is(page: Page) -> None:
    targets = set(re.findall(r"(?m)^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    named = {match[1] for text in spans(page) if (match := re.match(r"make ([a-z0-9-]+)", text))}
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=page_names(PAGES))
def test_a_key_of_the_values_in_the_prose_is_one_that_there_is(page: Page, matrix: Matrix) -> None:
    keys = re.findall(r"(?m)^\| `([^`]+)` \|", values_markdown(matrix))
    known = {".".join(key.split(".")[:length]) for key in keys for length in range(1, 6)}
    start = "|".join(sorted({key.split(".")[0] for key in keys if "." in key}))
    named = {text.split("=")[0].split(":")[0] for text in spans(page) if re.match(rf"({start})\.[\w.-]+", text)}
    assert {key for key in named if key not in known} == set()


def test_a_command_or_an_option_that_is_not_there_is_found() -> None:
    assert is_command("netmatrix verify -f values/values-prod.yaml --manifests -")
    assert not is_command("netmatrix verify --manifest x")
    assert not is_command("netmatrix prove")


def is_command(text: str) -> bool:
    """Whether a command line names a command, and options that it has; `netmatrix COMMAND` stands for any."""
    _, name, *words = re.sub(r"=\S*", "", text).split()
    if name.isupper() or name.startswith("-"):
        return True
    if name not in COMMANDS:
        return False
    command = root.get_command(click.Context(root), name)
    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h", "--"}
    own = words[: words.index("--")] if "--" in words else words
    return {word for word in own if word.startswith("-") and word != "-"} <= known


def spans(page: Page) -> Iterator[str]:
    """The pieces of code within the prose."""
    for token in page.tokens():
        yield from (part.content for part in token.children or [] if part.type == "code_inline")
