"""Each named divergence of the data plane, shown; and that the way in which the chart avoids it does avoid it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from netmatrix.policy import parse_manifests
from netmatrix.policy.packet import judge_packet
from tests.e2e import packets
from tests.e2e.conftest import World
from tests.e2e.divergences import DIVERGENCES, Divergence, Spec, objects
from tests.e2e.enforcement import settle
from tests.e2e.expectation import MODEL, judged
from tests.e2e.packets import Packet
from tests.e2e.probing import Result
from tests.e2e.workloads import UNRELATED

pytestmark = pytest.mark.e2e


@pytest.fixture(params=DIVERGENCES, ids=lambda item: item.name)
def divergence(request: pytest.FixtureRequest, world: World) -> Iterator[Divergence]:
    """A divergence; no policy of it stays."""
    yield request.param
    world.cluster.kubectl("delete", "networkpolicies", "--all", "--namespace", UNRELATED)
    settle(world.cluster)


def test_the_data_plane_differs_from_the_documentation_as_the_list_says(divergence: Divergence, world: World) -> None:
    documented, found = _outcome(divergence, divergence.policies, world)
    assert not any(documented)
    assert all(found)


def test_where_the_chart_goes_another_way_the_two_agree(divergence: Divergence, world: World) -> None:
    documented, found = _outcome(divergence, divergence.avoided, world)
    assert found == documented
    assert not any(found)


def _outcome(divergence: Divergence, policies: Mapping[str, Spec], world: World) -> tuple[list[bool], list[bool]]:
    """For each packet between pods of the namespace: whether the documentation allows it, whether it arrived."""
    manifests = objects(policies)
    world.cluster.apply(manifests)
    settle(world.cluster)
    asked = [packet for packet in world.questions if _is_within(packet, divergence.family)]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    read = parse_manifests(text.encode(), "policies").policies
    documented = [all(end.allowed for end in judge_packet(read, judged(packet), MODEL)) for packet in asked]
    found = packets.send(world.cluster, asked, lambda _: False)
    assert asked
    assert Result.BROKEN not in {result for _, result in found.results}
    return documented, [result.let_in for _, result in found.results]


def _is_within(packet: Packet, family: int) -> bool:
    ends = (packet.source.namespace, packet.destination.namespace)
    return ends == (UNRELATED, UNRELATED) and packet.target.family == family
