"""Chromium, started once; pages of several subjects, written once; and a tab in which nothing may go wrong unseen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from netmatrix.cli.main import root
from netmatrix.emit.apply import apply, changes
from netmatrix.emit.plan import plan
from netmatrix.helm import Helm
from netmatrix.matrix.load import load_matrix
from tests.bench import synthetic
from tests.browser.machine import chromium
from tests.support.scenarios import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROD = ("-f", "values/values-prod.yaml")
SUBJECTS = {
    "prod": PROD,
    "everything": (
        *PROD,
        *("-f", "values/operational.yaml", "-f", "values/clusters/with-exception.yaml"),
        *("--against", "values/values-prod.yaml"),
    ),
    "failing": ("--environment", "prod", "--manifests", "tests/proof/shipped/prod.yaml"),
}
HOSTILE = "</script></style><img src=x onerror=alert(1)>'\"{{ 7 * 7 }}"
MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    from playwright.sync_api import sync_playwright

    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=sandbox)
        yield started
        started.close()


@pytest.fixture(scope="session")
def written(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The page of a subject as a file: the project's own, one with hostile texts, one of a hundred pods."""
    folder = tmp_path_factory.mktemp("pages")

    def page(subject: str) -> Path:
        file = folder / f"{subject}.html"
        if not file.exists():
            home, arguments = _subject(subject, folder)
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(home)
                patch.setenv("HELM", str(helm.executable))
                asked = ["report", *arguments, "--today", "2026-11-01", "--output", str(file)]
                CliRunner().invoke(root, asked, standalone_mode=False, catch_exceptions=False)
        return file

    return page


def _subject(name: str, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Where to ask for a page, and how."""
    if name in SUBJECTS:
        return ROOT, SUBJECTS[name]
    home = folder / name
    home.mkdir()
    matrix = home / "matrix.yaml"
    if name == "hundred":
        matrix.write_text(synthetic.matrix(100, 400), encoding="utf-8")
    else:
        text = (ROOT / "matrix.yaml").read_text(encoding="utf-8")
        matrix.write_text(text.replace("title: Kafka", f"title: '{MARKUP}'"), encoding="utf-8")
        entry = {"from": {"pod": "kafka"}, "to": {"cidr": "192.0.2.1/32"}, "ports": [{"protocol": "TCP", "port": 1}]}
        told = {"reason": HOSTILE, "owner": HOSTILE, "expires": "2027-01-01"}
        (home / "odd.yaml").write_text(yaml.safe_dump({"exceptions": {"odd": entry | told}}), encoding="utf-8")
    apply(changes(plan(load_matrix(str(matrix))), home), home)
    return home, PROD if name == "hundred" else (*PROD, "-f", "odd.yaml")


@dataclass
class Tab:
    """A page that is open, and what a user would not see going wrong: errors, refusals, requests, dialogs."""

    page: Page
    file: Path
    complaints: list[str] = field(default_factory=list)

    def axe(self) -> list[str]:
        """What the accessibility scan finds in the state in which the page is."""
        from axe_playwright_python.sync_playwright import Axe

        found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [f"{item['id']}: {node['html'][:200]}" for item in found for node in item["nodes"]]


@pytest.fixture
def tab(browser: Browser, written: Callable[[str], Path]) -> Iterator[Callable[..., Tab]]:
    """Opens the page of a subject; at the end, nothing may have gone wrong in any of them."""
    opened: list[Tab] = []

    def open_(subject: str, width: int = 1280, scheme: Any = "light", *, script: bool = True) -> Tab:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=script
        )
        found = Tab(context.new_page(), written(subject))
        opened.append(found)
        page = found.page
        page.on("console", lambda message: found.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: found.complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: found.complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: _record(found, request.url))
        page.goto(found.file.as_uri())
        return found

    yield open_
    for item in opened:
        item.page.context.close()
        assert item.complaints == []


def _record(tab: Tab, url: str) -> None:
    if url.partition("#")[0] != tab.file.as_uri():
        tab.complaints.append(f"request: {url}")
