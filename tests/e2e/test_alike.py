"""Packets that are alike have one answer: found once, it is what the engine and the matrix say to each of them.

Needs no cluster: everybody who could be in it is made up, the policies are those of the golden manifests.
"""

from __future__ import annotations

import pytest

from netmatrix.matrix.model import Matrix
from netmatrix.policy import parse_manifests
from netmatrix.policy.packet import judge_packet
from netmatrix.proof.judge import grants_of_packet
from tests.e2e.crowd import crowd
from tests.e2e.expectation import MODEL, Expectation, judged
from tests.e2e.installation import grants
from tests.e2e.paths import ROOT
from tests.support.shares import long_but

STEP = 7
"""Every so many-th packet is judged alone, which takes a while."""

VALUES = ROOT / "values"
CASES = {
    "prod": ["values-prod.yaml"],
    "dev-operational": ["values-dev.yaml", "operational.yaml"],
    "prod-ingress-controller": ["values-prod.yaml", "clusters/ingress-controller.yaml"],
}


@pytest.mark.parametrize("name", long_but(lambda name: name == "prod", CASES))
def test_every_packet_is_answered_as_if_it_were_the_only_one(name: str, matrix: Matrix) -> None:
    manifests = ROOT / "tests" / "chart" / "golden" / f"{name}.yaml"
    policies = parse_manifests(manifests.read_bytes(), manifests.name).policies
    granted = grants(matrix, [VALUES / file for file in CASES[name]])
    expected, answers = Expectation(policies, granted), set()
    for number, packet in enumerate(crowd(matrix)):
        found = expected.engine(packet), expected.matrix(packet)
        if number % STEP == 0:
            alone = judged(packet)
            engine = all(end.allowed for end in judge_packet(policies, alone, MODEL))
            assert found == (engine, all(end.granted for end in grants_of_packet(granted, alone, MODEL))), str(packet)
            answers.add(engine)
    assert answers == {True, False}
