"""The shell's script and the words of agnhost: a real shell, and the words that agnhost 2.63 prints."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from netmatrix.probe.asking import answers, by_source, script, written
from netmatrix.probe.questions import Outcome, Question
from tests.probe.conftest import Scene

QUERY_REFUSED = "DNS: lookup kubernetes.default.svc on 10.96.0.10:53: read udp 10.1.1.1:5->10.96.0.10:53: "


@pytest.fixture(scope="module")
def questions(scene: Scene) -> list[Question]:
    return by_source(scene.questions())["ui"]


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("OPEN", Outcome.OPEN),
        ("TIMEOUT", Outcome.REFUSED),
        ("REFUSED", Outcome.REFUSED),
        ("OTHER: dial tcp 10.0.0.1:80: connect: network is unreachable", Outcome.REFUSED),
        ("UNKNOWN: write udp: operation not permitted", Outcome.REFUSED),
        ("sh: /agnhost: not found", None),
        ("Killed", None),
    ],
)
def test_a_connection_was_made_or_not_or_nobody_can_tell(
    words: str, outcome: Outcome | None, questions: list[Question]
) -> None:
    assert answers(questions, f"0 {words}\n").get(questions[0]) is outcome


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("OPEN", Outcome.OPEN),
        ("TIMEOUT", Outcome.OPEN),  # to the address that the name service gave
        ("DNS: lookup kubernetes.default.svc on 10.96.0.10:53: no such host", Outcome.OPEN),
        (f"{QUERY_REFUSED}i/o timeout", Outcome.REFUSED),
        (f"{QUERY_REFUSED}read: connection refused", Outcome.REFUSED),
        ("sh: /agnhost: not found", None),
    ],
)
def test_a_name_service_that_says_that_there_is_no_such_name_has_answered(
    words: str, outcome: Outcome | None, questions: list[Question]
) -> None:
    query = replace(questions[0], is_query=True)
    assert answers([query], f"0 {words}\n").get(query) is outcome


def test_the_script_asks_every_question_and_numbers_the_answers(questions: list[Question], tmp_path: Path) -> None:
    """With a stand-in for agnhost that fails as the real one does, in words over two lines."""
    shell = shutil.which("sh")
    assert shell is not None
    agnhost = tmp_path / "agnhost"
    agnhost.write_text(
        '#!/bin/sh\ncase "$2" in *:53) exit 0;; esac\necho "OTHER: *"; echo "$@"; exit 1\n', encoding="utf-8"
    )
    agnhost.chmod(0o755)
    text = script(1).replace("/agnhost", str(agnhost))
    done = subprocess.run([shell, "-c", text], input=written(questions), capture_output=True, check=True)
    found = answers(questions, done.stdout.decode())
    assert set(found) == set(questions)
    assert {item for item in found if found[item] is Outcome.OPEN and not item.is_query} == {
        item for item in questions if item.port == 53 and not item.is_query
    }
