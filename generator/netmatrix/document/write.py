"""One file written whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(target: Path, content: bytes, mode: int = 0o644) -> None:
    """Put `content` into `target`, and its folder where it is missing; a reader sees what was there before, or all.

    What goes wrong on the way, an interrupt too, leaves no other file behind. Raises OSError that names `target`, or
    the folder that cannot be made.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, name = tempfile.mkstemp(prefix=".netmatrix-", dir=target.parent)
    except OSError as error:
        raise _named(error, target) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        os.replace(name, target)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _named(error, target) from error
        raise


def _named(error: OSError, target: Path) -> OSError:
    """The same error, about the file that was asked for and not its copy under another name."""
    return OSError(error.errno, error.strerror, str(target))
