"""What the formats share: what a finding says, where it stands, and text that cannot forge lines or colours."""

from __future__ import annotations

from pathlib import Path

from netmatrix.document import Finding, Place, key_path_text

_STANDARD_INPUT = "-"


def has_position(place: Place) -> bool:
    """Whether `place` is a line and column, rather than a program (line 0) or an argument such as `--set a=b`."""
    return place.line > 0 and not place.file.startswith(("--set", "-- "))


def is_file(place: Place) -> bool:
    """Whether `place` stands in a file that a viewer can open; standard input has positions, but is none."""
    return has_position(place) and bool(place.file) and place.file != _STANDARD_INPUT


def place_text(place: Place) -> str:
    """`file:line:col`; only the file's or argument's own text where there is no position."""
    return str(place) if has_position(place) else place.file


def relative(file: str) -> Path:
    """A file's path from the working directory where it lies inside, which is how annotations find it."""
    path = Path(file)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        return path.relative_to(Path.cwd())
    return path


def said(finding: Finding) -> str:
    """The message, after the key path where the message does not name it."""
    path = key_path_text(finding.path)
    return f"{path}: {finding.message}" if path and path not in finding.message else finding.message


def printable(text: str) -> str:
    """Text in which control characters are spelled out, so that a hostile value forges neither a line nor a colour."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
