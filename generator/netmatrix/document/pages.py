"""Pages of the documentation that are made by a module of ours, written or compared."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from netmatrix.document.write import write_whole


def provide(pages: Mapping[Path, str], arguments: Sequence[str]) -> int:
    """Write the pages that are not as they should be, or with `--check` print the difference and return 1."""
    check = list(arguments) == ["--check"]
    stale = {path: text for path, text in pages.items() if _read(path) != text}
    for path, text in stale.items():
        if not check:
            write_whole(path, text.encode())
            print(f"wrote {path}")
            continue
        lines = difflib.unified_diff(_read(path).splitlines(), text.splitlines(), str(path), "generated", lineterm="")
        print("\n".join(lines))
        print(f"{path} is not what the code gives; run `make generate` and commit it", file=sys.stderr)
    return int(bool(check and stale))


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
