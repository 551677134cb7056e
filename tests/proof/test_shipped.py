"""The policies that Red Kite's own deployment applies, against the matrix: each known difference is found as packets.

The numbers are those of the list of differences that the project began with. Numbers that are left out concern no
packet (files that are never chosen, objects that stay behind, pictures), or hold in the matrix as well.
"""

from __future__ import annotations

import json
from functools import cache

import pytest
from click.testing import CliRunner

from netmatrix.cli.verify import command
from tests.support.scenarios import ROOT

SHIPPED = ROOT / "tests" / "proof" / "shipped"
OPERATIONAL = ("-f", "values/operational.yaml")
MOVED = ("--set", "pods.orchestrator.ports.http=8080")
CARRIER_GRADE = ("--set", "endpoints.internet.additionalExcept.shared=100.64.0.0/10")
OF_THE_CHART = "kafka-of-the-chart.yaml"

GAINED, LOST = True, False
ANY_SYSTEM_POD = "any other pod of namespace kube-system"
DNS = "dns (pods of kube-system)"
ADDRESSES = "addresses"

DIFFERENCES = [
    ("1: the UI's policy selects a label that no pod carries", (), LOST, ADDRESSES, "ui", "TCP", 443),
    ("1: and so does Jobs Manager's peer", (), LOST, "ui", "jobs-manager", "TCP", 3000),
    ("1: whoever takes that label is open to the world", (), GAINED, ADDRESSES, "component=ui-prod", "TCP", 80),
    ("2: the UI cannot ask DNS", (), LOST, "ui", DNS, "UDP", 53),
    ("3: the consumer reaches no database", OPERATIONAL, LOST, "jobs-consumer", "mongo", "TCP", 27017),
    ("3: nor the queue", OPERATIONAL, LOST, "jobs-consumer", "kafka", "TCP", 9092),
    ("3: nor DNS", OPERATIONAL, LOST, "jobs-consumer", DNS, "UDP", 53),
    ("5: jobs reach other pods on 80", (), GAINED, "jobs", "component=ui-prod", "TCP", 80),
    ("6: the Orchestrator cannot reach the API", (), LOST, "orchestrator", ADDRESSES, "TCP", 443),
    ("6: but every system pod on 443", (), GAINED, "orchestrator", ANY_SYSTEM_POD, "TCP", 443),
    ("7: no DNS over TCP", (), LOST, "cron", DNS, "TCP", 53),
    ("7: and every system pod over UDP", (), GAINED, "cron", ANY_SYSTEM_POD, "UDP", 53),
    ("8: members of Mongo do not reach each other", (), LOST, "mongo", "mongo", "TCP", 27017),
    ("8: nor DNS", OPERATIONAL, LOST, "mongo", DNS, "UDP", 53),
    ("9: Kafka of its own chart: controllers are cut off", (OF_THE_CHART,), LOST, "kafka", "kafka", "TCP", 9093),
    ("9: clients from anywhere", (OF_THE_CHART,), GAINED, ADDRESSES, "kafka", "TCP", 9094),
    ("9: and out to anywhere", (OF_THE_CHART,), GAINED, "kafka", ADDRESSES, "UDP", 53),
    ("10: Jobs Manager cannot fetch its templates", OPERATIONAL, LOST, "jobs-manager", ADDRESSES, "TCP", 443),
    ("11: the Orchestrator's image listens elsewhere", MOVED, LOST, "jobs", "orchestrator", "TCP", 8080),
    ("12: shared address space is open to jobs", CARRIER_GRADE, GAINED, "jobs", ADDRESSES, "TCP", 22),
    ("13: jobs ask DNS, which the tables do not say", (), GAINED, "jobs", DNS, "UDP", 53),
    ("13: and reach IPv6", (), GAINED, "jobs", ADDRESSES, "SCTP", 7),
]


@cache
def verdict(more: tuple[str, ...]) -> tuple[dict[str, object], ...]:
    """The counter-examples that `netmatrix verify` prints as JSON."""
    text = (SHIPPED / "prod.yaml").read_text(encoding="utf-8")
    arguments = list(more)
    if OF_THE_CHART in more:
        arguments.remove(OF_THE_CHART)
        documents = [item for item in text.split("---\n") if "metadata: {name: kafka," not in item]
        text = "---\n".join([*documents, (SHIPPED / OF_THE_CHART).read_text(encoding="utf-8")])
    given = ["--environment", "prod", "--manifests", "-", "--format", "json", "--matrix", str(ROOT / "matrix.yaml")]
    arguments = [str(ROOT / item) if item.startswith("values/") else item for item in arguments]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        result = CliRunner().invoke(command, [*given, *arguments], input=text, standalone_mode=False)
    assert result.exception is None, result.exception
    data = json.loads(result.stdout)
    assert data["holds"] is False
    return tuple(data["counterExamples"])


@pytest.mark.parametrize(
    ("more", "gained", "source", "destination", "protocol", "port"),
    [case[1:] for case in DIFFERENCES],
    ids=[case[0] for case in DIFFERENCES],
)
def test_the_known_difference_is_found(
    more: tuple[str, ...], gained: bool, source: str, destination: str, protocol: str, port: int
) -> None:
    assert any(
        item["allowed"] is gained
        and is_named(str(item["source"]), source)
        and is_named(str(item["destination"]), destination)
        and any(first <= port <= last for first, last in item["ports"].get(protocol, ()))  # type: ignore[attr-defined]
        for item in verdict(more)
    )


def is_named(name: str, wanted: str) -> bool:
    """A label is looked for in the name; all else is the whole of it."""
    return wanted in name if "=" in wanted else name == wanted


def test_shared_address_space_is_a_difference_only_where_values_except_it() -> None:
    def reaches(item: dict[str, object]) -> bool:
        ranges = item["destinationAddresses"].get("IPv4", [])  # type: ignore[attr-defined]
        return item["source"] == "jobs" and item["destination"] == ADDRESSES and "100.64.0.0-100.127.255.255" in ranges

    assert any(map(reaches, verdict(CARRIER_GRADE)))
    assert not any(map(reaches, verdict(())))
