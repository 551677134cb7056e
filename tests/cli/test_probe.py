"""`netmatrix probe` where it ends before it asks a cluster; what it does in one, tests/e2e has."""

from __future__ import annotations

from pathlib import Path

import pytest

from netmatrix.cli.exit_status import ExitStatus
from netmatrix.cli.probe import status_of
from netmatrix.policy.addresses import Family
from netmatrix.policy.ports import Protocol
from netmatrix.probe.questions import LeftOut, Outcome, Question
from netmatrix.probe.verdict import Cell, Verdict
from tests.cli.conftest import PROD, Run

DARK = (LeftOut("dns", "nobody reaches it"),)
LEAK = Cell(Question("a", "b", Protocol.TCP, 80, Family.IPV4, "10.0.0.1:80", Outcome.REFUSED), Outcome.OPEN)


def test_without_a_kubectl_it_could_not_run(process: Run, environment: dict[str, str]) -> None:
    result = process("probe", *PROD, "--yes", env={**environment, "PATH": "/nowhere"})
    assert result.status == 2
    assert "error NM901 there is no kubectl on PATH" in result.err
    assert "set $KUBECTL to one" in result.err


def test_a_cluster_that_does_not_answer_is_told_in_kubectls_words(
    process: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    """A kubectl that finds no cluster says so and fails; nothing else is needed of one here."""
    kubectl = tmp_path / "kubectl"
    said = "The connection to the server localhost:8080 was refused"
    kubectl.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n", encoding="utf-8")
    kubectl.chmod(0o755)
    result = process("probe", *PROD, "--yes", env={**environment, "KUBECTL": str(kubectl)})
    assert result.status == 2
    assert f"NM903 `kubectl create` failed: {said}" in result.err


def test_values_that_do_not_hold_are_told_before_a_cluster_is_asked(process: Run, environment: dict[str, str]) -> None:
    env = {**environment, "KUBECTL": "/bin/false"}
    result = process("probe", "-f", "tests/parity/corpus/bad/environment-unknown.yaml", "--yes", env=env)
    assert result.status == 1
    assert "NM201" in result.err
    assert "NM903" not in result.err


def test_an_address_outside_needs_its_port(process: Run, environment: dict[str, str]) -> None:
    env = {**environment, "KUBECTL": "/bin/false"}
    result = process("probe", *PROD, "--outside", "203.0.113.7", env=env)
    assert result.status == 2
    assert "Invalid value for --outside: '203.0.113.7' names no port" in result.err


@pytest.mark.parametrize(
    ("found", "is_whole", "status"),
    [
        (Verdict((), (), (), True), True, ExitStatus.HOLDS),
        (Verdict((), (), (), True), False, ExitStatus.COULD_NOT_RUN),
        (Verdict((), (), (), False), True, ExitStatus.COULD_NOT_RUN),
        (Verdict((), ("dns",), (), True, DARK), True, ExitStatus.COULD_NOT_RUN),
        (Verdict((LEAK,), ("dns",), (), True, DARK), True, ExitStatus.FINDINGS),
        (Verdict((LEAK,), (), (), True), False, ExitStatus.FINDINGS),
    ],
    ids=["holds", "holds-in-part", "no-network", "no-answer", "deviates-without-answer", "deviates-in-part"],
)
def test_only_of_the_whole_matrix_can_be_said_that_it_holds(found: Verdict, is_whole: bool, status: ExitStatus) -> None:
    assert status_of(found, is_whole=is_whole) is status
