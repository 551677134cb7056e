"""Manifests with one thing changed: `verify` kills each that changes a packet, and no other.

A share of the mutants; `make mutants` judges all and prints the count.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.proof.judging import SCENARIOS, mutants, outcome, subject
from tests.proof.mutants import OPERATORS
from tests.support.scenarios import Scenario
from tests.support.shares import quick_and_long

CHANGES_NOTHING = {"reorder", "duplicate a rule"}


def test_there_are_operators_enough() -> None:
    assert len(OPERATORS) >= 20


@quick_and_long("share", 135, 45)
@pytest.mark.parametrize("number", range(len(SCENARIOS)), ids=map(str, SCENARIOS))
def test_verify_kills_every_mutant_that_changes_a_packet(number: int, share: int) -> None:
    of = subject(SCENARIOS[number])
    chosen = [mutant for at, mutant in enumerate(mutants(of)) if at % share == number]
    found = Counter((mutant.operator in CHANGES_NOTHING, outcome(of, mutant)) for mutant in chosen)
    assert found[False, "killed"] > len(chosen) / 4
    assert found[True, "killed"] == 0


@pytest.mark.parametrize("operator", sorted(OPERATORS.keys() - CHANGES_NOTHING))
def test_each_operator_makes_a_mutant_that_is_killed(operator: str) -> None:
    for scenario in (Scenario("prod"), Scenario("prod", cluster="with-exception")):
        of = subject(scenario)
        for mutant in mutants(of):
            if mutant.operator == operator and outcome(of, mutant, effort=100) in ("killed", "refused"):
                return
    pytest.fail("none of its mutants changes a packet")
