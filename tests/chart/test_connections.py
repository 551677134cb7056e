"""What the chart opens, connection by connection, against tables written by hand from Red Kite's documentation."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.chart.conftest import ObjectsOf, TextOf
from tests.chart.expected import COMMON, ONLY, OPERATIONAL, rows, table
from tests.support.connections import Names, connections
from tests.support.scenarios import ENVIRONMENTS, Scenario

EACH_ENVIRONMENT = pytest.mark.parametrize("environment", ENVIRONMENTS)


@EACH_ENVIRONMENT
def test_an_environment_opens_the_documented_connections_and_no_other(
    objects: ObjectsOf, pod_names: Names, environment: str
) -> None:
    opened = connections(objects(Scenario(environment)), pod_names)
    assert opened == table(COMMON + ONLY[environment])


@EACH_ENVIRONMENT
def test_the_operational_overlay_opens_its_connections_and_no_other(
    objects: ObjectsOf, pod_names: Names, environment: str
) -> None:
    opened = connections(objects(Scenario(environment, operational=True)), pod_names)
    assert opened == table(COMMON + ONLY[environment] + OPERATIONAL)


@EACH_ENVIRONMENT
def test_every_rule_says_in_a_comment_who_may_reach_whom_on_which_ports(text_of: TextOf, environment: str) -> None:
    text = text_of(Scenario(environment, operational=True))
    comments = Counter(
        (who, frozenset(ports.split(", "))) for who, ports in re.findall(r"^ +# ([\w-]+ -> [\w-]+): (.+)$", text, re.M)
    )
    expected = Counter(
        (f"{pod} -> {peer}" if direction == "egress" else f"{peer} -> {pod}", frozenset(ports.split(", ")))
        for pod, direction, peer, ports in rows(COMMON + ONLY[environment] + OPERATIONAL)
    )
    assert comments == expected
    assert "# cron -> mongo: TCP 27017\n" in text
