"""Compares a plan with the files on disk, and writes it: all of it or nothing."""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from netmatrix.document import Finding, Place
from netmatrix.document.interrupts import interrupts_held_back
from netmatrix.emit import rules
from netmatrix.emit.plan import MARKER, Plan

_CHART = "chart"
_HOST_FILES = (PurePosixPath("README.md"),)
"""Hand-written files that may hold a generated region."""


@dataclass(frozen=True, slots=True)
class Change:
    """One file that differs: `before` is None where it is new, `after` None where its row is gone."""

    path: PurePosixPath
    before: str | None
    after: str | None

    def diff(self) -> str:
        """A unified diff from what is on disk to what the matrix gives."""
        before, after = _lines(self.before), _lines(self.after)
        name = str(self.path)
        old, new = (name if self.before is not None else "/dev/null"), (name if self.after is not None else "/dev/null")
        lines = difflib.unified_diff(before, after, old, new)
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def changes(plan: Plan, output: Path) -> list[Change]:
    """What `apply` would do in `output`, in the order of paths.

    Raises GenerateError where a file of somebody's own stands in the way, or one cannot be read.
    """
    wanted: dict[PurePosixPath, str] = {**plan.files, **_regions(plan, output)}
    found = {path: _read(output, path) for path in wanted}
    problems = [
        _foreign(output, path, "was not written by the generator and would be overwritten")
        for path, text in found.items()
        if text is not None and path in plan.files and MARKER not in text
    ]
    gone: list[Change] = []
    headers = {_header(text) for text in plan.files.values()}
    for path in _others(plan, output):
        text = (_read(output, path) or "") if (output / path).is_file() else ""
        whole = path.parts[0] == _CHART
        # Beside the chart, a file with the header of one that is still planned is somebody's copy, not a leftover.
        if MARKER in text and (whole or _header(text) not in headers):
            gone.append(Change(path, text, None))
        elif whole:
            problems.append(_foreign(output, path, "was not written by the generator, and a chart is generated whole"))
    if problems:
        raise rules.GenerateError(problems)
    changed = [Change(path, found[path], text) for path, text in wanted.items() if found[path] != text]
    return sorted([*changed, *gone], key=lambda change: change.path)


def apply(changed: list[Change], output: Path) -> None:
    """Write the changes: first every new text to a staging folder, then the swaps, which are undone on failure.

    Raises GenerateError where something cannot be written; then, as after Ctrl-C, the files are as they were.
    """
    if not changed:
        return
    made: _Undo = []
    swapped: _Undo = []
    try:
        _make_folders(output, made)
        staging = Path(tempfile.mkdtemp(prefix=".netmatrix-", dir=output))
        made.append(lambda: shutil.rmtree(staging))
        staged = _stage(changed, staging, output)
        with interrupts_held_back():  # the swaps take milliseconds
            _swap(changed, staged, staging, output, swapped)
            swapped.clear()
            shutil.rmtree(staging, ignore_errors=True)
    except BaseException as error:
        with interrupts_held_back():
            lost = _take_back(swapped)
            if lost is not None:
                hint = f"the old files are in {staging}; put back by hand what is not in its place"
                message, place = _reason("cannot put back", lost), _place_of(lost, output)
                raise rules.GenerateError([Finding(rules.UNWRITABLE, message, place, hint=hint)]) from error
            _take_back(made)
        if isinstance(error, OSError):
            raise rules.GenerateError([_unwritable(output, error)]) from error
        raise


_Undo = list[Callable[[], object]]
"""What takes back what was done, in the order in which it was done."""


def _take_back(undo: _Undo) -> OSError | None:
    """Take back as much as can be taken back; the last failure, if there is one."""
    failure: OSError | None = None
    for step in reversed(undo):
        try:
            step()
        except OSError as error:
            failure = error
    return failure


def _stage(changed: list[Change], staging: Path, output: Path) -> dict[PurePosixPath, Path]:
    """Writing can fail half-way (a full disk); here it fails where nobody looks."""
    staged: dict[PurePosixPath, Path] = {}
    for number, change in enumerate(changed):
        if change.after is not None:
            staged[change.path] = staging / f"new-{number}"
            with staged[change.path].open("wb") as file:
                file.write(change.after.encode("utf-8", errors="surrogateescape"))
                file.flush()
                os.fsync(file.fileno())
            if change.before is not None:
                shutil.copymode(output / change.path, staged[change.path])
    return staged


def _swap(
    changed: list[Change],
    staged: dict[PurePosixPath, Path],
    staging: Path,
    output: Path,
    undo: _Undo,
) -> None:
    """Put every file in its place. At any moment a file that was there is there, old or new."""
    for number, change in enumerate(changed):
        kept = staging / f"old-{number}"
        if change.after is None:
            os.replace(output / change.path, kept)
            undo.append(partial(os.replace, kept, output / change.path))
            continue
        target = (output / change.path).resolve()  # a link stays one
        _make_folders(target.parent, undo)
        if change.before is not None:
            _keep(target, kept)
            undo.append(partial(os.replace, kept, target))
        os.replace(staged[change.path], target)
        if change.before is None:
            undo.append(target.unlink)
    for folder in {(output / change.path).parent for change in changed if change.after is None}:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _keep(target: Path, kept: Path) -> None:
    try:
        kept.hardlink_to(target)
    except OSError:  # a file system without hard links
        os.replace(target, kept)


def _make_folders(folder: Path, undo: _Undo) -> None:
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    for part in reversed(missing):
        part.mkdir()
        undo.append(part.rmdir)


def _regions(plan: Plan, output: Path) -> dict[PurePosixPath, str]:
    """Hand-written files with their generated regions as the matrix gives them."""
    texts: dict[PurePosixPath, str] = {}
    for path in _HOST_FILES:
        text = _read(output, path)
        if text is None:
            continue
        for name, content in plan.regions.items():
            begin, end = f"<!-- netmatrix:{name} begin -->", f"<!-- netmatrix:{name} end -->"
            if begin not in text and end not in text:
                continue
            if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
                place = Place(str(output / path))
                message = f"the generated region {name!r} needs one line {begin!r} and one {end!r} after it"
                raise rules.GenerateError([Finding(rules.REGION, message, place, hint="restore the two lines")])
            pattern = re.escape(begin) + r".*?" + re.escape(end)
            before, after = re.split(pattern, text, maxsplit=1, flags=re.DOTALL)
            text = f"{before}{begin}\n\n{content}\n{end}{after}"
            texts[path] = text
    return texts


def _others(plan: Plan, output: Path) -> list[PurePosixPath]:
    """Files in the generated folders that the plan does not hold, but for what Helm ignores (editors' copies).

    A link to a folder is one of them: Helm follows it.
    """
    others: list[PurePosixPath] = []
    for folder in plan.folders:
        root = output / folder
        for found in sorted(root.rglob("*")) if root.is_dir() else []:
            path = PurePosixPath(found.relative_to(output).as_posix())
            by_hand = folder != PurePosixPath(_CHART) and path.parent != folder
            is_folder = found.is_dir() and not found.is_symlink()
            if not is_folder and path not in plan.files and not by_hand and not found.name.endswith(("~", ".swp")):
                others.append(path)
    return others


def _read(output: Path, path: PurePosixPath) -> str | None:
    """The file's text; bytes that are no UTF-8 survive a round trip. None where there is no such file."""
    try:
        if (output / path).exists() and not (output / path).is_file():
            raise OSError(errno.EISDIR, "there is something that is not a file", str(output / path))
        return (output / path).read_bytes().decode("utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise rules.GenerateError([_unwritable(output / path, error)]) from error


def _header(text: str) -> str:
    """The line that says what the file was generated from."""
    return next((line for line in text.splitlines() if MARKER in line), "")


def _lines(text: str | None) -> list[str]:
    """The lines of `text` with their ends; only a line feed ends one."""
    return [line for line in re.split(r"(?<=\n)", text or "") if line]


def _foreign(output: Path, path: PurePosixPath, why: str) -> Finding:
    hint = "move it elsewhere or delete it, then run the command again"
    return Finding(rules.FOREIGN, f"{path} {why}", Place(str(output / path)), hint=hint)


def _unwritable(path: Path, error: OSError) -> Finding:
    hint = "nothing was changed; mend this and run the command again"
    return Finding(rules.UNWRITABLE, _reason("cannot write", error), _place_of(error, path), hint=hint)


def _reason(what: str, error: OSError) -> str:
    return f"{what}: {(error.strerror or str(error)).lower()}"


def _place_of(error: OSError, path: Path) -> Place:
    return Place(str(error.filename or path))
