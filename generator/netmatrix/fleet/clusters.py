"""Which clusters a pattern selects: each file is one, or each folder with all of its files."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from netmatrix.document import Finding, FindingsError, Place
from netmatrix.document.rules import READABLE

_ANY_DEPTH = "**"
_FIRST = "values.yaml"
_SUFFIXES = (".yaml", ".yml")


class FleetError(FindingsError):
    """The clusters of a fleet cannot be found."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster goes by the path that a pattern selected; `files` are its values, the later ones on top."""

    name: str
    files: tuple[str, ...]


def find_clusters(patterns: Sequence[str]) -> tuple[Cluster, ...]:
    """The clusters that any of the `patterns` selects, by name.

    `*`, `?` and `[abc]` stand for parts of a name, `**` for folders at any depth; what begins with a dot is left out,
    unless the pattern says the dot. A pattern that ends in `/` selects folders: the YAML files of each are one
    cluster's values, `values.yaml` first, then the others by name. Raises FleetError where a pattern selects nothing,
    a folder cannot be listed, or one selected folder holds no YAML file.
    """
    found: dict[str, Cluster] = {}
    for pattern in patterns:
        folders = pattern.endswith("/")
        selected = [path for path in _matches(pattern) if Path(path).is_dir() == folders]
        if not selected:
            kind, hint = ("folder", "") if folders else ("file", "; a pattern of folders ends in /")
            raise _error(pattern, f"no {kind} matches this pattern", f"quote it, so that no shell expands it{hint}")
        found.update((path, _of_folder(path) if folders else Cluster(path, (path,))) for path in selected)
    return tuple(found[name] for name in sorted(found))


def _of_folder(path: str) -> Cluster:
    names = sorted(
        (name for name in _listed(Path(path)) if name.endswith(_SUFFIXES)),
        key=lambda name: (name != _FIRST, name),
    )
    if not names:
        raise _error(path, "this cluster's folder holds no YAML file", "put its override there, or select less")
    return Cluster(path, tuple(str(PurePath(path, name)) for name in names))


def _matches(pattern: str) -> Iterator[str]:
    path = PurePath(pattern)
    start = Path(path.anchor) if path.anchor else Path()
    parts = path.parts[1:] if path.anchor else path.parts
    yield from (str(found) for found in dict.fromkeys(_below(start, parts)))


def _below(folder: Path, parts: Sequence[str]) -> Iterator[Path]:
    """What the parts of a pattern select below `folder`; unlike `glob`, which is silent on what it may not list."""
    if not parts:
        yield folder
        return
    part, *rest = parts
    if part == _ANY_DEPTH:
        yield from _below(folder, rest)
        for name in _listed(folder):
            if not (folder / name).is_symlink():  # which may lead back up
                yield from _below(folder / name, parts)
    elif any(sign in part for sign in "*?["):
        for name in fnmatch.filter(_listed(folder, hidden=part.startswith(".")), part):
            yield from _below(folder / name, rest)
    elif os.path.lexists(folder / part):
        yield from _below(folder / part, rest)


def _listed(folder: Path, *, hidden: bool = False) -> list[str]:
    """The names in a folder, in order; there are none in what is no folder."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 (names, not paths)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "grant reading it: a cluster in there would go unproved"
        raise _error(str(folder), f"this folder cannot be listed: {reason}", hint) from error
    return [name for name in names if hidden or not name.startswith(".")]


def _error(place: str, message: str, hint: str) -> FleetError:
    return FleetError([Finding(READABLE, message, Place(place, 0, 0), hint=hint)])
