"""One run of helm: its output as it is, its crash as an error, and nothing of it left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netmatrix.document.program import Output
from netmatrix.helm import HelmError
from netmatrix.helm.run import run
from tests.helm.conftest import FakeHelm


def test_a_status_is_no_error(fake_helm: FakeHelm) -> None:
    helm = fake_helm(script="cat; echo out; echo err >&2; exit 7")
    assert run(helm, ["template"], stdin=b"in\n") == Output(7, b"in\nout\n", "err\n")


def test_a_helm_that_reads_nothing_or_everything_is_fine(fake_helm: FakeHelm) -> None:
    assert run(fake_helm(script="exit 0"), [], stdin=b"x" * 1_000_000).status == 0
    assert run(fake_helm(script="cat >/dev/null"), []).status == 0


def test_a_value_that_holds_the_words_of_a_crash_is_none(fake_helm: FakeHelm) -> None:
    helm = fake_helm(script="echo 'Error: at /a: panic: no' >&2; echo 'panic: a value' >&2; exit 1")
    assert run(helm, []).status == 1


def test_a_hanging_helm_is_ended_with_what_it_started(fake_helm: FakeHelm, tmp_path: Path) -> None:
    helm = fake_helm(script=f"sleep 600 & echo $! > {tmp_path}/child; wait")
    before = time.monotonic()
    with pytest.raises(HelmError, match=r"did not end within 0\.5 seconds"):
        run(helm, [], timeout=0.5)
    assert time.monotonic() - before < 60, "it waits for no grandchild"
    assert _is_gone(int((tmp_path / "child").read_text()))


def test_ctrl_c_ends_helm_too(fake_helm: FakeHelm, tmp_path: Path) -> None:
    helm = fake_helm(script=f"echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; sleep 600")
    code = "import sys; from netmatrix.helm.run import run; from pathlib import Path; run(Path(sys.argv[1]), [])"
    with subprocess.Popen([sys.executable, "-c", code, str(helm)], stderr=subprocess.PIPE) as process:
        _wait_for(tmp_path / "pid")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert _is_gone(int((tmp_path / "pid").read_text()))


def test_ctrl_c_while_helm_is_being_started_ends_it_too(fake_helm: FakeHelm) -> None:
    code = (
        "import os, signal, subprocess, sys; from pathlib import Path; from netmatrix.helm.run import run\n"
        "start = subprocess.Popen._execute_child\n"
        "def interrupted(process, *arguments):\n"
        "    start(process, *arguments)\n"
        "    print(process.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "subprocess.Popen._execute_child = interrupted\n"
        "run(Path(sys.argv[1]), [])"
    )
    helm = fake_helm(script="sleep 600")
    done = subprocess.run([sys.executable, "-c", code, helm], capture_output=True, timeout=60, check=False)
    assert b"KeyboardInterrupt" in done.stderr
    assert _is_gone(int(done.stdout))


def test_helm_hears_every_signal_but_what_we_ignore() -> None:
    grep = shutil.which("grep")  # not a script: a shell unblocks every signal by itself
    assert grep is not None
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        sets = dict(
            line.split()
            for line in run(Path(grep), ["-E", "^Sig(Blk|Ign)", "/proc/self/status"]).stdout.decode().splitlines()
        )
    finally:
        signal.signal(signal.SIGHUP, before)
    interrupts = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    held = {name: {number for number in interrupts if int(bits, 16) >> number - 1 & 1} for name, bits in sets.items()}
    assert held == {"SigBlk:": set(), "SigIgn:": {signal.SIGHUP}}


def test_arguments_that_no_process_takes_are_told(fake_helm: FakeHelm) -> None:
    with pytest.raises(HelmError, match="NM403 helm cannot be run: embedded null byte"):
        run(fake_helm(), ["a\0b"])
    with pytest.raises(HelmError, match="NM403 helm cannot be run: argument list too long"):
        run(fake_helm(), ["x" * 3_000_000])


def _wait_for(file: Path) -> None:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _is_gone(pid: int) -> bool:
    """Whether the process has ended, or is about to: a zombie that nobody waits for counts."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if "State:\tZ" in Path(f"/proc/{pid}/status").read_text(encoding="utf-8"):
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.01)
    return False
