"""Everybody who is in and around the running cluster, made up: for what is computed about them without one."""

from __future__ import annotations

from netmatrix.matrix.model import Matrix
from tests.e2e import hosts, packets, workloads
from tests.e2e.endpoints import Endpoint, Kind, control_plane
from tests.e2e.inside import dns
from tests.e2e.packets import Packet


def crowd(matrix: Matrix) -> list[Packet]:
    """All that the packet matrix asks, in its order; the requests through Services are left out."""
    outside = hosts.hosts(matrix)
    found = [
        Endpoint(
            Kind.POD,
            f"{item.name}-{replica}",
            {4: f"10.244.{number}.{replica}", 6: f"fd00:244::{number}:{replica}"},
            item.namespace,
            {**item.labels, **({"replica": str(replica)} if item.kind == "StatefulSet" else {})},
        )
        for number, item in enumerate(workloads.ALL)
        for replica in range(1, item.replicas + 1)
    ]
    found += [
        Endpoint(
            Kind.DNS,
            f"{dns.NAME}-{replica}",
            {4: f"10.244.200.{replica}", 6: f"fd00:244::200:{replica}"},
            dns.NAMESPACE,
            dns.LABELS,
        )
        for replica in range(1, dns.REPLICAS + 1)
    ]
    found += [Endpoint(Kind.HOST, address, {6 if ":" in address else 4: address}) for address in outside.addresses]
    return packets.packets([*found, control_plane()], outside.ports)
