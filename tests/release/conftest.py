"""A copy of what says the version, a key, and a registry."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from netmatrix.helm import Helm
from releasing.__main__ import newest_section
from releasing.chart import package_chart
from releasing.signing import Key, throw_away_key
from releasing.versions import PAGES
from tests.release.local_registry import Registry, running_registry
from tests.support.scenarios import ROOT

_SAY_THE_VERSION = (
    *("CHANGELOG.md", "chart/Chart.yaml", "generator/netmatrix/__init__.py", "matrix.yaml", "pyproject.toml"),
    *PAGES,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of every file that says the project's version."""
    for file in (file for pattern in _SAY_THE_VERSION for file in ROOT.glob(pattern)):
        if file.is_file():
            target = tmp_path / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    return tmp_path


@pytest.fixture(scope="session")
def key() -> Iterator[Key]:
    """A key that is gone with the session."""
    if shutil.which("gpg") is None:
        pytest.skip("there is no gpg here, which signs packages")
    with throw_away_key("netmatrix tests") as made:
        yield made


@pytest.fixture(scope="session")
def published(helm: Helm, key: Key, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chart's package with its provenance beside it."""
    section = newest_section()
    folder = tmp_path_factory.mktemp("published")
    return package_chart(helm, ROOT / "chart", section, folder, epoch=section.epoch(), key=key)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """A registry that has nothing yet."""
    with running_registry(tmp_path / "registry") as running:
        yield running
