"""A git revision's files in a folder of their own: the user's tree and index are left alone."""

from __future__ import annotations

import os
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from netmatrix.document import did_you_mean


@dataclass(frozen=True, slots=True)
class Revision:
    """The files of `name` in `folder`, as they stand in `top`, the top of the user's working tree."""

    name: str
    folder: Path
    top: Path

    def holds(self, path: Path) -> bool:
        """Whether a file stands in the working tree, so that revisions have one of their own."""
        return path.resolve().is_relative_to(self.top)

    def file(self, path: str) -> str:
        """What stands at `path` in this revision; a file outside the working tree is the same in all of them.

        Raises UsageError where a folder on the way is a link that the revision does not have, or not so: what it leads
        to now is another file, and would be compared with itself.
        """
        for link in _links(Path(path).parent):
            if link.is_relative_to(self.top) and not self._had(link):
                message = f"{link} is a link that {self.name!r} lacks, or has to elsewhere; name the folder itself"
                raise click.UsageError(message)
        there = Path(path).parent.resolve() / Path(path).name
        return str(self.folder / there.relative_to(self.top)) if there.is_relative_to(self.top) else path

    def _had(self, link: Path) -> bool:
        """Whether the revision has the same link; an unpacked archive holds a link's target as a file's text."""
        then = self.folder / link.relative_to(self.top)
        return then.is_file() and then.read_bytes() == os.fsencode(link.readlink())


def _links(path: Path) -> Iterator[Path]:
    """Every link on the way to a folder that exists, each in the folder where it really is."""
    here, *ahead = (Path(part) for part in path.absolute().parts)
    seen: set[Path] = set()
    while ahead:
        part = ahead.pop(0)
        if part == Path(os.pardir):
            here = here.parent
            continue
        following = here / part
        if following.is_symlink() and following not in seen:
            seen.add(following)  # one that leads to itself leads nowhere, which reading the file tells
            yield following
            target = following.readlink()
            if target.is_absolute():
                here = Path(target.anchor)
            ahead[:0] = (Path(item) for item in target.parts if item != target.anchor)
        else:
            here = following


def repository(*folders: Path) -> Path:
    """The top of the repository that holds the first of the folders that is in one.

    Raises UsageError, in the words that git has for the last of them, where none is, or where git is missing.
    """
    *others, last = folders
    command = ["rev-parse", "--show-toplevel"]
    found = next((folder for folder in others if _run(folder, command).returncode == 0), last)
    return Path(_git(found, command))


@contextmanager
def checked_out(name: str, top: Path) -> Iterator[Revision]:
    """The files of a revision of the repository at `top`, until the block ends.

    They come from `git archive`, which changes nothing in the repository. Raises UsageError where there is no such
    revision.
    """
    commit = _commit(top, name)
    with tempfile.TemporaryDirectory(prefix="netmatrix-") as scratch:
        folder = Path(scratch).resolve()
        archive = folder / "archive.zip"
        _git(top, ["archive", "--format=zip", f"--output={archive}", commit])
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder / "tree")
        archive.unlink()
        yield Revision(name, folder / "tree", top)


def _commit(top: Path, name: str) -> str:
    found = _run(top, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"])
    if found.returncode != 0 or not name:
        known = _git(top, ["for-each-ref", "--format=%(refname:short)"]).split()
        close = did_you_mean(name, known) if name else ""
        hint = close if close.startswith("did you mean") else "name a branch, a tag or a commit"
        raise click.UsageError(f"git knows no revision {name!r}; {hint}")
    return found.stdout.decode().strip()


def _git(folder: Path, arguments: Sequence[str]) -> str:
    done = _run(folder, arguments)
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise click.UsageError(f"git refused: {words[-1] if words else f'exit status {done.returncode}'}")
    return done.stdout.decode(errors="surrogateescape").rstrip("\n")


def _run(folder: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise click.UsageError(f"git cannot be run: {reason}; install it, or compare manifests") from None
