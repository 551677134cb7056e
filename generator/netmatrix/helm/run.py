"""One run of helm as a process: its status and what it printed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from netmatrix.document import Finding, Place
from netmatrix.document.program import Output, ProgramError, run_program
from netmatrix.helm.rules import CRASHED, HelmError

TIMEOUT = 120.0
"""Seconds. Rendering takes a fraction of one; a look-up in a cluster that does not answer must end some time."""

_GO_CRASH = re.compile(r"^(?:panic|fatal error): .*^goroutine \d+ \[", re.MULTILINE | re.DOTALL)
"""What the Go runtime prints when a program crashes. The first words alone may come from a value that helm quotes."""


def run(
    executable: Path,
    arguments: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout: float = TIMEOUT,
    environ: Mapping[str, str] | None = None,
) -> Output:
    """Run helm to its end with `stdin` as its standard input. A non-zero status is no error here.

    `environ` is its environment, this process's own by default.

    Raises HelmError where it cannot be started, is killed by a signal, crashes, or takes too long.
    """
    try:
        output = run_program(executable, arguments, stdin=stdin, timeout=timeout, environ=environ)
    except ProgramError as error:
        raise crashed(executable, error.what, error.stderr) from error
    if output.status != 0 and _GO_CRASH.search(output.stderr):
        raise crashed(executable, "crashed", output.stderr)
    return output


def crashed(executable: Path, what: str, stderr: str = "") -> HelmError:
    """The error of a helm that did not do what it is there for; the first line that it said is part of the message."""
    said = stderr.strip().splitlines()
    message = f"helm {what}" + (f": {said[0]}" if said else "")
    hint = f"try `{executable} version`; set $HELM to another helm, or remove it and run `make setup`"
    return HelmError([Finding(CRASHED, message, program_place(executable), hint=hint)])


def program_place(program: Path | str) -> Place:
    """A program as the place of a finding: line 0, because it is not a position in a file."""
    return Place(str(program), 0, 0)
