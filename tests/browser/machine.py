"""The programs that the tests in the browser need, and how to come by them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support import debian

PACKAGES: Mapping[str, str] = {"chromium": "chromium", "poppler-utils": "pdftotext"}
"""Debian's packages, each with a program of it."""

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class MissingError(Exception):
    """Something is missing that cannot be installed here; the message says what, and what to do."""


def chromium() -> Path:
    """The Chromium that $CHROMIUM names, else one on the PATH. Raises MissingError."""
    given = os.environ.get("CHROMIUM")
    found = shutil.which(given) if given else next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if found is None:
        which = f"$CHROMIUM names {given}, which is no program" if given else "there is no chromium on the PATH"
        raise MissingError(f"{which}; install Chromium, or name one: CHROMIUM=/path/to/it make browser")
    return Path(found)


def provide() -> Path:
    """Chromium, and a reader of PDF beside it; as root on Debian, what is missing is installed. Raises MissingError."""
    has_browser = os.environ.get("CHROMIUM") or any(map(shutil.which, _CHROMIUM))
    wanted = {name: program for name, program in PACKAGES.items() if not (has_browser and name == "chromium")}
    absent = debian.absent(wanted)
    if absent and (os.geteuid() != 0 or shutil.which("apt-get") is None):
        names = " and ".join(absent)
        raise MissingError(
            f"the tests need {names}; install what your distribution calls so (apt-get install {' '.join(absent)})"
        )
    try:
        debian.install(wanted)
    except debian.PackagesError as error:
        raise MissingError(str(error)) from error
    return chromium()


def main() -> int:
    """Status 2, and what to install, where the tests cannot run."""
    try:
        found = provide()
    except MissingError as error:
        print(f"browser: {error}", file=sys.stderr)
        return 2
    print(f"browser: {found}", file=sys.stderr)
    return 0
