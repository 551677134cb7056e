"""Every page of the documentation that needs a cluster, run in one from top to bottom, as tests/docs says."""

from __future__ import annotations

from pathlib import Path

import pytest

from netmatrix.helm import Helm
from tests.docs.page import Page, page_names, pages
from tests.docs.running import copied
from tests.docs.shown import hold
from tests.e2e import session
from tests.e2e.conftest import World

pytestmark = [pytest.mark.e2e, pytest.mark.operations]

PAGES = [page for page in pages() if "cluster" in page.needs()]


@pytest.mark.parametrize("page", PAGES, ids=page_names(PAGES))
def test_the_commands_of_a_page_print_what_it_shows_in_a_cluster(
    page: Page, bare: World, tmp_path: Path, helm: Helm, request: pytest.FixtureRequest
) -> None:
    session.write_ways_in(bare.cluster)
    with copied(page, tmp_path, helm, ways_in=bare.cluster.folder.path) as project:
        hold(page, project, ("", "cluster"), update=request.config.getoption("--update-docs"))
