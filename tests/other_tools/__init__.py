"""Other people's analysers of NetworkPolicies, pinned, built under build/: judges of ours, and measures of its speed.

`python -m tests.other_tools` builds what is missing. Nothing of `make test` needs them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILT = ROOT / "build" / "other-tools"

NETPOL_ANALYZER = "netpol-analyzer 1.4.4"
NETWORK_CONFIG_ANALYZER = "network-config-analyzer 2.1.0"


class MissingToolError(Exception):
    """A tool cannot be built here; the text says what is missing."""


def network_config_analyzer() -> Path:
    """The program `nca` (Python), in an environment of its own, hashes checked."""
    program = BUILT / "network-config-analyzer" / "bin" / "nca"
    if not program.exists():
        folder = program.parent.parent
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        lock = HERE / "network-config-analyzer" / "requirements.lock"
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
        _run([*pip, "--requirement", str(lock)])
    return program


def netpol_analyzer() -> Path:
    """The program `netpol` (Go), built from its module."""
    program = BUILT / "netpol-analyzer" / "netpol"
    if not program.exists():
        if shutil.which("go") is None:
            raise MissingToolError("there is no Go here to build netpol-analyzer with: install Go 1.24 or newer")
        folder = program.parent
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(HERE / "netpol-analyzer", folder)
        # The public checksum database is no package registry; go.sum holds the hashes.
        settings = {"GOFLAGS": "-mod=mod", "GONOSUMDB": "github.com/np-guard/*", "CGO_ENABLED": "0"}
        package = "github.com/np-guard/netpol-analyzer/cmd/netpolicy"
        _run(["go", "build", "-o", program.name, package], cwd=folder, settings=settings)
    return program


def _run(command: list[str], cwd: Path = ROOT, settings: dict[str, str] | None = None) -> None:
    print(" ".join(command[:4]), "...", file=sys.stderr)
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **(settings or {})}, capture_output=True, text=True)
    if done.returncode != 0:
        raise MissingToolError(f"{command[0]} could not build it: {done.stderr.strip()[-2000:]}")
