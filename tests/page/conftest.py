"""Pages of the project's own values, through the command, written once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from netmatrix.cli.main import root
from netmatrix.helm import Helm
from tests.support.html import Element, read
from tests.support.scenarios import ROOT

TODAY = ("--today", "2026-11-01")
Pages = Callable[..., Element]


@pytest.fixture(scope="session")
def pages(helm: Helm) -> Pages:
    """The page that `netmatrix report` prints for some arguments, in the project's folder."""

    @cache
    def page(*arguments: str) -> Element:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(ROOT)
            patch.setenv("HELM", str(helm.executable))
            asked = ["report", *arguments, *TODAY]
            done = CliRunner().invoke(root, asked, standalone_mode=False, catch_exceptions=False)
        return read(done.stdout)

    return page


def values(*names: str) -> tuple[str, ...]:
    """`-f` for files below values/, without their extension."""
    return tuple(word for name in names for word in ("-f", str(Path("values") / f"{name}.yaml")))
