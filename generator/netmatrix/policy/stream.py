"""Files, folders and bytes as documents: YAML with any number of documents, or JSON, one value or several."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from netmatrix.document import Finding, Place
from netmatrix.document import rules as document_rules
from netmatrix.policy import rules
from netmatrix.policy.source import Source

MAX_BYTES = 512 * 1024 * 1024
STANDARD_INPUT = "-"
SUFFIXES = (".yaml", ".yml", ".json")

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LIKE_JSON = re.compile(r"[ \t\r\n]*[{\[]")
_SEPARATOR = re.compile(r"^---([^\n]*)(?:\n|\Z)", re.MULTILINE)
_NOTHING_MORE = re.compile("[ \\t]*(?:#[^\\r\\x85\\u2028\\u2029]*)?\\r?")
"""A comment ends at whatever YAML takes for the end of a line: what follows it is no comment to Helm."""

_SMALL = 1024 * 1024


def read_bytes(
    paths: Sequence[str], findings: list[Finding], *, stdin: BinaryIO | None = None
) -> list[tuple[str, bytes]]:
    """Name and content of each file; of a folder, of all manifests in it, in the order of their names."""
    contents: list[tuple[str, bytes]] = []
    for path in paths:
        try:
            contents.extend((file, _content(file, stdin)) for file in _files(path, findings))
        except (OSError, ValueError) as error:
            # ValueError: a name with a NUL in it, or a standard input that is closed.
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            message = f"it cannot be read: {reason}"
            place = Place(str(getattr(error, "filename", None) or path))
            findings.append(Finding(document_rules.READABLE, message, place, hint="name a file, a folder, or -"))
    return contents


def documents(content: bytes, file: str, findings: list[Finding]) -> Iterator[tuple[Source, Any]]:
    """The documents in `content` that can be read; what is wrong with the others goes to `findings`.

    Only the reader that is needed is imported: JSON pays nothing for PyYAML, which takes longer to start than to read
    a small file.
    """
    text = _decode(content, file)
    if isinstance(text, Finding):
        findings.append(text)
        return
    if _LIKE_JSON.match(text):
        from netmatrix.policy.json_source import read_json

        read, found = read_json(text, file)
        if not found or len(text) > _SMALL or file.endswith(".json"):
            findings += found
            yield from read
            return
    from netmatrix.policy.yaml_source import read_yaml

    for first_line, chunk in _split(text, file, findings):
        yield from read_yaml(chunk, file, first_line, findings)


def _files(path: str, findings: list[Finding]) -> Iterator[str]:
    if path == STANDARD_INPUT or not Path(path).is_dir():
        yield path
        return
    found = sorted(
        file for file in _all_files(path) if file.suffix in SUFFIXES and (file.is_file() or _is_broken(file))
    )
    if not found:
        message = f"there is no file in the folder that ends in {', '.join(SUFFIXES)}"
        findings.append(Finding(rules.NO_MANIFESTS, message, Place(path), hint="name the folder of the manifests"))
    yield from map(str, found)


def _all_files(folder: str) -> Iterator[Path]:
    """Whatever is in a folder and the folders in it. Raises OSError for one that cannot be looked into."""

    def refuse(error: OSError) -> NoReturn:
        raise error

    for inside, _, names in os.walk(folder, onerror=refuse):
        yield from (Path(inside, name) for name in names)


def _is_broken(file: Path) -> bool:
    """Whether it is a link to something that is gone, which reading it will tell."""
    return file.is_symlink() and not file.exists()


def _content(file: str, stdin: BinaryIO | None) -> bytes:
    if file != STANDARD_INPUT:
        with Path(file).open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    stream_in: BinaryIO | None = stdin or getattr(sys.stdin, "buffer", None)
    if stream_in is None:
        raise ValueError("standard input is closed")
    return stream_in.read(MAX_BYTES + 1)


def _decode(content: bytes, file: str) -> str | Finding:
    """The text of `content`, or the one reason why it is none."""
    if len(content) > MAX_BYTES:
        return Finding(rules.FILE_SIZE, "the file is larger than 512 MiB", Place(file), hint="split it")
    if content.startswith(_UTF_16_MARKS):
        hint = "save it as UTF-8 without BOM"
        return Finding(document_rules.TEXT, "the file is not UTF-8 but UTF-16", Place(file), hint=hint)
    if content.startswith(_BYTE_ORDER_MARK):
        hint = "save it as UTF-8 without BOM"
        message = "the file starts with a byte-order mark (BOM)"
        return Finding(document_rules.NO_BYTE_ORDER_MARK, message, Place(file), hint=hint)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        start = content.rfind(b"\n", 0, error.start) + 1
        place = Place(file, line, len(content[start : error.start].decode("utf-8")) + 1)
        message = f"the file is not UTF-8: byte {error.start + 1} is 0x{content[error.start]:02X}"
        return Finding(document_rules.TEXT, message, place, hint="save the file as UTF-8; is this the file you mean?")


def _split(text: str, file: str, findings: list[Finding]) -> Iterator[tuple[int, str]]:
    """The text between `---` lines, each with the number of its first line, as kubectl splits a file.

    Helm splits at whatever starts a line with `---`, and YAML takes `---a: b` for a key: what hangs on such a line, and
    all that follows it, one of them would read otherwise.
    """
    start, line = 0, 1
    for separator in _SEPARATOR.finditer(text):
        yield line, text[start : separator.start()]
        line += text.count("\n", start, separator.end())
        start = separator.end()
        if not _NOTHING_MORE.fullmatch(separator[1]):
            message = "a line that starts with --- holds more than that, and not every reader reads it"
            place = Place(file, line - text.count("\n", separator.start(), separator.end()))
            hint = "put what follows --- on the next line"
            findings.append(Finding(document_rules.SEPARATOR, message, place, hint=hint))
    yield line, text[start:]
