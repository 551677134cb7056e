"""`make help` names every target that a person may call."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_help_names_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    (phony,) = [line.split()[1:] for line in text.splitlines() if line.startswith(".PHONY:")]
    command = ["make", "--no-print-directory", "help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert sorted(line.split()[0] for line in done.stdout.splitlines()) == sorted(phony)
