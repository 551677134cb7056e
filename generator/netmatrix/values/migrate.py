"""An override of an earlier version, rewritten for this one: each removed key to its successor, all else as it is."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from netmatrix.document import Finding
from netmatrix.document.move import CannotMoveError, move_entry
from netmatrix.document.place import KeyPath, key_path_text
from netmatrix.document.reader import Document, DocumentError, parse_mapping
from netmatrix.matrix.model import Removed
from netmatrix.values.rules import REMOVED_KEY

_ANY = "*"


@dataclass(frozen=True, slots=True)
class Move:
    """A key of a file that this version does not have, and the one to write now; () where there is none."""

    old: KeyPath
    new: KeyPath
    removed: Removed

    def finding(self, document: Document) -> Finding:
        """The removed key, told at its place."""
        since = self.removed.since
        if not self.new:
            message = f"{key_path_text(self.old)} was removed in {since}, and nothing took its place"
            hint = f"take it out: {self.removed.reason}"
        else:
            message = f"{key_path_text(self.old)} was removed in {since}; its successor is {key_path_text(self.new)}"
            hint = "`netmatrix migrate --write` moves it there"
        return Finding(REMOVED_KEY, message, document.key_place(self.old), self.old, hint)


@dataclass(frozen=True, slots=True)
class Migrated:
    """A file's new text, what was moved in it, and what a person has to do."""

    text: str
    moved: tuple[Move, ...]
    by_hand: tuple[Finding, ...]


def moves(document: Document, removed: Sequence[Removed]) -> tuple[Move, ...]:
    """The removed keys that `document` has, in the order in which they are moved."""
    return tuple(
        Move(old, _filled(item, old), item) for item in removed for old in _present(document.data, item.key, ())
    )


def migrate(text: str, document: Document, removed: Sequence[Removed]) -> Migrated:
    """Move in `text`, of which `document` is the data, every removed key to its successor.

    A move that is not plainly right, since the successor is given too or the text cannot be cut and pasted, is not
    made, and told. What the new text says is compared with what it should say, key by key.
    """
    done: list[Move] = []
    by_hand: list[Finding] = []
    data: Any = copy.deepcopy(document.data)
    for move in moves(document, removed):
        told = move.finding(document)
        try:
            if not move.new:
                raise CannotMoveError(f"take it out: {move.removed.reason}")
            expected = _moved(data, move)
            changed = move_entry(text, _words(move.old), _words(move.new))
            data = _same(changed, expected, document.file)
            text = changed
            done.append(move)
        except CannotMoveError as error:
            hint = str(error) if not move.new else f"move it by hand: {error}"
            by_hand.append(Finding(told.rule, told.message, told.place, told.path, hint))
    return Migrated(text, tuple(done), tuple(by_hand))


def _present(data: Any, key: Sequence[str], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not key:
        yield above
    elif isinstance(data, dict):
        names = list(data) if key[0] == _ANY else [key[0]]
        for name in names:
            if name in data:
                yield from _present(data[name], key[1:], (*above, name))


def _filled(item: Removed, old: Sequence[str]) -> tuple[str, ...]:
    ids = iter([part for part, pattern in zip(old, item.key, strict=True) if pattern == _ANY])
    return tuple(next(ids) if part == _ANY else part for part in item.successor)


def _moved(data: Any, move: Move) -> Any:
    """The data with the entry moved. Raises CannotMoveError where something is in its way."""
    root = copy.deepcopy(data)
    holder = root
    for part in move.old[:-1]:
        holder = holder.get(part, {})
    if move.old[-1] not in holder:
        raise CannotMoveError("another move has taken it along")
    value = holder.pop(move.old[-1])
    target = root
    for part in move.new[:-1]:
        target = target.setdefault(part, {})
        if not isinstance(target, dict):
            raise CannotMoveError(f"{key_path_text(move.new[:-1])} is no map here")
    if move.new[-1] in target:
        raise CannotMoveError(f"{key_path_text(move.new)} is given too: keep one of the two")
    target[move.new[-1]] = value
    return root


def _same(text: str, expected: Any, file: str) -> Any:
    """The data of `text`. Raises CannotMoveError unless that is `expected`; a map without entries says nothing."""
    try:
        data = parse_mapping(text.encode(), file).data
    except DocumentError as error:
        raise CannotMoveError("the file could not be read any more") from error
    if _pruned(data) != _pruned(expected):
        raise CannotMoveError("another value would change with it")
    return data


def _pruned(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    pruned = {key: _pruned(value) for key, value in data.items()}
    return {key: value for key, value in pruned.items() if value != {}}


def _words(path: KeyPath) -> list[str]:
    return [str(part) for part in path]
