"""Version, changelog, chart metadata and what the documentation says of them: they cannot disagree."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from releasing.artifact_hub import annotation_problems
from releasing.changelog import Changelog, read_changelog

VERSION_FILE = "generator/netmatrix/__init__.py"

_MENTIONS = (
    r"red-kite-network-(\d+\.\d+\.\d+)",
    r"netmatrix, version (\d+\.\d+\.\d+)",
    r"netmatrix[-=@]=?v?(\d+\.\d+\.\d+)",
    r"netmatrix-audit:(\d+\.\d+\.\d+)",
    r"targetRevision: \"?v?(\d+\.\d+\.\d+)",
    r"--version \"?v?(\d+\.\d+\.\d+)",
)
"""How a page or an example names the chart's or the toolchain's version."""

PAGES = (
    *("README.md", "UPGRADE.md", "docs/*.md", "chart/README.md"),
    *("values/**/*.yaml", "examples/**/*.yaml", "examples/**/Containerfile"),
)
"""Where one could."""


def disagreements(root: Path, tag: str | None = None) -> list[str]:
    """Everything on which the files of the project in `root` disagree, as `file:line: message`; none where all is well.

    `tag` is the git tag that a release is made from: it must be `v` and the version, with nothing left unreleased.
    """
    version = _literal(root / VERSION_FILE)
    changelog = read_changelog(_text(root / "CHANGELOG.md"))
    chart = yaml.safe_load(_text(root / "chart/Chart.yaml"))
    return [
        *changelog.problems,
        *_versions(root, version, chart, changelog),
        *annotation_problems(chart, "chart/Chart.yaml"),
        *_mentions(root, version),
        *(_tagged(tag, version, changelog) if tag is not None else ()),
    ]


def _versions(root: Path, version: str, chart: dict[str, Any], changelog: Changelog) -> Iterator[str]:
    newest = changelog.newest
    if newest is None:
        yield f"CHANGELOG.md:1: there is no version: add `## {version} - YYYY-MM-DD`"
    elif newest.version != version:
        yield f"CHANGELOG.md:{newest.line}: the newest version is {newest.version}, and {VERSION_FILE} says {version}"
    matrix = yaml.safe_load(_text(root / "matrix.yaml"))["version"]
    if matrix != version:
        yield f"matrix.yaml: version is {matrix}, and {VERSION_FILE} says {version}"
    if chart["version"] != version:
        yield f"chart/Chart.yaml: version is {chart['version']}, and {VERSION_FILE} says {version}"
    project = tomllib.loads(_text(root / "pyproject.toml"))
    attribute = project.get("tool", {}).get("setuptools", {}).get("dynamic", {}).get("version", {}).get("attr")
    if "version" in project["project"] or attribute != "netmatrix.__version__":
        yield f"pyproject.toml: the version is to be taken from {VERSION_FILE} (netmatrix.__version__)"


def _mentions(root: Path, version: str) -> Iterator[str]:
    files = sorted(file for pattern in PAGES for file in root.glob(pattern))
    for file in files:
        for number, line in enumerate(_text(file).splitlines(), start=1):
            for pattern in _MENTIONS:
                for found in re.findall(pattern, line):
                    # An upgrade is told from one version to another, in a page that says so.
                    if found != version and file.name != "UPGRADE.md":
                        yield f"{file.relative_to(root)}:{number}: says {found}, and the version is {version}"


def _tagged(tag: str, version: str, changelog: Changelog) -> Iterator[str]:
    if tag != f"v{version}":
        yield f"the tag is {tag}, and {VERSION_FILE} says {version}: tag v{version}, or change the version"
    unreleased = changelog.unreleased
    if unreleased is not None and unreleased.changes:
        yield f"CHANGELOG.md:{unreleased.line}: there are unreleased changes: move them under the version"


def _literal(file: Path) -> str:
    """`__version__` as the code states it, without running it: the one that is imported may be another project's."""
    for node in ast.parse(_text(file)).body:
        match node:
            case ast.Assign([ast.Name("__version__")], ast.Constant(str(version))):
                return version
    return "nothing"


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
