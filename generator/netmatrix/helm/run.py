"""One run of helm as a process: its status and what it printed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netmatrix.document import Finding, Place
from netmatrix.document.interrupts import interrupts_held_back
from netmatrix.helm.rules import CRASHED, HelmError

TIMEOUT = 120.0
"""Seconds. Rendering takes a fraction of one; a look-up in a cluster that does not answer must end some time."""

_GO_CRASH = re.compile(r"^(?:panic|fatal error): .*^goroutine \d+ \[", re.MULTILINE | re.DOTALL)
"""What the Go runtime prints when a program crashes. The first words alone may come from a value that helm quotes."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a finished helm left: its exit status, standard output as bytes, standard error as text."""

    status: int
    stdout: bytes
    stderr: str


def run(executable: Path, arguments: Sequence[str], *, stdin: bytes = b"", timeout: float = TIMEOUT) -> Output:
    """Run helm to its end with `stdin` as its standard input. A non-zero status is no error here.

    Raises HelmError where it cannot be started, is killed by a signal, crashes, or takes too long.
    """
    process: subprocess.Popen[bytes] | None = None
    try:
        with interrupts_held_back():  # until somebody is there to end helm
            process = _started(executable, arguments)
        stdout, raw = process.communicate(stdin, timeout=timeout)
    except BaseException as error:  # Ctrl-C too: it goes to our own process group, and helm is not in it
        if process is not None:
            _end(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise crashed(executable, f"did not end within {timeout:g} seconds") from error
        raise
    stderr = raw.decode("utf-8", errors="replace")
    if process.returncode < 0:
        raise crashed(executable, f"was ended by signal {-process.returncode}", stderr)
    if process.returncode != 0 and _GO_CRASH.search(stderr):
        raise crashed(executable, "crashed", stderr)
    return Output(process.returncode, stdout, stderr)


def crashed(executable: Path, what: str, stderr: str = "") -> HelmError:
    """The error of a helm that did not do what it is there for; the first line that it said is part of the message."""
    said = stderr.strip().splitlines()
    message = f"helm {what}" + (f": {said[0]}" if said else "")
    hint = f"try `{executable} version`; set $HELM to another helm, or remove it and run `make setup`"
    return HelmError([Finding(CRASHED, message, program_place(executable), hint=hint)])


def program_place(program: Path | str) -> Place:
    """A program as the place of a finding: line 0, because it is not a position in a file."""
    return Place(str(program), 0, 0)


def _started(executable: Path, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Helm, started in a process group of its own: $HELM may be a script, and what it started must end with it."""
    try:
        return subprocess.Popen(
            [str(executable), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise crashed(executable, f"cannot be run: {reason.lower()}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group at once; a helm that renders holds nothing that needs putting away."""
    with process:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
