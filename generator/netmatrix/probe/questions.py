"""What is asked: a connection from a pod of the run to an address, with what the matrix says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from netmatrix.policy.addresses import Family, address_text, host_port
from netmatrix.policy.packet import Packet, Party
from netmatrix.policy.ports import Protocol
from netmatrix.policy.read import namespace
from netmatrix.probe.cast import Actor
from netmatrix.proof.exactly import MODELS
from netmatrix.proof.grants import Granted
from netmatrix.proof.judge import grants_of_packet

Addresses = Mapping[Family, str]

NAME_SERVICE_PORTS = (53, 5353)
"""Where a name service listens over UDP; 5353 is OpenShift's."""

CLUSTER_NAME = "kubernetes.default.svc"
"""A name that every cluster has (Kubernetes documentation, "Accessing the API from within a Pod")."""


class Outcome(StrEnum):
    """What the matrix says of a connection, or what became of it.

    EITHER: it depends on the network plugin, on whether its ipBlocks match pods, or on whether it judges a Service's
    address or that of who answers for it.
    """

    OPEN = "open"
    REFUSED = "refused"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Question:
    """One connection. `address` is what the source connects to; a name instead is a query to the name service.

    `is_outside` tells that nobody of the run answers there, so that a control is needed: whether anybody can reach it.
    """

    source: str
    destination: str
    protocol: Protocol
    port: int
    family: Family
    address: str
    expected: Outcome
    is_outside: bool = False
    is_query: bool = False

    @property
    def target(self) -> str:
        """What is asked, whoever asks."""
        return f"{'query' if self.is_query else 'connection'} {self.protocol} {self.address}"

    @property
    def end(self) -> str:
        """What of the destination is asked, in words."""
        over = "query" if self.is_query else f"IPv{int(self.family)}"
        return f"{self.protocol} {self.port} ({over})"

    def __str__(self) -> str:
        return f"{self.source} -> {self.destination}, {self.end}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row or an endpoint of the matrix that is not asked about, or not on every port, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Answering:
    """Pods of the cluster that are an endpoint of the matrix, such as the name service's.

    `ports` are those that flows name; `others` are more TCP ports on which the pods say that they listen.
    """

    endpoint: str
    namespace: str
    labels: Mapping[str, str]
    addresses: Addresses
    ports: tuple[tuple[Protocol, int], ...]
    others: tuple[int, ...] = ()

    @property
    def queried(self) -> tuple[int, ...]:
        """The UDP ports that answer a query."""
        return tuple(port for protocol, port in self.ports if protocol is Protocol.UDP and port in NAME_SERVICE_PORTS)

    @property
    def left_out(self) -> Iterator[LeftOut]:
        """The UDP ports of other services, whose silence would say nothing."""
        for protocol, port in self.ports:
            if protocol is Protocol.UDP and port not in NAME_SERVICE_PORTS:
                yield LeftOut(self.endpoint, f"UDP {port}: a run has no question that its service would answer")


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """A Service by its own addresses and port, and those who answer for it, to whom plugins may find it translated."""

    endpoint: str
    addresses: Addresses
    port: int
    behind: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Outside:
    """An address outside the cluster and a TCP port, as the operator named them."""

    address: str
    port: int


def to_itself(actor: Actor, addresses: Addresses) -> Iterator[Question]:
    """Whether a pod listens: no policy stands between a pod and its own address.

    On every port over one family; what listens there listens to the other too, of which one port is asked.
    """
    for index, (family, address) in enumerate(addresses.items()):
        for port in actor.ports[: None if index == 0 else 1]:
            for protocol in (Protocol.TCP, Protocol.UDP):
                where = host_port(address, port)
                yield Question(actor.title, actor.title, protocol, port, family, where, Outcome.OPEN)


def questions(
    granted: Granted,
    actors: Sequence[Actor],
    running: Mapping[str, Addresses],
    answering: Iterable[Answering] = (),
    services: Iterable[ServiceAddress] = (),
    outside: Iterable[Outside] = (),
) -> tuple[Question, ...]:
    """Everything that is asked, once it is known at which addresses the pods of the run are (`running`, by id)."""
    asking = [actor for actor in actors if actor.asks]
    found: list[Question] = []
    for source in asking:
        ends = _Source(granted, source, running[source.id])
        for destination in actors:
            if destination.id != source.id and destination.twin in (None, source.id):
                found += ends.to_actor(destination, running[destination.id])
        for pods in answering:
            found += ends.to_pods(pods)
        for service in services:
            found += ends.to_service(service)
        for item in outside:
            found += ends.to_outside(item)
    return tuple(found)


def by_family(addresses: Iterable[str]) -> dict[Family, str]:
    """Addresses by their family, in the canonical form."""
    parsed = [ip_address(address) for address in addresses]
    return {Family(item.version): address_text(Family(item.version), int(item)) for item in parsed}


class _Source:
    """One who asks."""

    def __init__(self, granted: Granted, actor: Actor, addresses: Addresses) -> None:
        self._granted, self._actor, self._addresses = granted, actor, addresses

    def to_actor(self, other: Actor, addresses: Addresses) -> Iterator[Question]:
        """A connection on each of the ports that stand for all, over each family that both have."""
        for family, address in self._shared(addresses):
            party = _pod(address, other.namespace, other.labels)
            said = {
                (protocol, port): self._expected(party, family, protocol, port)
                for port in other.ports
                for protocol in (Protocol.TCP, Protocol.UDP)
            }
            for protocol, port in self._standing_for_all(other, said):
                expected = said[protocol, port]
                yield self._question(other.title, protocol, port, family, address, expected)

    def _standing_for_all(
        self, other: Actor, said: Mapping[tuple[Protocol, int], Outcome]
    ) -> Iterable[tuple[Protocol, int]]:
        """The protocols and ports of another pod that must be asked, of all those on which it listens.

        Each of them where one end alone restricts the connection, since the other would hide nothing that it opens, and
        where something is granted between the two, since a fault in that grant opens both ends. Where both ends refuse
        everything, what opens both is no matter of one port: over TCP a row's own, or one that nobody names, and over
        UDP one.
        """
        if not {self._actor.namespace, other.namespace} <= set(self._granted.governed):
            return said
        if any(expected is not Outcome.REFUSED for expected in said.values()):
            return said
        ports = other.ports if other.labels else other.ports[-1:]
        return [*((Protocol.TCP, port) for port in ports), (Protocol.UDP, ports[0])]

    def to_pods(self, pods: Answering) -> Iterator[Question]:
        """A connection on each TCP port, and a query on each UDP port of a name service; others would not answer."""
        named = [(pods.endpoint, port) for protocol, port in pods.ports if protocol is Protocol.TCP]
        others = [(f"{pods.endpoint} (another port)", port) for port in pods.others]
        for family, address in self._shared(pods.addresses):
            party = _pod(address, pods.namespace, pods.labels)
            for title, port in (*named, *others):
                expected = self._expected(party, family, Protocol.TCP, port)
                yield self._question(title, Protocol.TCP, port, family, address, expected, is_outside=True)
        for port in pods.queried:
            shared = next(self._shared(pods.addresses), None)
            if shared is not None:
                family, address = shared
                expected = self._expected(_pod(address, pods.namespace, pods.labels), family, Protocol.UDP, port)
                yield Question(
                    *(self._actor.title, pods.endpoint, Protocol.UDP, port, family, f"{CLUSTER_NAME}:443", expected),
                    is_outside=True,
                    is_query=True,
                )

    def to_service(self, service: ServiceAddress) -> Iterator[Question]:
        """Through the Service's own address. Plugins judge the packet before or after its translation."""
        for family, address in self._shared(service.addresses):
            behind = [(end, port) for end, port in service.behind if ip_address(end).version == family]
            ends = [(Party(int(ip_address(end))), port) for end, port in [(address, service.port), *behind]]
            said = {self._expected(party, family, Protocol.TCP, port) for party, port in ends}
            expected = said.pop() if len(said) == 1 else Outcome.EITHER
            yield self._question(
                service.endpoint, Protocol.TCP, service.port, family, address, expected, is_outside=True
            )

    def to_outside(self, item: Outside) -> Iterator[Question]:
        for family, address in self._shared(by_family([item.address])):
            expected = self._expected(Party(int(ip_address(address))), family, Protocol.TCP, item.port)
            yield self._question(item.address, Protocol.TCP, item.port, family, address, expected, is_outside=True)

    def _shared(self, addresses: Addresses) -> Iterator[tuple[Family, str]]:
        return ((family, address) for family, address in addresses.items() if family in self._addresses)

    def _question(
        self,
        destination: str,
        protocol: Protocol,
        port: int,
        family: Family,
        address: str,
        expected: Outcome,
        *,
        is_outside: bool = False,
    ) -> Question:
        where = host_port(address, port)
        return Question(self._actor.title, destination, protocol, port, family, where, expected, is_outside)

    def _expected(self, destination: Party, family: Family, protocol: Protocol, port: int) -> Outcome:
        """What the matrix says in both models of ipBlock."""
        own = _pod(self._addresses[family], self._actor.namespace, self._actor.labels)
        packet = Packet(own, destination, family, protocol, port)
        said = {all(end.granted for end in grants_of_packet(self._granted, packet, model)) for model in MODELS}
        if len(said) > 1:
            return Outcome.EITHER
        return Outcome.OPEN if said.pop() else Outcome.REFUSED


def _pod(address: str, name: str, labels: Mapping[str, str]) -> Party:
    return Party(int(ip_address(address)), namespace(name, {}, None), labels, frozenset())
