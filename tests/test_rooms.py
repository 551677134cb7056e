"""The house: which room imports which, and that the toolchain knows nothing of the application."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.scenarios import ROOT

GENERATOR = ROOT / "generator"
PACKAGE = GENERATOR / "netmatrix"

# Design section 3: the arrows point one way.
MAY_IMPORT = {
    "document": set(),
    "matrix": {"document"},
    "policy": {"document"},
    "helm": {"document"},
    "report": {"document"},
    "fleet": {"document", "report"},
    "lint": {"document", "policy"},
    "graph": {"document", "matrix", "values"},
    "emit": {"document", "matrix"},
    "values": {"document", "matrix"},
    "proof": {"document", "matrix", "values", "policy"},
    "page": {"document", "matrix", "policy", "proof", "report", "values"},
    "cluster": {"document", "policy"},
    "discover": {"document", "matrix", "policy", "cluster"},
    "probe": {"document", "matrix", "policy", "proof", "cluster"},
    "audit": {"document", "matrix", "policy", "proof", "cluster", "values", "report"},
    "cli": {
        *("document", "matrix", "emit", "values", "fleet", "graph", "helm", "lint", "page", "policy"),
        *("proof", "report", "cluster", "discover", "probe", "audit"),
    },
}
ROOMS = sorted(folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").is_file())


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_that_it_may(room: str) -> None:
    assert imported(PACKAGE / room) - {room} <= MAY_IMPORT[room]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_in_a_sentence_what_lives_there(room: str) -> None:
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))
    assert re.search(r"\w\.", ast.get_docstring(tree) or "")


def test_the_rooms_that_others_build_on_import_something() -> None:
    """That the reader of imports sees them."""
    assert imported(PACKAGE / "emit") >= {"document", "matrix"}
    assert imported(PACKAGE / "cli") >= {"emit", "values", "helm", "report"}


def test_the_toolchain_names_nothing_of_the_application() -> None:
    application = re.compile(r"stalker|kafka|mongo|red.?kite", re.IGNORECASE)
    named = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted(GENERATOR.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if application.search(f"{path.name} {line}")
    ]
    assert not named


def imported(folder: Path) -> set[str]:
    """The rooms whose modules a room's modules import, at the top or inside a function."""
    return {
        name.split(".")[1]
        for file in folder.rglob("*.py")
        for name in _names(ast.parse(file.read_text(encoding="utf-8")))
        if name.startswith("netmatrix.")
    }


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" if module == "netmatrix" else module for alias in node.names)
