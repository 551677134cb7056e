"""`python -m releasing check` and `python -m releasing package`: 0 where all is well, 1 where something disagrees."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from netmatrix.helm import HelmError, find_helm
from releasing.changelog import Section, read_changelog
from releasing.chart import package_chart, sha256
from releasing.errors import ReleaseError
from releasing.versions import disagreements

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; 1 where files disagree, 2 where a release cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m releasing", description=__doc__)
    commands = parser.add_subparsers(required=True)
    check = commands.add_parser("check", help="whether version, changelog, chart and documentation agree")
    check.add_argument("--tag", help="the git tag that the release is made from, such as v1.2.3")
    check.set_defaults(run=_check)
    package = commands.add_parser("package", help="make what is published")
    package.add_argument("--output", type=Path, default=ROOT / "dist", help="the folder to put it into")
    package.set_defaults(run=_package)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except (ReleaseError, HelmError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 2
    return status


def newest_section(root: Path = ROOT) -> Section:
    """What the changelog says of the version that is released. Raises ReleaseError where files disagree on it."""
    wrong = disagreements(root)
    section = read_changelog((root / "CHANGELOG.md").read_text(encoding="utf-8")).newest
    if wrong or section is None:
        raise ReleaseError("\n  ".join(["the project's files disagree", *wrong]), "mend these first")
    return section


def epoch_of(section: Section) -> int:
    """The time that all files of the release are said to be from: $SOURCE_DATE_EPOCH, else the changelog's day.

    See https://reproducible-builds.org/specs/source-date-epoch/. Raises ReleaseError where the variable is no number.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given is None:
        return section.epoch()
    if not given.isascii() or not given.isdigit():
        raise ReleaseError(f"SOURCE_DATE_EPOCH is {given!r}", "give seconds since 1970, or unset it")
    return int(given)


def _check(options: argparse.Namespace) -> int:
    wrong = disagreements(ROOT, options.tag)
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def _package(options: argparse.Namespace) -> int:
    section = newest_section()
    helm = find_helm(tools=ROOT / ".tools")
    package = package_chart(helm, ROOT / "chart", section, options.output, epoch=epoch_of(section))
    print(f"{sha256(package)}  {package}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
