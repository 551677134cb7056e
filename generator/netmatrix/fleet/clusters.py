"""Which clusters a pattern selects: each file is one, or each folder with all of its files."""

from __future__ import annotations

import fnmatch
import os
import stat
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

    `*`, `?` and `[abc]` stand for parts of a name, `**` for folders at any depth; links are followed. What begins with
    a dot is left out, unless the pattern says the dot. A pattern that ends in `/` selects folders: the YAML files of
    each are one cluster's values, `values.yaml` first, then the others by name. Raises FleetError where a pattern
    selects nothing, a folder cannot be listed or searched, or one selected folder holds no YAML file.
    """
    found: dict[str, Cluster] = {}
    for pattern in patterns:
        folders = pattern.endswith("/")
        selected = [path for path in _matches(pattern) if _is_folder(Path(path)) == folders]
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
    """What the parts of a pattern select below `folder`; unlike `glob`, which is silent on what it may not read."""
    if not parts:
        if _status(folder, follow_symlinks=False):
            yield folder
        return
    part, *rest = parts
    if part == _ANY_DEPTH:
        for inner in _at_any_depth(folder):
            yield from _below(inner, rest)
    elif any(sign in part for sign in "*?["):
        for name in fnmatch.filter(_listed(folder, hidden=part.startswith(".")), part):
            yield from _below(folder / name, rest)
    else:
        yield from _below(folder / part, rest)


def _at_any_depth(folder: Path, above: frozenset[str] = frozenset()) -> Iterator[Path]:
    """`folder` and all that is in it at any depth; a link that leads back to one of the folders `above` ends there."""
    real = os.path.realpath(folder)
    if real in above:
        return
    yield folder
    for name in _listed(folder):
        yield from _at_any_depth(folder / name, above | {real})


def _listed(folder: Path, *, hidden: bool = False) -> list[str]:
    """The names in a folder, in order; there are none in what is no folder."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 (names, not paths)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _unreadable(folder, "this folder cannot be listed", error) from error
    return [name for name in names if hidden or not name.startswith(".")]


def _is_folder(path: Path) -> bool:
    status = _status(path, follow_symlinks=True)
    return status is not None and stat.S_ISDIR(status.st_mode)


def _status(path: Path, *, follow_symlinks: bool) -> os.stat_result | None:
    """None where there is nothing; unlike `Path.exists`, which takes what it may not look at for nothing."""
    try:
        return path.stat(follow_symlinks=follow_symlinks)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, "it cannot be told whether this is there", error) from error


def _unreadable(path: Path, what: str, error: OSError) -> FleetError:
    reason = (error.strerror or str(error)).lower()
    return _error(str(path), f"{what}: {reason}", "grant reading it: a cluster in there would go unproved")


def _error(place: str, message: str, hint: str) -> FleetError:
    return FleetError([Finding(READABLE, message, Place(place, 0, 0), hint=hint)])
