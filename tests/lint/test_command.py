"""`netmatrix lint`, as a user runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from netmatrix.lint import RULES
from netmatrix.lint.page import EXAMPLES
from tests.cli.conftest import Run
from tests.policy.samples import pod, policy
from tests.support.scenarios import ROOT

ERROR, WARNING, NOTE = (EXAMPLES / f"{rule}-bad.yaml" for rule in ("NM630", "NM650", "NM603"))
GOOD = EXAMPLES / "NM630-good.yaml"


@pytest.mark.parametrize(
    ("file", "options", "status"),
    [
        (ERROR, "", 1),
        (WARNING, "", 0),
        (WARNING, "--fail-on warning", 1),
        (WARNING, "--fail-on note", 1),
        (NOTE, "--fail-on warning", 0),
        (NOTE, "--fail-on note", 1),
        (NOTE, "--fail-on note --severity error", 1),
        (GOOD, "--fail-on note", 0),
    ],
)
def test_the_status_says_what_was_found(file: Path, options: str, status: int, netmatrix: Run) -> None:
    result = netmatrix("lint", file, *options.split())
    assert result.status == status
    assert "1 policies judged" not in result.err


@pytest.mark.parametrize(("least", "told"), [("note", 3), ("warning", 2), ("error", 1)])
def test_only_what_weighs_enough_is_told(least: str, told: int, netmatrix: Run) -> None:
    files = [ERROR, WARNING, EXAMPLES / "NM622-bad.yaml"]
    texts = [file.read_text(encoding="utf-8").replace("shop", f"shop-{at}") for at, file in enumerate(files)]
    result = netmatrix("lint", "-", "--severity", least, stdin="---\n".join(texts).encode())
    assert len(re.findall(r"(?m)^-:[0-9]+:[0-9]+: (error|warning|note) NM6", result.out)) == told
    assert "3 policies judged: 1 error, 1 warning, 1 note" in result.err


def test_a_broken_policy_hides_nothing_of_the_others(netmatrix: Run) -> None:
    rule = {"from": [{"podSelector": {}}], "ports": [{"port": 1}]}
    broken = [policy("a", podSelectr={}), policy("b", ingress=[{"form": []}, {"ports": [{"port": 0}]}])]
    fine = [policy("c", ingress=[{"from": []}]), policy("d", policyTypes=["Egress"], egress=[{"to": rule["from"]}])]
    result = netmatrix("lint", "-", stdin=yaml.dump_all([*broken, *fine]).encode())
    told = re.findall(r"(?m)^-:[0-9]+:[0-9]+: \w+ (NM[0-9]+)", result.out)
    assert told == ["NM501", "NM501", "NM507", "NM602"]  # and not NM651: the DNS may be in what could not be read
    assert result.status == 1
    assert "NM651" in netmatrix("lint", "-", stdin=yaml.dump_all(fine).encode()).out


def test_what_cannot_be_read_could_not_run_and_the_rest_is_judged_all_the_same(netmatrix: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("a: [", encoding="utf-8")
    result = netmatrix("lint", tmp_path / "broken.yaml", tmp_path / "missing", ERROR)
    assert result.status == 2
    assert [rule for rule in ("NM001", "NM006", "NM630") if f"error {rule} " in result.out] == [
        "NM001",
        "NM006",
        "NM630",
    ]


def test_a_folder_that_is_linted_whole_finds_every_rule(netmatrix: Run, tmp_path: Path) -> None:
    for file in EXAMPLES.glob("*-bad.yaml"):
        text = file.read_text(encoding="utf-8").replace("shop", file.stem.lower())
        (tmp_path / file.name).write_text(text.replace("monitoring", f"{file.stem.lower()}-m"), encoding="utf-8")
    result = netmatrix("lint", tmp_path, "--format", "json")
    assert {item["rule"] for item in json.loads(result.out)["findings"]} >= {rule.id for rule in RULES}


def test_every_format_holds_the_findings(netmatrix: Run) -> None:
    assert json.loads(netmatrix("lint", ERROR, "--format", "json").out)["summary"] == {
        "error": 1,
        "warning": 0,
        "note": 0,
    }
    assert "::error file=" in netmatrix("lint", ERROR, "--format", "github").out
    (run,) = json.loads(netmatrix("lint", ERROR, "--format", "sarif").out)["runs"]
    assert {item["id"] for item in run["tool"]["driver"]["rules"]} >= {rule.id for rule in RULES}
    assert [item["ruleId"] for item in run["results"]] == ["NM630"]


def test_json_of_a_cluster_is_read_from_standard_input(netmatrix: Run) -> None:
    items = [pod("a"), policy(podSelector={}, policyTypes=["Ingress", "Egress"], ingress=[{"ports": []}])]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=4)
    line = text.splitlines().index('                        "ports": []') + 1
    result = netmatrix("lint", "-", stdin=text.encode())
    assert f"-:{line}:34: warning NM602 items[1].spec.ingress[0].ports: policy default/policy: " in result.out


def test_a_rule_is_explained_with_its_examples(netmatrix: Run) -> None:
    result = netmatrix("lint", "--explain", "NM651")
    assert (result.status, result.err) == (0, "")
    assert (EXAMPLES / "NM651-bad.yaml").read_text(encoding="utf-8") in result.out
    assert netmatrix("lint", "--explain", "NM65").status == 2


def test_our_own_chart_has_no_error_and_no_warning_that_is_not_known(netmatrix: Run) -> None:
    known = {
        "NM651": "Mongo has no DNS in the documented tables, and jobs none where more ranges are excepted",
        "NM660": "in dev anybody reaches Mongo, so that the operational flow to it adds nothing",
    }
    for golden in sorted((ROOT / "tests/chart/golden").glob("*.yaml")):
        result = netmatrix("lint", golden, "--severity", "warning")
        assert result.status == 0
        assert set(re.findall(r": \w+ (NM[0-9]+) ", result.out)) <= known.keys(), golden.name


def test_the_help_has_an_example_and_names_every_option(netmatrix: Run) -> None:
    result = netmatrix("lint", "--help")
    assert re.search(r"Examples:\s+netmatrix lint manifests/\n", result.out)
    assert all(f" {option} " in result.out for option in ("--severity", "--fail-on", "--format", "--explain"))
    assert re.search(r"(?m)^  lint ", netmatrix("--help").out)
