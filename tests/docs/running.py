"""A copy of the project in which a page's commands are run, as its reader would run them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from netmatrix.helm import Helm
from tests.docs.not_run import NOT_RUN, TARGETS
from tests.docs.page import Block, Command, Edit, Page, PageError
from tests.support.scenarios import ROOT

_LEFT_OUT = (".git", ".venv", ".tools", "build", "dist", "node_modules", "__pycache__", "*.egg-info", ".*_cache")
_PATIENCE = 180.0
_SETTLING = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did: its exit status, and the lines that it printed."""

    status: int
    lines: tuple[str, ...]


@dataclass
class Project:
    """The copy, the environment of its commands, and those that stay in the background."""

    folder: Path
    environment: Mapping[str, str]
    background: list[subprocess.Popen[bytes]] = field(default_factory=list)
    place: str = "."
    status: int = 0

    def run(self, command: Command) -> Outcome:
        """Run a command, or start one that stays."""
        outcome = self._start(command) if command.text.endswith("&") else self._run(command)
        self.status = outcome.status
        return outcome

    def write(self, edit: Edit) -> None:
        """Write what the reader writes. Raises PageError where the line that it goes below is not to be found."""
        file = self.folder / edit.file
        if edit.after is None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(edit.content, encoding="utf-8")
            return
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        places = [number for number, line in enumerate(lines, start=1) if line.startswith(edit.after)]
        if len(places) != 1:
            raise PageError(f"{edit.file} has {len(places)} lines that start with {edit.after!r}, not one")
        lines.insert(places[0], edit.content)
        file.write_text("".join(lines), encoding="utf-8")

    def end(self) -> None:
        """End what stayed."""
        for process in self.background:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(_SETTLING)

    def _run(self, command: Command) -> Outcome:
        with self._process(f"(exit {self.status})\n{command.text}", subprocess.PIPE) as process:
            try:
                printed, _ = process.communicate(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise PageError(f"{command.text!r} did not end within {_PATIENCE:.0f} s") from None
        return Outcome(process.returncode, self._lines(printed))

    def _start(self, command: Command) -> Outcome:
        """Start a command that stays; its outcome is what it printed by the time that it printed what is shown."""
        file = self.folder.parent / f"background-{len(self.background)}"
        with file.open("wb") as output:
            process = self._process(f"exec {command.text.removesuffix('&')}", output.fileno())
        self.background.append(process)
        deadline = time.monotonic() + _SETTLING
        while time.monotonic() < deadline and process.poll() is None:
            if (lines := self._lines(file.read_bytes())) and fits(lines, command.shown or ()):
                break
            time.sleep(0.1)
        return Outcome(process.poll() or 0, self._lines(file.read_bytes()))

    def _process(self, script: str, output: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.folder / self.place,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _lines(self, printed: bytes) -> tuple[str, ...]:
        """Without what differs from copy to copy, and without the space at the ends of lines, which nobody sees."""
        text = printed.decode().replace(str(self.folder), "/home/you/red-kite-network")
        return tuple(line.rstrip() for line in text.rstrip("\n").split("\n")) if text.strip() else ()


@contextmanager
def copied(page: Page, room: Path, helm: Helm, ways_in: Path | None = None) -> Iterator[Project]:
    """A copy of the project in `room`, as a clone after `make setup`; `ways_in` is the folder of a running cluster."""
    folder = shutil.copytree(ROOT, room / "red-kite-network", ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
    programs, home = room / "programs", room / "home"
    for made in (programs, home, folder / ".venv"):
        made.mkdir()
    for item in Path(sys.prefix).iterdir():
        (folder / ".venv" / item.name).symlink_to(item)
    ready = folder / ".venv" / "ready"  # a file of this copy: make must never renew the environment that runs the tests
    ready.unlink(missing_ok=True)
    ready.touch()
    (folder / ".tools").symlink_to(ROOT / ".tools")
    if ways_in is None:
        (programs / "helm").symlink_to(helm.executable)
    else:
        (folder / "build").mkdir()
        (folder / "build" / "cluster").symlink_to(ways_in)
        for name in ("helm", "kubectl"):
            (programs / name).symlink_to(ways_in / name)
    environment = _environment(home, programs) | {"HELM": str(helm.executable)}
    _commit(folder, environment)
    project = Project(folder, environment, place=page.folder)
    try:
        yield project
    finally:
        project.end()


def _environment(home: Path, programs: Path) -> dict[str, str]:
    """A terminal without colours, and no cluster, home or settings of the machine's own."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key in ("LANG", "SSL_CERT_FILE", "GOFLAGS", "GOGC", "GOPROXY")
    }
    path = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    who = {f"GIT_{role}_{what}": f"you{at}" for role in ("AUTHOR", "COMMITTER") for what, at in _IDENTITY}
    when = {f"GIT_{role}_DATE": "2026-11-01T00:00:00Z" for role in ("AUTHOR", "COMMITTER")}
    return {
        **kept,
        **who,
        **when,
        "PATH": os.pathsep.join(path),
        "HOME": str(home),
        "KUBECONFIG": str(_no_cluster(home)),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "COLUMNS": "120",
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _no_cluster(home: Path) -> Path:
    """A kubeconfig that leads nowhere, whatever the machine is connected to."""
    file = home / "no-cluster.yaml"
    cluster = {"name": "none", "cluster": {"server": "http://127.0.0.1:9"}}
    context = {"name": "none", "context": {"cluster": "none", "user": "none"}}
    config = {"apiVersion": "v1", "kind": "Config", "clusters": [cluster], "contexts": [context]}
    file.write_text(json.dumps(config | {"current-context": "none"}), encoding="utf-8")
    return file


_IDENTITY = (("NAME", ""), ("EMAIL", "@example.org"))


def _commit(folder: Path, environment: Mapping[str, str]) -> None:
    """Make a git repository of the copy, on branch main, with all of it committed."""
    for arguments in (("init", "--quiet", "-b", "main"), ("add", "--all"), ("commit", "--quiet", "-m", "The project")):
        subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True)
        if arguments[0] == "init":
            (folder / ".git/info/exclude").write_text(".venv\n.tools\nbuild\n", encoding="utf-8")


def run(page: Page, project: Project, provided: Sequence[str]) -> Iterator[tuple[Block, list[Outcome]]]:
    """Act on the blocks whose needs are provided, in order; each with what its commands did. Raises PageError."""
    for block in page.blocks():
        if block.needs in provided:
            for edit in block.edits:
                project.write(edit)
            yield block, [_outcome(page, project, block, number) for number in range(len(block.commands))]


def _outcome(page: Page, project: Project, block: Block, number: int) -> Outcome:
    command = block.commands[number]
    if command.bare in NOT_RUN:
        return Outcome(0, command.shown or ())
    if command.bare.split()[0] == "make" and command.bare not in TARGETS:
        raise PageError(f"{page.name}:{command.line + 1}: say in tests/docs/not_run.py whether {command.bare!r} is run")
    outcome = project.run(command)
    if outcome.status and not any(next_.text == "echo $?" for next_ in block.commands[number + 1 : number + 2]):
        failed = f"{page.name}:{command.line + 1}: {command.text!r} failed with status {outcome.status}"
        raise PageError("\n".join([f"{failed}; if it ought to, show `$ echo $?` after it", *outcome.lines]))
    return outcome


def fits(lines: Sequence[str], shown: Sequence[str]) -> bool:
    """Whether `lines` are what is shown, where `...` stands for any lines, and within a line for any text."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else ".*?".join(map(re.escape, line.rstrip().split("..."))) + r"\n"
        for line in shown
    )
    return bool(re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)))
