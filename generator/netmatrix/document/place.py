"""Where a value stands: the file, line and column that a finding points at."""

from __future__ import annotations

import re
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]
"""The way to a value from the root of a document: map keys (str) and list indices (int)."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_/-]+", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file as its user named it, or in a command-line argument such as `--set a=b`.

    `line` and `column` count from 1, columns in characters.
    """

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def key_path_text(path: KeyPath) -> str:
    """Write `path` the way an operator would: `pods.ui.selector[0]`, keys with other characters as `["a.b"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _BARE_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            escaped = part.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            text += f'["{escaped}"]'
    return text
