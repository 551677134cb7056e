"""The real command, as a process or inside this one, on the project or on a copy of it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from netmatrix.cli import project as project_module
from netmatrix.cli.main import main
from netmatrix.cli.pictures import whole_plan
from netmatrix.cli.project import Project
from netmatrix.emit.apply import apply, changes
from netmatrix.helm import Helm
from netmatrix.matrix.load import load_matrix
from tests.support.scenarios import ROOT

TODAY = ("--today", "2026-11-01")
PROD = ("-f", "values/values-prod.yaml")
DNS = 'endpoints: {dns: {cidrs: ["169.254.20.%d/32"]}}\n'


@dataclass(frozen=True)
class Result:
    """What a run left."""

    status: int
    out: str
    err: str

    def starts(self) -> list[str]:
        """The findings' first words, `file:line:col: severity RULE`, notes aside."""
        lines = [line for line in (self.out + self.err).splitlines() if ": error NM" in line or ": warning NM" in line]
        return [" ".join(line.split(" NM")[0].split(" ")) + " NM" + line.split(" NM")[1][:3] for line in lines]


Run = Callable[..., Result]
OnATerminal = Callable[..., tuple[int, bytes]]


@pytest.fixture(scope="session")
def environment(helm: Helm) -> dict[str, str]:
    """The process's environment, with the project's helm and without what makes the command behave otherwise."""
    dropped = {"GITHUB_ACTIONS", "NETMATRIX_TRACEBACK", "PYTHONIOENCODING", "PYTHONHASHSEED"}
    return {name: value for name, value in os.environ.items() if name not in dropped} | {"HELM": str(helm.executable)}


@pytest.fixture
def process(environment: dict[str, str]) -> Run:
    """Runs `netmatrix` as a process: where the streams, signals or the environment matter."""

    def run(
        *arguments: str | Path,
        cwd: Path = ROOT,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        program: Sequence[str] = ("-m", "netmatrix"),
    ) -> Result:
        command = [sys.executable, *program, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=cwd, env={**environment, **(env or {})}, input=stdin, capture_output=True, timeout=60
        )
        result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in result.err
        assert "fault of netmatrix" not in result.err, result.err
        return result

    return run


@pytest.fixture
def on_a_terminal(environment: dict[str, str]) -> OnATerminal:
    """Runs `netmatrix` with its messages on a terminal: the status, and what was shown there."""

    def run(*arguments: str | Path, cwd: Path = ROOT) -> tuple[int, bytes]:
        ours, theirs = os.openpty()
        env = {**environment, "TERM": "xterm", "COLUMNS": "80"}
        command = [sys.executable, "-m", "netmatrix", *map(str, arguments)]
        done = subprocess.run(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, timeout=60
        )
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
            while part := os.read(ours, 65536):
                shown += part
        os.close(ours)
        assert b"Traceback" not in shown
        return done.returncode, shown

    return run


@pytest.fixture
def netmatrix(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Iterator[Run]:
    """Runs the command line in this process, which takes a tenth of the time."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)

    def run(
        *arguments: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None, stdin: bytes = b""
    ) -> Result:
        monkeypatch.chdir(cwd)
        for name, value in (env or {}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["netmatrix", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        if os.environ["HELM"] != environment["HELM"]:  # a test's own; the session's says its version once
            project_module._helm.cache_clear()
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsysbinary.readouterr()
        result = Result(int(str(left.value.code)), captured.out.decode(), captured.err.decode())
        assert "fault of netmatrix" not in result.err, result.err
        return result

    yield run
    if os.environ["HELM"] != environment["HELM"]:
        project_module._helm.cache_clear()
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's files, freshly generated."""
    folder = tmp_path_factory.mktemp("pristine")
    shutil.copy(ROOT / "matrix.yaml", folder)
    shutil.copytree(ROOT / "values" / "clusters", folder / "values" / "clusters")
    region = "<!-- netmatrix:tables begin -->\n<!-- netmatrix:tables end -->\n"
    (folder / "README.md").write_text(f"# Ours\n\n{region}\nBy hand.\n", encoding="utf-8")
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "network-layout.yaml", folder / "docs")
    planned, _ = whole_plan(Project(load_matrix(str(folder / "matrix.yaml")), folder))
    apply(changes(planned, folder), folder)
    return folder


@pytest.fixture
def copy(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the project to change."""
    return shutil.copytree(pristine, tmp_path / "copy", symlinks=True)


class Fleet:
    """Overrides in a folder of a copy of the project, and its `verify --fleet`."""

    def __init__(self, netmatrix: Run, folder: Path) -> None:
        self.netmatrix, self.folder = netmatrix, folder

    def write(self, **files: str) -> None:
        (self.folder / "fleet").mkdir(exist_ok=True)
        for name, text in files.items():
            (self.folder / "fleet" / f"{name}.yaml").write_text(text, encoding="utf-8")

    def verify(self, *arguments: str, pattern: str = "fleet/*.yaml", env: Mapping[str, str] | None = None) -> Result:
        given = ("--fleet", pattern, "--jobs", "1", *arguments)
        return self.netmatrix("verify", *(() if "--today" in arguments else TODAY), *given, cwd=self.folder, env=env)

    def verdicts(self, *arguments: str) -> tuple[int, dict[str, str]]:
        """The status, and each cluster's verdict as JSON tells it."""
        result = self.verify(*arguments, "--format", "json")
        return result.status, {
            Path(item["cluster"]).stem: item["verdict"] + (", recorded" if item["recorded"] else "")
            for item in json.loads(result.out)["clusters"]
        }

    def records(self) -> list[Path]:
        return sorted((self.folder / "build" / "fleet").glob("*"))


@pytest.fixture
def fleet(netmatrix: Run, copy: Path) -> Fleet:
    """A fleet in a copy of the project, without any cluster yet."""
    return Fleet(netmatrix, copy)


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """The bytes and time of every file below `folder`."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def replace_in(file: Path, old: str, new: str) -> None:
    """Change a text in a file; it must be there once."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
    file.write_text(text.replace(old, new), encoding="utf-8")
