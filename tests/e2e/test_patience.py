"""What a slow machine may set is read strictly. Needs no cluster."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.e2e.paths import ROOT

_READ = "from tests.e2e.patience import FEW, patient; print(FEW, patient(2.0))"


def _read(**settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **settings}
    return subprocess.run([sys.executable, "-c", _READ], cwd=ROOT, env=environment, capture_output=True, text=True)


def test_a_slow_machine_waits_longer_and_asks_less() -> None:
    assert _read(NETMATRIX_PATIENCE="", NETMATRIX_QUESTIONS="").stdout == "False 2.0\n"
    assert _read(NETMATRIX_PATIENCE="4", NETMATRIX_QUESTIONS="few").stdout == "True 8.0\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [("NETMATRIX_PATIENCE", value) for value in ("long", "0", "nan", "1e9")] + [("NETMATRIX_QUESTIONS", "Few")],
)
def test_what_cannot_be_meant_is_refused(name: str, value: str) -> None:
    refused = _read(**{name: value})
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"error: {name} is {value!r}; set it to ")
    assert refused.stderr.count("\n") == 1
