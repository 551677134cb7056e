"""What a packet ought to do: as the engine reads the installed manifests, and as the matrix grants it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import cache
from ipaddress import ip_address

from netmatrix.policy.addresses import Family
from netmatrix.policy.objects import Namespace, NetworkPolicy
from netmatrix.policy.packet import EndVerdict, Party, judge_packet
from netmatrix.policy.packet import Packet as Judged
from netmatrix.policy.ports import Protocol
from netmatrix.policy.read import namespace
from netmatrix.policy.semantics import Model
from netmatrix.proof.grants import Granted
from netmatrix.proof.judge import grants_of_packet
from tests.e2e import alike
from tests.e2e.endpoints import Endpoint
from tests.e2e.packets import Packet

MODEL = Model(ipblock_matches_pods=True)
"""kube-router's: its ipBlocks match the addresses of pods."""


class Engine:
    """What the engine reads in a set of manifests."""

    def __init__(self, policies: tuple[NetworkPolicy, ...]) -> None:
        self.policies = policies
        self._alike = alike.to_policies(policies)
        self._known: dict[Hashable, tuple[EndVerdict, EndVerdict]] = {}
        self._selecting: dict[tuple[str, frozenset[tuple[str, str]]], tuple[NetworkPolicy, ...]] = {}

    def allows(self, packet: Packet) -> bool:
        """Whether the policies allow it."""
        return all(end.allowed for end in self.ends(packet))

    def ends(self, packet: Packet) -> tuple[EndVerdict, EndVerdict]:
        """What the policies of its source and of its destination say to it."""
        key = self._alike.key(packet)
        if key not in self._known:
            relevant = (*self.selecting(packet.source), *self.selecting(packet.destination))
            self._known[key] = judge_packet(relevant, judged(packet), MODEL)
        return self._known[key]

    def selecting(self, endpoint: Endpoint) -> tuple[NetworkPolicy, ...]:
        """The policies that select an endpoint; others have no say in what it does."""
        key = (endpoint.namespace, frozenset(endpoint.labels.items()))
        if key not in self._selecting:
            self._selecting[key] = tuple(_selecting(self.policies, endpoint))
        return self._selecting[key]


class Expectation:
    """The answers for one set of manifests and one set of values."""

    def __init__(self, policies: tuple[NetworkPolicy, ...], granted: Granted) -> None:
        self.policies = policies
        self._engine = Engine(policies)
        self._granted = granted
        self._alike = alike.to_grants(granted)
        self._known: dict[Hashable, bool] = {}

    def engine(self, packet: Packet) -> bool:
        """Whether the policies allow it."""
        return self._engine.allows(packet)

    def matrix(self, packet: Packet) -> bool:
        """Whether the matrix grants it."""
        key = self._alike.key(packet)
        if key not in self._known:
            found = grants_of_packet(self._granted, judged(packet), MODEL)
            self._known[key] = all(end.granted for end in found)
        return self._known[key]


def _selecting(policies: Iterable[NetworkPolicy], endpoint: Endpoint) -> Iterable[NetworkPolicy]:
    for policy in policies:
        if policy.namespace == endpoint.namespace and policy.pod_selector.matches(endpoint.labels):
            yield policy


def judged(packet: Packet) -> Judged:
    """The packet in the terms of the engine."""
    family = Family(packet.arrives.family)
    return Judged(
        source=_party(packet.source, packet.source.addresses[family]),
        destination=_party(packet.destination, packet.arrives.address),
        family=family,
        protocol=Protocol(packet.arrives.transport),
        port=packet.arrives.port,
    )


def _party(endpoint: Endpoint, address: str) -> Party:
    if not endpoint.namespace:
        return Party(_number(address))
    return Party(_number(address), _namespace(endpoint.namespace), endpoint.labels, frozenset())


@cache
def _number(address: str) -> int:
    return int(ip_address(address))


@cache
def _namespace(name: str) -> Namespace:
    return namespace(name, {}, None)
