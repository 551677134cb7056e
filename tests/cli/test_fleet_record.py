"""`netmatrix verify --fleet` and its record: no run proves twice what another one proved on the same basis."""

from __future__ import annotations

from pathlib import Path

import pytest

from netmatrix.helm import Helm
from tests.cli.conftest import DNS, PROD, Fleet, replace_in

EXCEPTION = """\
exceptions:
  registry:
    from: {pod: orchestrator}
    to: {cidr: "192.0.2.10/32"}
    ports: [{protocol: TCP, port: 5000}]
    reason: The orchestrator pulls images
    owner: team-a
    expires: "2026-11-15"
"""


def test_what_holds_is_not_proved_again_until_it_changes(fleet: Fleet) -> None:
    fleet.write(one=DNS % 1, two=DNS % 2, three=EXCEPTION)
    assert fleet.verdicts(*PROD) == (0, dict.fromkeys(("one", "two", "three"), "holds"))
    again = fleet.verify(*PROD)
    assert "helm processes: 0; 3 were proved before, by the record in build/fleet" in again.err
    assert fleet.verdicts(*PROD, "--no-record") == (0, dict.fromkeys(("one", "two", "three"), "holds"))
    fleet.write(two=f"# Said otherwise, meant alike.\n{DNS % 2}", three=DNS % 3)
    assert fleet.verdicts(*PROD) == (0, {"one": "holds, recorded", "two": "holds, recorded", "three": "holds"})
    replace_in(fleet.folder / "matrix.yaml", "version: 0.1.0", "version: 0.1.1")
    assert fleet.netmatrix("generate", cwd=fleet.folder).status == 0
    assert fleet.verdicts(*PROD) == (0, dict.fromkeys(("one", "two", "three"), "holds"))


def test_a_record_keeps_no_exception_alive(fleet: Fleet) -> None:
    fleet.write(one=EXCEPTION)
    assert fleet.verdicts(*PROD, "--today", "2026-11-15") == (0, {"one": "holds"})
    assert fleet.verdicts(*PROD, "--today", "2026-11-16") == (1, {"one": "invalid"})
    assert fleet.verdicts(*PROD, "--today", "2026-11-15") == (0, {"one": "holds, recorded"})


def test_a_damaged_record_is_told_and_its_cluster_proved_again(fleet: Fleet) -> None:
    fleet.write(one=DNS % 1, two=DNS % 2)
    fleet.verify(*PROD)
    first, second = fleet.records()
    whole = first.read_bytes()
    first.write_bytes(whole[: len(whole) // 2])
    result = fleet.verify(*PROD)
    assert result.status == 0
    assert f"build/fleet/{first.name} is not what was recorded there; it is proved again" in result.err
    assert "helm processes: 1; 1 were proved before" in result.err
    assert first.read_bytes() == whole
    assert fleet.records() == [first, second]


def test_a_record_that_cannot_be_kept_costs_no_verdict(fleet: Fleet) -> None:
    fleet.write(one=DNS % 1)
    (fleet.folder / "build").write_text("in the way", encoding="utf-8")
    result = fleet.verify(*PROD)
    assert (result.status, result.out.splitlines()[-1]) == (0, "fleet of 1: 1 hold")
    assert "no record can be kept there" in result.err


def test_what_reads_the_values_is_part_of_what_a_proof_rests_on(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.write(one=DNS % 1)
    fleet.verify(*PROD)
    for part, other in (("sys.version", "3.99.0 (main)"), ("yaml.__version__", "9"), ("yaml.__with_libyaml__", None)):
        with monkeypatch.context() as patch:
            patch.setattr(part, other)
            assert fleet.verdicts(*PROD) == (0, {"one": "holds"}), part
    assert fleet.verdicts(*PROD) == (0, {"one": "holds, recorded"})


def test_another_helm_behind_the_same_wrapper_proves_anew(fleet: Fleet, helm: Helm, tmp_path: Path) -> None:
    wrapper = tmp_path / "helm"
    wrapper.write_text(
        f'#!/bin/sh\n{helm.executable} "$@" || exit\n[ "$1" != version ] || echo "$BUILD"\n', encoding="utf-8"
    )
    wrapper.chmod(0o755)
    fleet.write(one=DNS % 1)
    for build, helm_processes in (("a", 1), ("a", 0), ("b", 1)):
        result = fleet.verify(*PROD, env={"HELM": str(wrapper), "BUILD": build})
        assert result.status == 0
        assert f"helm processes: {helm_processes}" in result.err
