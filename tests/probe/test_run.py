"""A run's removal; a script stands for kubectl, whose API server does not answer every time."""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path

import pytest

from netmatrix.cluster import Kubectl
from netmatrix.probe.rules import ProbeError
from netmatrix.probe.run import remove

RUN, OWN = "0a1b2c", "netmatrix-probe-0a1b2c"
NAMESPACES = ("stalker", "stalker-jobs", OWN)

PROGRAM = """#!{python} -I
import fcntl, json, sys
from pathlib import Path
folder, words = Path({folder!r}), [word for word in sys.argv[1:] if not word.startswith("--request-timeout")]
with (folder / "lock").open("w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    calls = folder / "calls"
    before = calls.read_text() if calls.exists() else ""
    calls.write_text(before + " ".join(words) + "\\n")
    if {fails}:
        sys.exit("Unable to connect to the server: net/http: TLS handshake timeout")
    where = next((word.partition("=")[2] for word in words if word.startswith("--namespace=")), "-")
    file = folder / f"{{words[1].rstrip('s')}}.{{where}}"
    if words[0] == "delete":
        file.unlink(missing_ok=True)
    else:
        print(json.dumps({{"items": [{{"metadata": {{"name": file.read_text()}}}}] if file.exists() else []}}))
"""
"""Keeps files for what there is, and its calls; `fails` is whether it does nothing, by `words` and calls `before`."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What there is of a run: its own namespace, and a pod in each."""
    (tmp_path / "namespace.-").write_text(OWN, encoding="utf-8")
    for namespace in NAMESPACES:
        (tmp_path / f"pod.{namespace}").write_text(f"{OWN}-cron", encoding="utf-8")
    return tmp_path


def kubectl(folder: Path, fails: str) -> Kubectl:
    file = folder / "kubectl"
    file.write_text(PROGRAM.format(python=sys.executable, folder=str(folder), fails=fails), encoding="utf-8")
    file.chmod(0o755)
    return Kubectl(file)


def removed(folder: Path, fails: str) -> list[str]:
    """The calls of a removal, each pause of which is nine seconds."""
    passed = itertools.count(0, 9)
    remove(kubectl(folder, fails), RUN, NAMESPACES, now=lambda: next(passed), sleep=lambda _: None)
    return (folder / "calls").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("calls", [1, 4, 6])
def test_an_api_server_that_does_not_answer_at_first_is_asked_again(folder: Path, calls: int) -> None:
    removed(folder, f"before.count('\\n') < {calls}")
    assert not list(folder.glob("pod.*"))
    assert not list(folder.glob("namespace.*"))


def test_a_look_that_fails_is_taken_again(folder: Path) -> None:
    removed(folder, "words[0] == 'get' and before.count('get') < 3")
    assert not list(folder.glob("namespace.*"))


def test_what_was_removed_is_not_removed_twice(folder: Path) -> None:
    calls = removed(folder, "words[1] == 'namespace' and before.count('delete namespace') < 2")
    assert [sum(call.startswith(f"delete {kind}") for call in calls) for kind in ("pods", "namespace")] == [3, 3]


@pytest.mark.parametrize(
    ("fails", "left"),
    [
        ("True", "it cannot be told what is left after 90 seconds"),
        ("words[0] == 'delete'", f"pod stalker/{OWN}-cron is still there after 90 seconds"),
        ("words[1] == 'namespace'", f"namespace {OWN} is still there after 90 seconds"),
    ],
    ids=["nothing-answers", "nothing-is-removed", "the-namespace-stays"],
)
def test_what_cannot_be_removed_in_time_is_named_with_the_command_that_removes_it(
    folder: Path, fails: str, left: str
) -> None:
    with pytest.raises(ProbeError, match=re.escape(f"NM913 {left}")) as raised:
        removed(folder, fails)
    (finding,) = raised.value.findings
    assert "TLS handshake timeout" in finding.message
    assert "netmatrix probe --clean-up" in finding.hint
