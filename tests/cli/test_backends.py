"""The other back ends through the commands that an operator types."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import TODAY, Run, environment, netmatrix

__all__ = ["environment", "netmatrix"]

BOTH = ("--set", "backends.cilium.enabled=true,backends.clusterNetworkPolicy.enabled=true")
PROD = ("--environment", "prod", *TODAY)


def test_verify_says_in_json_what_was_proved_of_each(netmatrix: Run) -> None:
    result = netmatrix("verify", *PROD, *BOTH, "--format", "json")
    assert result.status == 0
    told = json.loads(result.out)
    assert told["holds"] is True
    assert [item["kind"] for item in told["backends"]] == ["CiliumNetworkPolicy", "ClusterNetworkPolicy"]
    for item in told["backends"]:
        assert {claim["among"] for claim in item["claims"]} == {"alone", "with all others"}
        assert all(claim["holds"] and not claim["counterExamples"] for claim in item["claims"])
        assert all(difference["packets"] and difference["why"] for difference in item["differences"])
    assert any("unless they are judged above" in item for item in told["notClaimed"])


def test_no_note_says_that_what_is_judged_is_not(netmatrix: Run) -> None:
    result = netmatrix("verify", *PROD, *BOTH)
    assert "NM520" not in result.err
    assert "NM705" not in result.out


def test_a_slip_is_told_at_its_line(netmatrix: Run, tmp_path: Path) -> None:
    rendered = netmatrix("template", *PROD, *BOTH).out
    file = tmp_path / "slip.yaml"
    file.write_text(rendered.replace("- kube-apiserver", "- all"), encoding="utf-8")
    line = next(
        number
        for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if text.strip() == "- toEntities:"
    )
    result = netmatrix("verify", *PROD, *BOTH, "--manifests", str(file))
    assert result.status == 1
    assert any(item.startswith(f"{file}:{line}:") and "NM971" in item for item in result.out.splitlines())


def test_what_cannot_be_decided_is_refused_at_its_line(netmatrix: Run, tmp_path: Path) -> None:
    file = tmp_path / "slip.yaml"
    file.write_text(netmatrix("template", *PROD, *BOTH).out.replace("- kube-apiserver", "- world"), encoding="utf-8")
    result = netmatrix("verify", *PROD, *BOTH, "--manifests", str(file))
    assert result.status != 0
    assert "NM976" in result.out + result.err
    assert "the entity 'world' is not judged" in result.out + result.err


def test_diff_compares_values_with_back_ends(netmatrix: Run) -> None:
    switched = ("--new-set", "backends.cilium.enabled=true")
    opened = ("--new-set", "flows.jobs-to-dns.enabled=true")
    same, more = netmatrix("diff", *PROD, *switched), netmatrix("diff", *PROD, *BOTH, *opened)
    assert same.status == 0
    assert "no connection is gained or lost" in same.out
    assert more.status == 1
    assert "jobs -> dns" in more.out


def test_the_report_has_what_was_proved(netmatrix: Run) -> None:
    result = netmatrix("report", *PROD, *BOTH)
    assert result.status == 0
    assert "CiliumNetworkPolicy: 19 objects" in result.out
