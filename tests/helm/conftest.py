"""Programs that behave like a helm in some way, as scripts in the test's own folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

FakeHelm = Callable[..., Path]


@pytest.fixture
def fake_helm(tmp_path: Path) -> FakeHelm:
    """Makes a shell script: `fake_helm("v4.0.0")` says that version; `script` is what it does on any other command."""

    def make(version: str = "v4.3.1", script: str = "exit 0", folder: str = "bin", name: str = "helm") -> Path:
        target = tmp_path / folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        answer = f'if [ "$1" = version ]; then echo "{version}"; exit 0; fi\n' if version else ""
        target.write_text(f"#!/bin/sh\n{answer}{script}\n", encoding="utf-8")
        target.chmod(0o755)
        return target

    return make
