"""What a user sees who edits an environment file, an override or the matrix: completion, explanations, squiggles."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.editor.server import Editor, editor
from tests.support.scenarios import ROOT

pytestmark = pytest.mark.editor

ENVIRONMENT, OVERRIDE, MATRIX = (
    ROOT / "values/values-prod.yaml",
    ROOT / "values/clusters/k3s.yaml",
    ROOT / "matrix.yaml",
)


@pytest.fixture(scope="module")
def opened() -> Iterator[Editor]:
    with editor(ROOT) as made:
        yield made


def typed(file: Path, *lines: str) -> tuple[Path, str, int]:
    """A new file beside a shipped one, not saved: its first line, then others; and the number of the last line."""
    first = next(line for line in file.read_text(encoding="utf-8").splitlines() if "yaml-language-server" in line)
    text = "\n".join((first, *lines))
    name = f"typed-{next(_NUMBERS)}.yaml"  # a server tells of a document it knew before as well
    return file.with_name(name), text, len(lines)


_NUMBERS = count()


@pytest.mark.parametrize("file", [ENVIRONMENT, ROOT / "values/operational.yaml", OVERRIDE, MATRIX])
def test_what_ships_has_no_squiggle(file: Path, opened: Editor) -> None:
    assert opened.open(file, file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("file", "line", "words"),
    [
        (ENVIRONMENT, "environment: ", "Which of the matrix's environments this cluster is"),
        (ENVIRONMENT, "  cron-to-mongo: ", "cron"),
        (OVERRIDE, "  kubernetes-api:", "API"),
        (MATRIX, "environments: ", "environment"),
    ],
)
def test_a_key_is_explained_where_the_pointer_rests(file: Path, line: str, words: str, opened: Editor) -> None:
    text = file.read_text(encoding="utf-8")
    opened.open(file, text)
    number = next(number for number, item in enumerate(text.splitlines()) if item.startswith(line))
    assert words in opened.hover(file, number, len(line) - len(line.lstrip()) + 2)


@pytest.mark.parametrize(
    ("file", "lines", "offered"),
    [
        (ENVIRONMENT, ("environment: prod", "flows:", "  "), {"cron-to-mongo", "jobs-to-dns"}),
        (ENVIRONMENT, ("environment: ",), {"prod", "dev"}),
        (OVERRIDE, ("endpoints:", "  kubernetes-api:", "    "), {"cidrs", "ports", "discover"}),
        (OVERRIDE, ("environment: prod", ""), {"endpoints", "exceptions", "flows", "pods"}),
        (MATRIX, ("flows:", "  a-to-b:", "    "), {"from", "to", "ports", "basis"}),
    ],
)
def test_what_can_stand_there_is_offered(file: Path, lines: tuple[str, ...], offered: set[str], opened: Editor) -> None:
    new, text, last = typed(file, *lines)
    opened.open(new, text)
    assert offered <= opened.completions(new, last, len(lines[-1])).keys()


@pytest.mark.parametrize(
    ("file", "lines", "words"),
    [
        (ENVIRONMENT, ("environment: production",), "Valid values"),
        (ENVIRONMENT, ("environment: prod", "flows: {cron-to-mngo: {enabled: true}}"), "cron-to-mngo"),
        (OVERRIDE, ("endpoints:", "  kubernetes-api: {cidrs: 10.0.0.1/32}"), "array"),
        (OVERRIDE, ("pods: {ui: {selector: []}}",), "too few items"),
        (MATRIX, ("apiVersion: netmatrix/v1", "pods: {ui: {label: {}}}"), "label"),
    ],
)
def test_a_mistake_has_a_squiggle_at_its_line(file: Path, lines: tuple[str, ...], words: str, opened: Editor) -> None:
    new, text, last = typed(file, *lines)
    found = [item for item in opened.open(new, text) if item["range"]["start"]["line"] == last]
    assert any(words in item["message"] for item in found), found
