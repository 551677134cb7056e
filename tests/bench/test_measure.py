"""What the benchmark says of a process is about that process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.bench.measure import once


def test_the_peak_of_a_small_process_is_not_that_of_the_big_one_that_measures_it() -> None:
    big = bytearray(256 * 1024 * 1024)
    big[::4096] = b"x" * (len(big) // 4096)
    assert once([sys.executable, "-c", "pass"]).mebibytes < 64
    assert once([sys.executable, "-c", "len(bytearray(128 * 1024 * 1024).replace(b'a', b'b'))"]).mebibytes > 128
    assert len(big) > 0


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        once([sys.executable, "-c", "raise SystemExit(3)"])
