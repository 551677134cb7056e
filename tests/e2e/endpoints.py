"""Who can be at an end of a packet in the running cluster: its pods, the hosts outside, the control plane."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.e2e.addresses import API_PORT, API_SERVICE, NODE_IPV4, NODE_IPV6
from tests.e2e.errors import ClusterError
from tests.e2e.inside.network import OUTSIDE
from tests.e2e.patience import patient
from tests.e2e.prober import Source
from tests.e2e.probing import Target
from tests.e2e.session import Cluster, Hosts

_PATIENCE = patient(120.0)


class Kind(StrEnum):
    """POD: a stand-in; DNS: the real name service; HOST: outside the cluster; CONTROL: the API server's node."""

    POD = "pod"
    DNS = "dns"
    HOST = "host"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end. A pod has a namespace and labels; `network` is the file of its network namespace, if it is a source.

    `name` is what answers there; on the API server's node the address does. The name service and the API server do not
    speak a stand-in's language.
    """

    kind: Kind
    name: str
    addresses: Mapping[int, str]
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    network: str = ""

    @property
    def source(self) -> Source:
        """Where its packets start."""
        return Source(self.network, tuple(self.addresses.values()) if self.kind is Kind.HOST else ())

    def targets(self, ports: Sequence[int]) -> list[Target]:
        """All that it listens on: each address, port and protocol."""
        return [target for address in self.addresses.values() for target in self._at(address, ports)]

    def _at(self, address: str, ports: Sequence[int]) -> list[Target]:
        if self.kind is Kind.DNS:
            return [Target(address, 53, "TCP", ""), Target(address, 53, "DNS over UDP", API_SERVICE)]
        name = address if self.kind is Kind.CONTROL else self.name
        listens = [Target(address, port, protocol, name) for port in ports for protocol in ("TCP", "UDP")]
        if self.kind is not Kind.CONTROL:
            return listens
        return [Target(address, API_PORT, "TCP", ""), *(target for target in listens if target.port != API_PORT)]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def endpoints(cluster: Cluster, hosts: Hosts, expected_pods: int) -> list[Endpoint]:
    """Everybody, once `expected_pods` stand-ins run and answer. Raises ClusterError where they never do."""
    running = _running_pods(cluster, expected_pods)
    processes = _processes(cluster)
    found = [_pod(item, processes) for item in running]
    found += [_host(address) for address in hosts.addresses]
    return [*found, control_plane()]


def control_plane() -> Endpoint:
    """The node of the API server, on which a stand-in listens on the other ports."""
    return Endpoint(Kind.CONTROL, "the API server", {4: NODE_IPV4, 6: NODE_IPV6})


def _running_pods(cluster: Cluster, expected: int) -> list[Mapping[str, Any]]:
    deadline = time.monotonic() + _PATIENCE
    while True:
        pods = [
            item
            for item in cluster.get("pods", "--all-namespaces")["items"]
            if "deletionTimestamp" not in item["metadata"]
        ]
        running = [item for item in pods if item["status"]["phase"] == "Running" and len(item["status"]["podIPs"]) == 2]
        if len(running) == len(pods) >= expected:
            return running
        if time.monotonic() > deadline:
            late = sorted(item["metadata"]["name"] for item in pods if item not in running)
            raise ClusterError(f"{len(running)} of {expected} pods run; not: {', '.join(late)}")
        time.sleep(0.5)


def _processes(cluster: Cluster) -> dict[str, str]:
    """The process of each container, as the cluster numbers processes."""
    lines = cluster.run("ctr", "--namespace", "k8s.io", "tasks", "list").stdout.splitlines()[1:]
    return {fields[0]: fields[1] for fields in map(str.split, lines) if fields[2] == "RUNNING"}


def _pod(item: Mapping[str, Any], processes: Mapping[str, str]) -> Endpoint:
    metadata, status = item["metadata"], item["status"]
    container = status["containerStatuses"][0]
    process = processes[container["containerID"].removeprefix("containerd://")]
    addresses = {6 if ":" in entry["ip"] else 4: entry["ip"] for entry in status["podIPs"]}
    is_dns = container["name"] == "coredns"
    return Endpoint(
        Kind.DNS if is_dns else Kind.POD,
        metadata["name"],
        addresses,
        metadata["namespace"],
        metadata.get("labels", {}),
        f"/proc/{process}/ns/net",
    )


def _host(address: str) -> Endpoint:
    return Endpoint(Kind.HOST, address, {6 if ":" in address else 4: address}, network=f"/run/netns/{OUTSIDE}")


def pairs(found: Iterable[Endpoint]) -> list[tuple[Endpoint, Endpoint]]:
    """Every ordered pair that is a question: not an end with itself, and not two ends outside the cluster.

    What a node sends to its own pods is outside the claim, so that the control plane is no source.
    """
    everybody = list(found)
    outside = (Kind.HOST, Kind.CONTROL)
    return [
        (source, destination)
        for source in everybody
        if source.kind is not Kind.CONTROL
        for destination in everybody
        if source is not destination and not (source.kind in outside and destination.kind in outside)
    ]
