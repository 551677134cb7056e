"""What a packet ought to do: as the engine reads the installed manifests, and as the matrix grants it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
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
from tests.e2e.endpoints import Endpoint
from tests.e2e.packets import Packet

MODEL = Model(ipblock_matches_pods=True)
"""kube-router's: its ipBlocks match the addresses of pods."""


@dataclass(slots=True)
class Engine:
    """What the engine reads in a set of manifests."""

    policies: tuple[NetworkPolicy, ...]
    _selecting: dict[tuple[str, frozenset[tuple[str, str]]], tuple[NetworkPolicy, ...]] = field(default_factory=dict)

    def allows(self, packet: Packet) -> bool:
        """Whether the policies allow it."""
        return all(end.allowed for end in self.ends(packet))

    def ends(self, packet: Packet) -> tuple[EndVerdict, EndVerdict]:
        """What the policies of its source and of its destination say to it."""
        relevant = (*self._policies_of(packet.source), *self._policies_of(packet.destination))
        return judge_packet(relevant, judged(packet), MODEL)

    def _policies_of(self, endpoint: Endpoint) -> tuple[NetworkPolicy, ...]:
        """The policies that select an endpoint; others have no say in what it does."""
        key = (endpoint.namespace, frozenset(endpoint.labels.items()))
        if key not in self._selecting:
            self._selecting[key] = tuple(_selecting(self.policies, endpoint))
        return self._selecting[key]


@dataclass(slots=True)
class Expectation:
    """The answers for one set of manifests and one set of values, each computed once."""

    policies: tuple[NetworkPolicy, ...]
    granted: Granted
    _engine: Engine = field(init=False)
    _known: dict[int, _Answers] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._engine = Engine(self.policies)

    def engine(self, packet: Packet) -> bool:
        """Whether the policies allow it."""
        return self._of(packet).engine

    def matrix(self, packet: Packet) -> bool:
        """Whether the matrix grants it."""
        return self._of(packet).matrix

    def _of(self, packet: Packet) -> _Answers:
        """By the packet's identity, which stays its own as long as the answers hold it."""
        if (known := self._known.get(id(packet))) is None:
            granted = all(end.granted for end in grants_of_packet(self.granted, judged(packet), MODEL))
            known = self._known[id(packet)] = _Answers(packet, self._engine.allows(packet), granted)
        return known


@dataclass(frozen=True, slots=True)
class _Answers:
    """What the policies and the matrix say to a packet."""

    packet: Packet
    engine: bool
    matrix: bool


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
        protocol=Protocol(packet.arrives.protocol),
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
