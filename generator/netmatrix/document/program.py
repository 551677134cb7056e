"""Programs: where they are, and a run to their end, with nothing of them left behind, however the run ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from netmatrix.document.interrupts import interrupts_held_back


@dataclass(frozen=True, slots=True)
class Output:
    """What a finished program left: its exit status, standard output as bytes, standard error as text."""

    status: int
    stdout: bytes
    stderr: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program by the place where it was looked for, before it was asked for anything. `executable` is absolute."""

    executable: Path
    origin: str
    chosen: bool
    """By a variable of the environment: the user's own word, so that no other program is an answer to its faults."""


class ProgramError(Exception):
    """A program cannot be started, was killed by a signal, or took too long. `what` it did, `stderr` what it said."""

    def __init__(self, what: str, stderr: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.stderr = stderr


def find_program(name: str, environ: Mapping[str, str]) -> Candidate | None:
    """The program that the environment names: `kubectl` in $KUBECTL, then on PATH.

    Raises ProgramError where the variable leads nowhere; `what` says so.
    """
    path, variable = environ.get("PATH", ""), name.upper()
    named = environ.get(variable, "")
    if named:
        # A name with a slash is a file; one without is looked up on PATH, as a shell does it.
        found = named if os.sep in named else shutil.which(named, path=path)
        if found is None or not Path(found).exists():
            raise ProgramError(f"${variable} is {named!r}, and there is no such program")
        return Candidate(Path(found).absolute(), f"${variable}", chosen=True)
    on_path = shutil.which(name, path=path)
    return Candidate(Path(on_path).absolute(), f"the {name} on PATH", chosen=False) if on_path else None


def run_program(
    executable: Path,
    arguments: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout: float,
    environ: Mapping[str, str] | None = None,
) -> Output:
    """Run a program to its end with `stdin` as its standard input. A non-zero status is no error here.

    `environ` is its environment, this process's own by default.

    Raises ProgramError where it cannot be started, is killed by a signal, or takes longer than `timeout` seconds.
    """
    process: subprocess.Popen[bytes] | None = None
    try:
        with interrupts_held_back():  # until somebody is there to end it
            process = _started(executable, arguments, environ)
        stdout, raw = process.communicate(stdin, timeout=timeout)
    except BaseException as error:  # Ctrl-C too: it goes to our own process group, and the program is not in it
        if process is not None:
            _end(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise ProgramError(f"did not end within {timeout:g} seconds") from error
        raise
    return _output(process, stdout, raw)


def run_together(
    executable: Path, calls: Sequence[tuple[Sequence[str], bytes]], *, timeout: float
) -> list[Output | ProgramError]:
    """Run a program once for each call, arguments and standard input, all at the same time; the outcomes in order.

    An interrupt ends all of them. `timeout` is that of each, from the start of all.
    """
    runs: list[_Run] = []
    deadline = time.monotonic() + timeout
    try:
        for arguments, stdin in calls:
            with interrupts_held_back():
                runs.append(_Run(executable, arguments, stdin))
        for run in runs:
            run.wait(deadline)
    finally:
        for run in runs:
            run.end()
    return [run.outcome or ProgramError(f"did not end within {timeout:g} seconds") for run in runs]


class _Run:
    """One of several programs, listened to by a thread of its own: interrupts reach the main one alone."""

    def __init__(self, executable: Path, arguments: Sequence[str], stdin: bytes) -> None:
        self.outcome: Output | ProgramError | None = None
        self._process: subprocess.Popen[bytes] | None = None
        # Not the thread's own `join`: interrupted, it takes a thread that runs for one that has ended (Python 3.11).
        self._ended = threading.Event()
        try:
            self._process = _started(executable, arguments)
        except ProgramError as error:
            self.outcome = error
            self._ended.set()
            return
        threading.Thread(target=self._listen, args=(self._process, stdin), daemon=True).start()

    def wait(self, deadline: float) -> None:
        self._ended.wait(max(0.0, deadline - time.monotonic()))

    def end(self) -> None:
        if self._process is not None and not self._ended.is_set():
            _kill(self._process)
            self._ended.wait()
            self.outcome = None

    def _listen(self, process: subprocess.Popen[bytes], stdin: bytes) -> None:
        try:
            with process:
                stdout, raw = process.communicate(stdin)
            self.outcome = _output(process, stdout, raw)
        except ProgramError as error:
            self.outcome = error
        finally:
            self._ended.set()


def _output(process: subprocess.Popen[bytes], stdout: bytes, raw: bytes) -> Output:
    stderr = raw.decode("utf-8", errors="replace")
    if process.returncode < 0:
        raise ProgramError(f"was ended by signal {-process.returncode}", stderr)
    return Output(process.returncode, stdout, stderr)


def _started(
    executable: Path, arguments: Sequence[str], environ: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """The program, started in a process group of its own: it may be a script, and what it started must end with it."""
    try:
        return subprocess.Popen(
            [str(executable), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            env=environ,
        )
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ProgramError(f"cannot be run: {reason.lower()}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group at once, and wait for it."""
    with process:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
