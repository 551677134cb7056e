"""The API server is found where this cluster has it: the Orchestrator reaches it, and nothing else of the node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netmatrix.matrix.model import Matrix
from tests.e2e import packets, release
from tests.e2e.accounts import ANYTHING, Account, Rule
from tests.e2e.addresses import API_PORT, API_SERVICE, NODE_IPV4, NODE_IPV6
from tests.e2e.comparison import closed, disagreements
from tests.e2e.conftest import World
from tests.e2e.endpoints import Endpoint, Kind
from tests.e2e.installation import NAMESPACE, arguments, install
from tests.e2e.packets import Packet
from tests.e2e.probing import Result, Target
from tests.e2e.release import PROD
from tests.e2e.session import Cluster
from tests.e2e.workloads import APP, UNRELATED

pytestmark = pytest.mark.e2e

KUBELET, KUBE_PROXY = 10250, 10256
CONTROL_PLANE = [(NODE_IPV4, API_PORT), (NODE_IPV6, API_PORT), (NODE_IPV4, KUBELET), (NODE_IPV4, KUBE_PROXY)]

_POLICIES: Rule = {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["*"]}
_NAMESPACES: Rule = {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "create"]}
NEARLY = Account("installer", UNRELATED, everywhere=(_POLICIES, _NAMESPACES), within={APP: (ANYTHING,)})
"""Who may do all that an install needs, but look the API server's endpoints up."""


@pytest.fixture
def nearly(bare: World) -> Cluster:
    """The cluster without the chart, and that account in it."""
    bare.cluster.apply(list(NEARLY.objects()))
    return bare.cluster


def test_the_orchestrator_reaches_the_discovered_endpoint_and_no_more_of_the_control_plane(
    bare: World, matrix: Matrix
) -> None:
    asked = list(_to_the_control_plane(bare))
    assert closed(packets.send(bare.cluster, asked, lambda _: True)) == []
    expected = install(bare.cluster, matrix, [PROD])
    name = f"redkite-flow-orchestrator-to-kubernetes-api-egress-{API_PORT}"
    (discovered,) = release.specs(bare.cluster)[APP, name]["egress"]
    assert discovered["to"] == [{"ipBlock": {"cidr": f"{NODE_IPV4}/32"}}]
    assert discovered["ports"] == [{"protocol": "TCP", "port": API_PORT}]
    seen = packets.send(bare.cluster, asked, expected.engine)
    assert list(map(str, disagreements(seen, expected))) == []
    reached = [(packet.source.name, packet.target) for packet, result in seen.results if result is Result.OPEN]
    assert {name.partition("-")[0] for name, _ in reached} == {"orchestrator"}
    assert {(target.address, target.port) for _, target in reached} == {(NODE_IPV4, API_PORT), (API_SERVICE, 443)}


def test_a_forbidden_look_up_is_explained_and_changes_nothing(nearly: Cluster) -> None:
    refused = nearly.helm("install", *arguments([PROD]), *NEARLY.options, check=False)
    assert refused.status != 0
    assert "endpointslices.discovery.k8s.io is forbidden" in refused.stderr
    assert f'User "system:serviceaccount:{UNRELATED}:installer" cannot list' in refused.stderr
    assert 'in the namespace "default"' in refused.stderr
    assert release.policies(nearly) == {}


def test_with_discovery_off_the_same_account_installs(nearly: Cluster) -> None:
    off = ("--set", "endpoints.kubernetes-api.discover=false")
    done = nearly.helm("install", *arguments([PROD]), *off, *NEARLY.options)
    assert "discovery is off" in done.stdout
    assert release.policies(nearly)


def _to_the_control_plane(world: World) -> Iterator[Packet]:
    """From every pod of the application's namespace: requests through the Service, and connections to the node."""
    node = Endpoint(Kind.CONTROL, "the control plane", {4: NODE_IPV4, 6: NODE_IPV6})
    for source in world.endpoints:
        if source.namespace == NAMESPACE:
            for address, port in CONTROL_PLANE:
                target = Target(address, port, "TCP", "")
                yield Packet(source, node, target, target)
            yield from (item for item in world.questions if item.source is source and item.target.protocol == "HTTPS")
