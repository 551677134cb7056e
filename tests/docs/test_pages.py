"""Every page that needs no cluster, run from top to bottom. tests/e2e/test_pages.py runs the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from netmatrix.helm import Helm
from tests.docs.not_run import NOT_RUN
from tests.docs.page import Page, page_names, pages
from tests.docs.running import copied
from tests.docs.shown import hold
from tests.support.shares import long_but

PAGES = [page for page in pages() if "" in page.needs()]
QUICK = {"README.md", "CONTRIBUTING.md", "UPGRADE.md", "docs/getting-started.md"}
"""The pages that everybody reads; the others are run by `make test-long`, since they take a minute together."""


def test_the_quick_pages_are_pages() -> None:
    assert {page.name for page in PAGES} > QUICK


@pytest.mark.parametrize("page", long_but(lambda page: page.name in QUICK, PAGES, page_names(PAGES)))
def test_the_commands_of_a_page_print_what_it_shows(
    page: Page, tmp_path: Path, helm: Helm, request: pytest.FixtureRequest
) -> None:
    with copied(page, tmp_path, helm) as project:
        hold(page, project, ("",), update=request.config.getoption("--update-docs"))


def test_what_is_not_run_stands_in_a_page() -> None:
    assert {command.bare for page in pages() for block in page.blocks() for command in block.commands} >= NOT_RUN.keys()
