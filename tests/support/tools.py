"""Other people's programs, pinned, built or installed under build/ on first use and whenever their pins change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILT = ROOT / "build" / "other-tools"


class MissingToolError(Exception):
    """A program cannot be had here; the text says what is missing."""


def python_program(lock: Path, folder: str, name: str) -> Path:
    """A program of the packages in a lock file, in an environment of their own, hashes checked."""
    home = BUILT / folder
    if not _is_fresh(home, lock):
        run([sys.executable, "-m", "venv", "--clear", str(home)])
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
        run([*pip, "--requirement", str(lock)])
        shutil.copy(lock, home)
    return home / "bin" / name


def go_program(module: Path, package: str, name: str, settings: Mapping[str, str] | None = None) -> Path:
    """A program of a package that the go.mod in a folder pins. `settings` are environment variables for Go."""
    home = BUILT / module.name / name
    if not _is_fresh(home, module / "go.sum"):
        if shutil.which("go") is None:
            raise MissingToolError(f"there is no Go here to build {name} with: install Go 1.24 or newer")
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(module, home / "source")
        command = ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", str(home / name), package]
        run(command, cwd=home / "source", settings={"CGO_ENABLED": "0", **(settings or {})})
        shutil.copy(module / "go.sum", home)
    return home / name


def go_module_folder(module: Path, path: str) -> Path:
    """Where Go keeps the files of a module that go.mod pins."""
    return Path(run(["go", "list", "-m", "-f", "{{.Dir}}", path], cwd=module).strip())


def run(command: list[str], cwd: Path = ROOT, settings: Mapping[str, str] | None = None) -> str:
    """What a command prints. Raises MissingToolError with what it says where it fails."""
    print(" ".join(command[:4]), "...", file=sys.stderr)
    environment = {**os.environ, **(settings or {})}
    try:
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    except OSError as error:
        raise MissingToolError(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        raise MissingToolError(f"{' '.join(command[:4])} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


def _is_fresh(home: Path, pins: Path) -> bool:
    """Whether what is there was made with these pins: they are copied beside it when all else is done."""
    kept = home / pins.name
    return kept.is_file() and kept.read_bytes() == pins.read_bytes()
