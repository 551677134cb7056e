"""Compares a plan with the files on disk, and writes it: all of it or nothing."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import FrameType

from netmatrix.document import Finding, Place
from netmatrix.emit import rules
from netmatrix.emit.plan import MARKER, Plan

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
        before = (self.before or "").splitlines(keepends=True)
        after = (self.after or "").splitlines(keepends=True)
        name = str(self.path)
        old, new = (name if self.before is not None else "/dev/null"), (name if self.after is not None else "/dev/null")
        return "".join(difflib.unified_diff(before, after, old, new))


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
    for path in _others(plan, output):
        text = _read(output, path) or ""
        if MARKER in text:
            gone.append(Change(path, text, None))
        elif path.parts[0] == "chart":
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
    staging: Path | None = None
    try:
        output.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".netmatrix-", dir=output))
        staged = _stage(changed, staging)
        with _without_interrupts():
            _swap(changed, staged, staging, output)
    except OSError as error:
        raise rules.GenerateError([_unwritable(output, error)]) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)


def _stage(changed: list[Change], staging: Path) -> dict[PurePosixPath, Path]:
    """Writing can fail half-way (a full disk); here it fails where nobody looks."""
    staged: dict[PurePosixPath, Path] = {}
    for number, change in enumerate(changed):
        if change.after is not None:
            staged[change.path] = staging / f"new-{number}"
            with staged[change.path].open("w", encoding="utf-8", newline="\n") as file:
                file.write(change.after)
                file.flush()
                os.fsync(file.fileno())
    return staged


def _swap(changed: list[Change], staged: dict[PurePosixPath, Path], staging: Path, output: Path) -> None:
    undo = contextlib.ExitStack()
    try:
        for number, change in enumerate(changed):
            target = output / change.path
            if change.before is not None:
                kept = staging / f"old-{number}"
                os.replace(target, kept)
                undo.callback(os.replace, kept, target)
            if change.after is not None:
                _make_folders(target.parent, undo)
                os.replace(staged[change.path], target)
                if change.before is None:
                    undo.callback(target.unlink)
    except BaseException:
        undo.close()
        raise
    undo.pop_all()
    for folder in {(output / change.path).parent for change in changed if change.after is None}:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _make_folders(folder: Path, undo: contextlib.ExitStack) -> None:
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    for part in reversed(missing):
        part.mkdir()
        undo.callback(part.rmdir)


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold Ctrl-C and a polite kill back until the swaps, which take milliseconds, are through."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[signal.Signals] = []

    def note(number: int, _frame: FrameType | None) -> None:
        caught.append(signal.Signals(number))

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for received in caught:
        signal.raise_signal(received)


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
    """Files in the generated folders that the plan does not hold, but for what Helm ignores (editors' copies)."""
    others: list[PurePosixPath] = []
    for folder in plan.folders:
        root = output / folder
        for found in sorted(root.rglob("*")) if root.is_dir() else []:
            path = PurePosixPath(found.relative_to(output).as_posix())
            by_hand = folder != PurePosixPath("chart") and path.parent != folder
            if found.is_file() and path not in plan.files and not by_hand and not found.name.endswith(("~", ".swp")):
                others.append(path)
    return others


def _read(output: Path, path: PurePosixPath) -> str | None:
    try:
        return (output / path).read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise rules.GenerateError([_unwritable(output / path, error)]) from error


def _foreign(output: Path, path: PurePosixPath, why: str) -> Finding:
    hint = "move it elsewhere or delete it, then run the command again"
    return Finding(rules.FOREIGN, f"{path} {why}", Place(str(output / path)), hint=hint)


def _unwritable(path: Path, error: OSError) -> Finding:
    where = str(error.filename or path)
    message = f"cannot write: {(error.strerror or str(error)).lower()}"
    return Finding(
        rules.UNWRITABLE, message, Place(where), hint="nothing was changed; mend this and run the command again"
    )
