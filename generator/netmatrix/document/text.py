"""From the bytes of a file to its text: size, encoding and the characters that a YAML file may hold."""

from __future__ import annotations

import re

from netmatrix.document import rules
from netmatrix.document.finding import Finding, Rule
from netmatrix.document.place import Place

MAX_BYTES = 1024 * 1024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f]")
_NOT_YAML = re.compile("[\ufffe\uffff]")
# YAML 1.1 readers (Helm is one) end a line, and so a comment, at these; editors and YAML 1.2 readers do not.
_ODD = re.compile("\r(?!\n)|[\x85\u2028\u2029\ufeff]")
_DIRECTIVE = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*(?=%)")
_SEPARATOR = re.compile(r"---[ \t]*\r?|---[ \t]+#.*")
_NAMES = {"\r": "carriage return without line feed", "\ufeff": "byte-order mark"}


def decode(content: bytes, file: str) -> str | Finding:
    """The text of `content`, or the one reason why it is none."""
    if len(content) > MAX_BYTES:
        return Finding(
            rules.SIZE,
            "the file is larger than 1 MiB",
            Place(file),
            hint="give a YAML file of the size that a person writes; is this the file you mean?",
        )
    if not content.strip():
        hint = "write at least a comment, or give another file; a file with comments alone is an empty mapping"
        return Finding(rules.NOT_EMPTY, "the file is empty", Place(file), hint=hint)
    if content.startswith(_UTF_16_MARKS):
        return Finding(rules.TEXT, "the file is not UTF-8 but UTF-16", Place(file), hint="save it as UTF-8 without BOM")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _undecodable(content, error, file)
    return _bad_start(content, file) or _bad_character(text, file) or text


def misleading_lines(text: str, file: str) -> list[Finding]:
    """Directives, and separator lines with more than `---` on them: Helm 4 splits a file at these lines by itself."""
    found: list[Finding] = []
    directive = _DIRECTIVE.match(text)
    if directive:
        message = "the file starts with a YAML directive, and Helm cannot read it"
        place = place_at(text, directive.end(), file)
        found.append(Finding(rules.NO_DIRECTIVE, message, place, hint="remove the line that starts with %"))
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("---") and not _SEPARATOR.fullmatch(line):
            message = "a line that starts with --- holds more than that, and Helm 4 cannot read it"
            hint = 'put what follows --- on the next line; quote a key or text that starts with "---"'
            found.append(Finding(rules.SEPARATOR, message, Place(file, number), hint=hint))
    return found


def place_at(text: str, index: int, file: str) -> Place:
    """The place of the character `index` of `text`."""
    return Place(file, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def _undecodable(content: bytes, error: UnicodeDecodeError, file: str) -> Finding:
    line_start = content.rfind(b"\n", 0, error.start) + 1
    line = content.count(b"\n", 0, error.start) + 1
    column = len(content[line_start : error.start].decode("utf-8")) + 1
    return Finding(
        rules.TEXT,
        f"the file is not UTF-8: byte {error.start + 1} (0x{content[error.start]:02X}), on line {line}",
        Place(file, line, column),
        hint="save the file as UTF-8; is this the file you mean?",
    )


def _bad_start(content: bytes, file: str) -> Finding | None:
    if not content.startswith(_BYTE_ORDER_MARK):
        return None
    message = "the file starts with a byte-order mark (BOM)"
    return Finding(rules.NO_BYTE_ORDER_MARK, message, Place(file), hint="save it as UTF-8 without BOM")


def _bad_character(text: str, file: str) -> Finding | None:
    """The first character that may not stand in the file: what follows it cannot be trusted to mean what it shows."""
    kinds: list[tuple[re.Pattern[str], Rule, str, str]] = [
        (
            _CONTROL,
            rules.TEXT,
            "the file is not text: it holds the control character",
            "remove it; in double quotes, write an escape such as \\x07",
        ),
        (_NOT_YAML, rules.SYNTAX, "YAML does not allow the character", "remove it"),
        (
            _ODD,
            rules.PLAIN_CHARACTERS,
            "YAML readers differ on the character",
            "remove it, and end lines with a line feed alone",
        ),
    ]
    for pattern, rule, message, hint in kinds:
        found = pattern.search(text)
        if found:
            name = f" ({_NAMES[found[0]]})" if found[0] in _NAMES else ""
            place = place_at(text, found.start(), file)
            return Finding(rule, f"{message} U+{ord(found[0]):04X}{name}", place, hint=hint)
    return None
