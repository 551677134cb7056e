"""A real OCI registry (distribution) on the loopback, for as long as a block lasts."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.tools import go_program

_PACKAGE = "github.com/distribution/distribution/v3/cmd/registry"
_START = 20.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that answers at `address` (host and port), over plain HTTP, and keeps everything in `storage`."""

    address: str
    storage: Path
    process: subprocess.Popen[bytes]

    @property
    def repository(self) -> str:
        """Where charts are pushed to."""
        return f"oci://{self.address}/charts"

    def stop(self) -> None:
        """End it now."""
        self.process.terminate()
        self.process.wait(_START)


def registry_program() -> Path:
    """The registry, built on first use."""
    return go_program(Path(__file__).resolve().parent / "registry", _PACKAGE, "registry")


@contextmanager
def running_registry(folder: Path, *, enter: Sequence[str] = ()) -> Iterator[Registry]:
    """A registry with all that it keeps in `folder`; `enter` is what a command starts with to run somewhere else."""
    storage, log = folder / "storage", folder / "registry.log"
    storage.mkdir(parents=True, exist_ok=True)
    configuration = {
        "version": 0.1,
        "log": {"formatter": "json", "level": "info"},
        "storage": {"filesystem": {"rootdirectory": str(storage)}},
        "http": {"addr": "127.0.0.1:0"},
    }
    (folder / "registry.yaml").write_text(json.dumps(configuration), encoding="utf-8")
    settings = ["env", "OTEL_TRACES_EXPORTER=none", "OTEL_METRICS_EXPORTER=none"]
    command = [*enter, *settings, str(registry_program()), "serve", str(folder / "registry.yaml")]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield Registry(_address(process, log), storage, process)
        finally:
            process.kill()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline and process.poll() is None:
        said = log.read_text(encoding="utf-8", errors="replace")
        if found := re.search(r"listening on (127\.0\.0\.1:[0-9]+)", said):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(f"the registry did not start: {log.read_text(encoding='utf-8', errors='replace')}")
