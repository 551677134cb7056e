"""What a YAML parser's complaint means to the person who wrote the file."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from netmatrix.document import rules
from netmatrix.document.finding import Finding
from netmatrix.document.place import Place


@dataclass(frozen=True, slots=True)
class _Advice:
    """What to say where the parser's text holds one of `signs`; `at_start`: point at where the broken thing begins."""

    signs: tuple[str, ...]
    message: str
    hint: str
    at_start: bool = False


_ADVICE = (
    _Advice(
        ("mapping values are not allowed",),
        "a ':' stands where no key can stand",
        'quote a value that contains ": "; or line the key up with the keys it belongs to',
    ),
    _Advice(
        ("could not find expected ':'",),
        "this line is not of the form 'key: value'",
        "write a colon and a space after the key, or indent the line if it continues the value above",
        at_start=True,
    ),
    _Advice(
        ("found unexpected end of stream", "found unexpected document indicator"),
        "the quoted text that starts here does not end",
        "close the quote",
        at_start=True,
    ),
    _Advice(
        ("',' or ']'", "',' or '}'"),
        "a ',' or a closing bracket is missing in the collection that starts on line {start}",
        "separate its items with commas, and close the bracket",
    ),
    _Advice(
        ("did not find expected key", "expected <block end>", "'-' indicator"),
        "this does not fit into the block that starts on line {start}",
        "indent the line like the others of that block; put nothing behind a closing quote or bracket",
    ),
    _Advice(
        ("sequence entries are not allowed", "mapping keys are not allowed"),
        "a list item or '?' stands where none can stand",
        'put the "- " on a line of its own, below its key; quote a text that starts with "- " or "? "',
    ),
    _Advice(
        ("unexpected ':'",),
        "a ':' ends a key without a space behind it",
        "write a space after the colon, or quote the text that it is part of",
    ),
    _Advice(
        ("node content",),
        "a value is missing, or starts with a character that YAML uses itself",
        "give the value; quote it if it starts with one of , [ ] { } :",
    ),
    _Advice(
        ("alphabetic or numeric character",),
        "a name is missing after '&' or '*', or has an unusual character in it",
        "quote a value that starts with & or *; names of anchors are letters, digits, - and _",
        at_start=True,
    ),
    _Advice(
        ("escape character", "escape code", "hexdecimal", "hexadecimal"),
        "double-quoted text holds an escape that YAML does not know",
        "write \\\\ for a backslash, or use single quotes, where nothing is an escape",
    ),
    _Advice(("tag",), "a value starts with '!', which YAML takes for a tag", "quote the value", at_start=True),
    _Advice(
        ("document start", "multiple documents"),
        "something stands after the end of the document",
        "remove what stands after the last value, such as a closing bracket too many",
    ),
    _Advice(("directive", "incompatible"), "a line starts with '%'", "remove the line, or quote the value"),
)


def syntax_finding(error: Exception, text: str, file: str) -> Finding:
    """The finding for the parser's `error` on `text`."""
    problem = getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    start = getattr(error, "context_mark", None) or mark
    if mark is None or start is None:
        hint = "check the file's last lines and its quotes"
        return Finding(rules.SYNTAX, f"the file is not valid YAML: {problem}", Place(file), hint=hint)
    line = _line(text, mark)
    if "\t" in line[: len(line) - len(line.lstrip())]:
        place = Place(file, mark.line + 1, line.index("\t") + 1)
        hint = "replace the tab by spaces: YAML does not indent with tabs"
        return Finding(rules.SYNTAX, "a tab stands in the indentation", place, hint=hint)
    if "cannot start any token" in problem:
        return _bad_start_of_value(line, mark, file)
    return _advised(problem, mark, start, not _rest(text, mark).strip(), file)


def _advised(problem: str, mark: yaml.Mark, start: yaml.Mark, at_end: bool, file: str) -> Finding:
    for advice in _ADVICE:
        if any(sign in problem for sign in advice.signs):
            # A bracket that is never closed is noticed at the end of the file, but mended where it opens.
            place = _place(file, start if advice.at_start or at_end else mark)
            return Finding(rules.SYNTAX, advice.message.format(start=start.line + 1), place, hint=advice.hint)
    hint = "check this line and the one above it"
    return Finding(rules.SYNTAX, f"this is not valid YAML: {problem}", _place(file, mark), hint=hint)


def _bad_start_of_value(line: str, mark: yaml.Mark, file: str) -> Finding:
    character = line[mark.column : mark.column + 1]
    if character == "\t":
        message, hint = "a tab stands where YAML wants spaces", "replace the tab by spaces"
    else:
        message, hint = f"a key or value cannot start with '{character}'", "quote it"
    return Finding(rules.SYNTAX, message, _place(file, mark), hint=hint)


def _place(file: str, mark: yaml.Mark) -> Place:
    return Place(file, mark.line + 1, mark.column + 1)


def _line(text: str, mark: yaml.Mark) -> str:
    lines = text.split("\n", mark.line + 1)
    return lines[mark.line] if mark.line < len(lines) else ""


def _rest(text: str, mark: yaml.Mark) -> str:
    return text[mark.index :]
