"""That what a command starts is counted with it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench.tree import whole_tree

pytestmark = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="reads /proc")

HOLD = "import time; held = bytearray(b'x') * (64 << 20); time.sleep(3)"
TWO = (
    f"import subprocess, sys\nfor p in [subprocess.Popen([sys.executable, '-c', {HOLD!r}]) for _ in range(2)]: p.wait()"
)


def test_the_memory_of_all_processes_is_counted_and_what_they_print_is_kept() -> None:
    found = whole_tree([sys.executable, "-c", f"{TWO}\nprint('done')"])
    assert found.stdout == b"done\n"
    assert 128 < found.cost.mebibytes < 256
    assert found.cost.seconds > 3
