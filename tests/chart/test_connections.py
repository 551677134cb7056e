"""What the chart opens, connection by connection, against tables written by hand from Red Kite's documentation."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.chart.conftest import ObjectsOf, TextOf
from tests.support.connections import ANY, ANYONE, Connection, Names, connections
from tests.support.scenarios import ENVIRONMENTS, Scenario

NAMES = {
    "outside": ANYONE,
    "kubernetes-api": "10.96.0.1/32",
    "internet": "0.0.0.0/0 except 169.254.169.254/32, 172.16.0.0/12, 192.168.0.0/16, 10.0.0.0/8",
    "internet-ipv6": "2000::/3 except 2001::/32, 2002::/16",
}

COMMON = """
jobs-manager  ingress  cron            TCP 3000
jobs-manager  egress   dns             UDP 53, TCP 53
jobs-manager  egress   kafka           TCP 9092
jobs-manager  egress   mongo           TCP 27017
cron          egress   dns             UDP 53, TCP 53
cron          egress   jobs-manager    TCP 3000
cron          egress   mongo           TCP 27017
mongo         ingress  jobs-manager    TCP 27017
mongo         ingress  cron            TCP 27017
mongo         ingress  mongo           TCP 27017
mongo         egress   mongo           TCP 27017
kafka         ingress  jobs-manager    TCP 9092
kafka         ingress  kafka           TCP 9092, TCP 9093, TCP 9094
kafka         ingress  orchestrator    TCP 9092
kafka         egress   dns             UDP 53, TCP 53
kafka         egress   kafka           TCP 9092, TCP 9093, TCP 9094
orchestrator  ingress  jobs            TCP 80
orchestrator  egress   dns             UDP 53, TCP 53
orchestrator  egress   kubernetes-api  TCP 443
orchestrator  egress   kafka           TCP 9092
jobs          egress   orchestrator    TCP 80
jobs          egress   internet        any port
"""

ONLY = {
    "prod": """
ui            ingress  outside         TCP 80, TCP 443
ui            egress   dns             UDP 53, TCP 53
ui            egress   jobs-manager    TCP 3000
jobs-manager  ingress  ui              TCP 3000
""",
    "dev": """
ui            ingress  outside         TCP 4200
jobs-manager  ingress  outside         TCP 3000
cron          ingress  outside         TCP 3000
mongo         ingress  outside         TCP 27017
""",
}

OPERATIONAL = """
jobs           egress   dns            UDP 53, TCP 53
jobs           egress   internet-ipv6  any port
jobs-manager   egress   internet       TCP 443
mongo          egress   dns            UDP 53, TCP 53
jobs-consumer  egress   dns            UDP 53, TCP 53
jobs-consumer  egress   kafka          TCP 9092
jobs-consumer  egress   mongo          TCP 27017
kafka          ingress  jobs-consumer  TCP 9092
mongo          ingress  jobs-consumer  TCP 27017
"""

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


def rows(text: str) -> list[tuple[str, str, str, str]]:
    """The lines of a table above: pod, direction, peer, ports."""
    found = []
    for line in text.split("\n"):
        if line:
            pod, direction, peer, ports = line.split(maxsplit=3)
            found.append((pod, direction, peer, ports))
    return found


def table(text: str) -> list[Connection]:
    """The lines of a table above as connections, in the reader's order."""
    return sorted(
        Connection(pod, direction, NAMES.get(peer, peer), *((ANY, ANY) if port == "any port" else port.split()))
        for pod, direction, peer, ports in rows(text)
        for port in ports.split(", ")
    )
