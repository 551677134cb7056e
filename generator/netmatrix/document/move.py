"""Entries of a YAML file renamed and moved in its text, so that comments, order, quotes and line ends stay.

Only what can be done by cutting and pasting is done. Whether the result means what it should is for the caller to see:
it reads the new text again, and compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import yaml

Path = Sequence[str]
_INDENT = 2


class CannotMoveError(Exception):
    """The entry cannot be moved by cutting and pasting; the text says why."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """What was taken out: the lines of comments above it, the key as written, and its value.

    `value` has the text behind the colon, and below it further lines, as deep as they stood in a mapping at `indent`.
    `line` and `column` are where it stood, or the map that was cut with it; -1 within braces. `ending` is how its line
    ended.
    """

    comments: tuple[str, ...]
    quote: str
    value: tuple[str, ...]
    indent: int
    line: int = -1
    column: int = 0
    ending: str = ""


def move_entry(text: str, old: Path, new: Path) -> str:
    """`text` with the entry at the key path `old` at `new` instead; the maps on the way there are made, and left, as
    needed. Raises CannotMoveError.
    """
    lines = text.split("\n")  # with a carriage return at their ends where they have one: each line keeps its own
    shared = _shared(old[:-1], new[:-1])
    if shared == len(old) - 1 == len(new) - 1:
        _rename(lines, old, new[-1])
    elif (reached := _reached(lines, new)) == shared == len(old) - 1 and _mapping(lines, old[:-1]).flow_style:
        _nest(lines, old, new[reached:])
    else:
        cut = _cut(lines, old, shared)
        if reached == shared and cut.line >= 0:  # nothing on its way is there yet: it stays where it was in the file
            _write_lines(lines, cut.line, cut.column, new[reached:], cut)
        else:
            _paste(lines, new, reached, cut)
    return "\n".join(lines)


def _rename(lines: list[str], old: Path, name: str) -> None:
    key, _ = _entry(_mapping(lines, old[:-1]), old[-1])
    line = lines[key.start_mark.line]
    before, written, after = (
        line[: key.start_mark.column],
        line[key.start_mark.column : key.end_mark.column],
        line[key.end_mark.column :],
    )
    quote = _quote(written)
    lines[key.start_mark.line] = f"{before}{quote}{name}{quote}{after}"


def _nest(lines: list[str], old: Path, path: Path) -> None:
    """An entry between braces whose value moves into maps of its own: they are written around it."""
    key, value = _entry(_mapping(lines, old[:-1]), old[-1])
    if not _starts(key) < _starts(value) < _starts(value, end=True):
        raise CannotMoveError("a merge key or an alias brings it in")
    end = lines[value.end_mark.line]
    lines[value.end_mark.line] = end[: value.end_mark.column] + "}" * (len(path) - 1) + end[value.end_mark.column :]
    line = lines[key.start_mark.line]
    quote = _quote(line[key.start_mark.column : key.end_mark.column])
    opening = "".join(f"{_quoted(part, quote)}: {{" for part in path[:-1]) + _quoted(path[-1], quote)
    lines[key.start_mark.line] = line[: key.start_mark.column] + opening + line[key.end_mark.column :]


def _cut(lines: list[str], path: Path, keep: int) -> _Cut:
    """Cut an entry, and with it the maps above that hold nothing else: empty ones would take defaults away.

    The first `keep` of them stay. Comments on the way are kept with the entry.
    """
    parent = _mapping(lines, path[:-1])
    key, value = _entry(parent, path[-1])
    if parent.flow_style:
        return _cut_from_flow(lines, parent, key, value)
    depth = len(path) - 1
    while depth > keep and len(_mapping(lines, path[:depth]).value) == 1:
        depth -= 1
    top, _ = _entry(_mapping(lines, path[:depth]), path[depth])
    between = lines[top.end_mark.line : key.start_mark.line]
    cut = _cut_lines(lines, top, key, value)
    comments = [line.strip() for line in between if line.strip().startswith("#")]
    return replace(cut, comments=(*cut.comments, *comments))


def _cut_lines(lines: list[str], top: yaml.Node, key: yaml.ScalarNode, value: yaml.Node) -> _Cut:
    """Cut the lines from those of `top`'s comments to the last of `value`, which belongs to `key` in it."""
    first, last = top.start_mark.line, _last_line(value)
    column = top.start_mark.column
    if lines[first][:column].strip():
        raise CannotMoveError("something else stands before it on its line")
    begin = first
    while begin > 0 and lines[begin - 1].strip().startswith("#") and _indent(lines[begin - 1]) == column:
        begin -= 1
    comments = tuple(line.strip() for line in lines[begin:first])
    head = lines[key.start_mark.line]
    behind = head[key.end_mark.column :].lstrip()
    if not behind.startswith(":"):
        raise CannotMoveError("its key and its value stand apart")
    below = tuple(lines[key.start_mark.line + 1 : last + 1])
    quote = _quote(head[key.start_mark.column : key.end_mark.column])
    del lines[begin : last + 1]
    value_text = (behind[1:].strip(), *below)
    return _Cut(comments, quote, value_text, key.start_mark.column, begin, column, _ending(head))


def _cut_from_flow(lines: list[str], parent: yaml.MappingNode, key: yaml.ScalarNode, value: yaml.Node) -> _Cut:
    """Cut an entry between braces, and the comma that went with it."""
    if key.start_mark.line != value.end_mark.line:
        raise CannotMoveError("it stands between braces, over several lines")
    line, number = lines[key.start_mark.line], key.start_mark.line
    before, after = line[: key.start_mark.column], line[value.end_mark.column :]
    text = line[value.start_mark.column : value.end_mark.column]
    quote = _quote(line[key.start_mark.column : key.end_mark.column])
    if after.lstrip(" ").startswith(","):
        lines[number] = before + after.lstrip(" ")[1:].lstrip(" ")
    elif before.rstrip().endswith(","):
        lines[number] = before.rstrip()[:-1].rstrip() + after
    elif before.rstrip().endswith("{") or len(parent.value) == 1:
        lines[number] = before.rstrip() + after.lstrip(" ")
    else:
        raise CannotMoveError("it stands between braces, over several lines")
    if not lines[number].strip():
        del lines[number]
    return _Cut((), quote, (text,), 0, ending=_ending(line))


def _shared(one: Path, other: Path) -> int:
    """How many keys two paths have in common at their beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _reached(lines: list[str], path: Path) -> int:
    """How many of the maps on the way to `path` there are."""
    node, found = _root(lines), 0
    for part in path[:-1]:
        below = _find(node, part) if isinstance(node, yaml.MappingNode) else None
        if below is None:
            break
        if not isinstance(below, yaml.MappingNode):
            raise CannotMoveError(f"{'.'.join(path[: found + 1])} holds something else than a map")
        node, found = below, found + 1
    return found


def _paste(lines: list[str], path: Path, reached: int, cut: _Cut) -> None:
    """Add the entry at the end of the map that the first `reached` keys of `path` lead to."""
    node = _mapping(lines, path[:reached])
    if node.flow_style:
        _paste_into_flow(lines, node, path[reached:], cut)
    else:
        _write_lines(lines, _last_line(node) + 1, node.value[0][0].start_mark.column, path[reached:], cut)


def _paste_into_flow(lines: list[str], node: yaml.MappingNode, path: Path, cut: _Cut) -> None:
    if len(cut.value) > 1 or cut.comments:
        raise CannotMoveError("its lines do not fit between the braces of the map that it goes to")
    value = cut.value[0]
    text = f"{_quoted(path[-1], cut.quote)}: {value}"
    for part in reversed(path[:-1]):
        text = f"{_quoted(part, cut.quote)}: {{{text}}}"
    if node.value:  # behind the last entry, which may stand on a line of its own
        last = node.value[-1][1]
        if not _starts(node) < _starts(last) < _starts(node, end=True):
            raise CannotMoveError("an alias stands where it would go")
        number, column, text = last.end_mark.line, last.end_mark.column, f", {text}"
    else:
        number, column = node.end_mark.line, node.end_mark.column - 1
    lines[number] = lines[number][:column] + text + lines[number][column:]


def _starts(node: yaml.Node, *, end: bool = False) -> tuple[int, int]:
    mark = node.end_mark if end else node.start_mark
    return mark.line, mark.column


def _write_lines(lines: list[str], at: int, column: int, path: Path, cut: _Cut) -> None:
    """Write the entry, and the maps that `path` needs, as lines from line `at` on."""
    new = [f"{' ' * (column + depth * _INDENT)}{_quoted(part, cut.quote)}:" for depth, part in enumerate(path[:-1])]
    indent = column + (len(path) - 1) * _INDENT
    new += [" " * indent + comment for comment in cut.comments]
    new.append(f"{' ' * indent}{_quoted(path[-1], cut.quote)}: {cut.value[0]}".rstrip())
    below = [_indented(line, indent - cut.indent) for line in cut.value[1:]]
    lines[at:at] = [*(line + cut.ending for line in new), *below]


def _root(lines: list[str]) -> yaml.Node | None:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node: yaml.Node | None = yaml.compose("\n".join(lines), Loader=loader)
    except yaml.YAMLError as error:
        raise CannotMoveError("something else in the file refers to it") from error
    return node


def _mapping(lines: list[str], path: Path) -> yaml.MappingNode:
    node = _root(lines)
    for part in path:
        node = _find(node, part) if isinstance(node, yaml.MappingNode) else None
    if not isinstance(node, yaml.MappingNode):
        raise CannotMoveError("a merge key or an alias brings it in")
    return node


def _entry(node: yaml.MappingNode, name: str) -> tuple[yaml.ScalarNode, yaml.Node]:
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value == name:
            if value.start_mark.line < key.start_mark.line:
                break  # an alias: its text stands where its anchor is
            return key, value
    raise CannotMoveError("a merge key or an alias brings it in")


def _find(node: yaml.MappingNode, name: str) -> yaml.Node | None:
    return next((value for key, value in node.value if isinstance(key, yaml.ScalarNode) and key.value == name), None)


def _last_line(node: yaml.Node) -> int:
    """The last line of a value; what only follows it, empty lines and comments, does not belong to it."""
    if isinstance(node, (yaml.MappingNode, yaml.SequenceNode)) and not node.flow_style and node.value:
        last = node.value[-1]
        return max(_last_line(last[1]), last[0].end_mark.line) if isinstance(last, tuple) else _last_line(last)
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") and node.end_mark.column == 0:
        return int(node.end_mark.line) - 1
    return int(node.end_mark.line)


def _quote(written: str) -> str:
    return written[0] if written[:1] in ("'", '"') else ""


def _quoted(name: str, quote: str) -> str:
    return f"{quote}{name}{quote}"


def _ending(line: str) -> str:
    return "\r" if line.endswith("\r") else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _indented(line: str, by: int) -> str:
    if not line.strip():
        return line
    return " " * by + line if by >= 0 else line[min(-by, _indent(line)) :]
