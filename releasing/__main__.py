"""`python -m releasing check`, `package` and `push`: whether a release can be made, what is published, a registry."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from netmatrix.cli.project import shown
from netmatrix.document.write import write_whole
from netmatrix.helm import Helm, HelmError, find_helm
from netmatrix.helm.fetch import HELM, fetch
from netmatrix.helm.find import version_text
from netmatrix.report import Format, render
from releasing.changelog import Section, read_changelog
from releasing.chart import package_chart, put_whole, sha256
from releasing.errors import ReleaseError
from releasing.python_packages import build_python
from releasing.registry import push
from releasing.sbom import write_sbom
from releasing.signing import Key, key_of
from releasing.tools import release_tools
from releasing.versions import disagreements

ROOT = Path(__file__).resolve().parent.parent
SUMS = "SHA256SUMS"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; 1 where files disagree, 2 where a release cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m releasing", description=__doc__)
    commands = parser.add_subparsers(required=True)
    check = commands.add_parser("check", help="whether version, changelog, chart and documentation agree")
    check.add_argument("--tag", help="the git tag that the release is made from, such as v1.2.3")
    check.set_defaults(run=_check)
    package = commands.add_parser("package", help="make what is published")
    package.add_argument("--output", type=Path, default=ROOT / "dist", help="the folder to put it into")
    package.add_argument("--secret-ring", type=Path, help="the key to sign the chart with, from gpg")
    package.add_argument("--key-url", default="", help="where users find its public half; said to Artifact Hub")
    package.set_defaults(run=_package)
    pushing = commands.add_parser("push", help="push a chart's package, and its provenance, to a registry")
    pushing.add_argument("package", type=Path)
    pushing.add_argument("repository", help="oci://HOST/PATH")
    pushing.add_argument("--plain-http", action="store_true", help="for a registry on the loopback")
    pushing.set_defaults(run=_push)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 2
    except HelmError as error:
        print(render(error.findings, Format.TEXT), end="", file=sys.stderr)
        return 2
    return status


def newest_section(root: Path = ROOT) -> Section:
    """What the changelog says of the version that is released. Raises ReleaseError where files disagree on it."""
    wrong = disagreements(root)
    section = read_changelog((root / "CHANGELOG.md").read_text(encoding="utf-8")).newest
    if wrong or section is None:
        raise ReleaseError("\n  ".join(["the project's files disagree", *wrong]), "mend these first")
    return section


def release_helm(root: Path = ROOT) -> Helm:
    """The helm that packages: the pinned one, fetched where another one is found first. Raises HelmError.

    Helm 3 gives the files of a package the time at which it runs, and another Helm 4 may compress in another way.
    """
    helm = find_helm(tools=root / ".tools")
    if version_text(helm.version) == HELM.version:
        return helm
    fetch(root / ".tools", HELM)
    return find_helm({}, root / ".tools")


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


def make_packages(output: Path, *, key: Key | None = None, key_url: str = "", root: Path = ROOT) -> list[Path]:
    """Make everything that is published, into the folder `output`: chart, wheel, sdist, SBOM, and the list of sums.

    Raises ReleaseError or HelmError; nothing is in `output` then that was not there before.
    """
    section = newest_section(root)
    epoch = epoch_of(section)
    helm, tools = release_helm(root), release_tools(root)
    with tempfile.TemporaryDirectory(prefix="netmatrix-release-") as folder:
        made = Path(folder)
        chart = package_chart(helm, root / "chart", section, made, epoch=epoch, key=key, key_url=key_url)
        wheel, _ = build_python(tools, root, made, epoch=epoch)
        write_sbom(tools, root, made, epoch=epoch, chart=chart, wheel=wheel)
        names = sorted(file.name for file in made.iterdir())
        sums = "".join(f"{sha256(made / name)}  {name}\n" for name in names)
        put_whole(made, output)
        write_whole(output / SUMS, sums.encode())  # the last: where it is, all that it names is
    return [output / name for name in (*names, SUMS)]


def _package(options: argparse.Namespace) -> int:
    key = key_of(options.secret_ring) if options.secret_ring else None
    *files, _ = make_packages(options.output, key=key, key_url=options.key_url)
    for file in files:
        print(f"{sha256(file)}  {shown(file)}")
    return 0


def _push(options: argparse.Namespace) -> int:
    digest = push(find_helm(tools=ROOT / ".tools"), options.package, options.repository, plain_http=options.plain_http)
    print(f"{options.repository}: {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
