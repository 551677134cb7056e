"""`netmatrix analyze`, as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.policy.samples import pod, policy

CASE = Path(__file__).parent / "conformance" / "kubernetes-e2e" / "34-egress-cidr" / "manifests.yaml"


def analyze(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "netmatrix", "analyze", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, encoding="utf-8")


@pytest.mark.parametrize(("answer", "reached"), [("yes", True), ("no", False)])
def test_it_prints_who_reaches_whom_in_either_model(answer: str, reached: bool) -> None:
    done = analyze(str(CASE), "--ipblock-matches-pods", answer)
    assert done.returncode == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert ("x/a[Pod] => y/b[Pod] : All Connections" in lines) == reached
    assert "x/a[Pod] => 10.244.2.11-10.244.2.11 : All Connections" in lines
    assert lines == sorted(lines)


def test_it_reads_standard_input_and_prints_json() -> None:
    done = analyze("-", "--format", "json", stdin=yaml.dump_all([pod("a"), pod("b")]))
    assert done.returncode == 0
    assert {item["source"] for item in json.loads(done.stdout)["connections"]} >= {"default/a[Pod]", "default/b[Pod]"}


def test_notes_go_to_standard_error() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    done = analyze("-", stdin=yaml.dump_all([pod("a"), service]))
    assert done.returncode == 0
    assert "note NM520 1 object of kind Service (v1) not judged" in done.stderr
    assert "Service" not in done.stdout


def test_a_broken_policy_ends_it_with_its_place_and_no_answer() -> None:
    done = analyze("-", stdin=yaml.dump_all([pod("a"), policy(podSelectr={})]))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "error NM501" in done.stderr
    assert "did you mean 'podSelector'?" in done.stderr


def test_what_cannot_be_read_could_not_run() -> None:
    for argument, stdin in (("missing.yaml", ""), ("-", "{")):
        done = analyze(argument, stdin=stdin)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr


def test_findings_are_json_where_json_was_asked_for() -> None:
    done = analyze("-", "--format", "json", stdin=yaml.dump(policy(podSelectr={})))
    assert done.returncode == 1
    assert "NM501" in json.dumps(json.loads(done.stdout))
