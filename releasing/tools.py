"""The Python programs that a release is made with: locked, and in an environment of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from releasing.errors import ReleaseError
from tests.support.tools import MissingToolError, python_program

LOCK = "requirements-release.lock"


@dataclass(frozen=True, slots=True)
class Tools:
    """The environment of the tools, by its Python."""

    python: Path

    def run(self, *arguments: str, cwd: Path, settings: Mapping[str, str] | None = None) -> str:
        """What `python ARGUMENTS` prints. Raises ReleaseError with what it says where it fails."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
        done = subprocess.run(
            [str(self.python), *arguments],
            cwd=cwd,
            env={**kept, "PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", **(settings or {})},
            capture_output=True,
            text=True,
            check=False,
            umask=0o022,  # the modes of files that it makes go into the packages
        )
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip())[-2000:]
            raise ReleaseError(f"python {' '.join(arguments[:2])} failed: {said}", "mend what it says")
        return done.stdout


def release_tools(root: Path) -> Tools:
    """The tools, installed on first use and whenever their lock changes. Raises ReleaseError where they cannot be."""
    try:
        return Tools(python_program(root / LOCK, "release-python", "python"))
    except MissingToolError as error:
        raise ReleaseError(str(error), "see that a package index can be reached") from error
