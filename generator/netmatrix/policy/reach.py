"""Who reaches whom: for every ordered pair of pods, and of pods and addresses, the ports that policies leave open.

"For a connection from a source pod to a destination pod to be allowed, both the egress policy on the source pod and
the ingress policy on the destination pod need to allow the connection" (Kubernetes documentation, Network Policies,
"The two sorts of pod isolation"). Answers come as blocks: all pods of one set reach all of another on the same ports.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from netmatrix.policy.addresses import FAMILIES, AddressSet, Family
from netmatrix.policy.bits import Bits, members, without
from netmatrix.policy.collection import without_collection
from netmatrix.policy.objects import Direction, Namespace, Workload
from netmatrix.policy.ports import NO_PORTS, PortSet
from netmatrix.policy.read import Manifests, namespace
from netmatrix.policy.semantics import Model
from netmatrix.policy.traffic import FamilyPorts, TrafficClass, traffic_classes
from netmatrix.policy.universe import Universe

_FEW = 64


@dataclass(frozen=True, slots=True)
class PodBlock:
    """Every pod of `sources` reaches every pod of `destinations` on `ports`.

    `family` is None where the same holds over every family that the two have in common.
    """

    sources: Bits
    destinations: Bits
    ports: PortSet
    family: Family | None = None


@dataclass(frozen=True, slots=True)
class AddressBlock:
    """Every pod of `pods` takes (INGRESS) or opens (EGRESS) connections on `ports`, from or to each of `addresses`."""

    direction: Direction
    pods: Bits
    addresses: AddressSet
    ports: PortSet


class Reach:
    """The answer for one set of manifests in one model."""

    def __init__(self, manifests: Manifests, model: Model | None = None) -> None:
        self.model = model or Model()
        workloads = [pod for pod in manifests.workloads if self.model.host_network_as_pods or not pod.host_network]
        with without_collection():
            self.universe = Universe.of(
                all_namespaces(manifests),
                workloads,
                manifests.policies,
                by_address=self.model.ipblock_matches_pods,
            )
            self.egress = traffic_classes(manifests.policies, Direction.EGRESS, self.universe, self.model)
            self.ingress = traffic_classes(manifests.policies, Direction.INGRESS, self.universe, self.model)
        self._egress_of = _class_of(self.egress)
        self._ingress_of = _class_of(self.ingress)
        self._group_of = {id(pod): at for at, group in enumerate(self.universe.groups) for pod in group.members}
        self._of_family = {family: self.universe.of_family(family) for family in FAMILIES}

    def between_pods(self, source: Workload, destination: Workload, family: Family) -> PortSet:
        """The ports on which one pod reaches another over `family`. A pod always reaches itself: see `pod_blocks`."""
        start, end = self._group_of[id(source)], self._group_of[id(destination)]
        if not (self._of_family[family] >> start & self._of_family[family] >> end & 1):
            return NO_PORTS
        leaving = _ports_to(self.egress[self._egress_of[start]], end)
        entering = _ports_to(self.ingress[self._ingress_of[end]], start)
        return (leaving & entering).of_family(family)

    def pod_blocks(self) -> Iterator[PodBlock]:
        """All connections between pods, disjoint, in blocks.

        Those of a pod with itself are in them like any others: for two replicas of one workload they say what is
        allowed between them. What a pod sends to its own address is another matter: "a pod cannot block access to
        itself" (Kubernetes documentation, Network Policies).
        """
        for leaving, entering in self._pairs():
            for open_out, to in leaving.pods:
                destinations = entering.members & to
                if not destinations:
                    continue
                for open_in, taken_from in entering.pods:
                    sources = leaving.members & taken_from
                    ports = open_out & open_in if sources else None
                    if ports:
                        yield from self._in_common_families(sources, destinations, ports)

    def address_blocks(self) -> Iterator[AddressBlock]:
        """All connections of pods with addresses outside the cluster, which themselves forbid nothing."""
        for direction, classes in ((Direction.INGRESS, self.ingress), (Direction.EGRESS, self.egress)):
            for item in classes:
                for ports, addresses in item.addresses:
                    yield from self._in_own_families(direction, item.members, addresses, ports)

    def _pairs(self) -> Iterator[tuple[TrafficClass, TrafficClass]]:
        """The pairs of an egress and an ingress class between which there may be a connection.

        A class with few peers is found from its peers; only classes that both have many are paired one by one.
        """
        crowded: list[int] = []
        taking_from: dict[int, list[int]] = defaultdict(list)
        for at, entering in enumerate(self.ingress):
            peers = entering.peers()
            if peers.bit_count() > _FEW:
                crowded.append(at)
            else:
                for pod in members(peers):
                    taking_from[pod].append(at)
        for leaving in self.egress:
            peers = leaving.peers()
            if peers.bit_count() <= _FEW:
                found = {self._ingress_of[pod] for pod in members(peers)}
            else:
                found = {at for pod in members(leaving.members) for at in taking_from.get(pod, ())}
                found.update(crowded)
            for at in sorted(found):
                yield leaving, self.ingress[at]

    def _in_common_families(self, sources: Bits, destinations: Bits, ports: FamilyPorts) -> Iterator[PodBlock]:
        """A block for each part of it that has the same families in common."""
        for some, source_families in self._by_families(sources):
            for others, destination_families in self._by_families(destinations):
                common = [family for family in source_families if family in destination_families]
                found = {ports.of_family(family) for family in common}
                if len(found) == 1:
                    open_ports = found.pop()
                    if open_ports:
                        yield PodBlock(some, others, open_ports)
                    continue
                for family in common:
                    if ports.of_family(family):
                        yield PodBlock(some, others, ports.of_family(family), family)

    def _in_own_families(
        self, direction: Direction, pods: Bits, addresses: AddressSet, ports: PortSet
    ) -> Iterator[AddressBlock]:
        for some, families in self._by_families(pods):
            own = addresses if len(families) == len(FAMILIES) else addresses.only(families[0])
            if own:
                yield AddressBlock(direction, some, own, ports)

    def _by_families(self, pods: Bits) -> Iterator[tuple[Bits, tuple[Family, ...]]]:
        """The pods, by the families of which they have addresses."""
        ipv4, ipv6 = self._of_family[Family.IPV4], self._of_family[Family.IPV6]
        parts = (
            (pods & ipv4 & ipv6, FAMILIES),
            (without(pods, ipv6), FAMILIES[:1]),
            (without(pods, ipv4), FAMILIES[1:]),
        )
        return ((bits, families) for bits, families in parts if bits)


def all_namespaces(manifests: Manifests) -> dict[str, Namespace]:
    """The namespaces of the input, and those that are only spoken of."""
    found = dict(manifests.namespaces)
    spoken_of = {item.namespace for item in manifests.workloads} | {item.namespace for item in manifests.policies}
    for name in sorted(spoken_of - found.keys()):
        found[name] = namespace(name, {}, None, declared=False)
    return found


def _class_of(classes: Iterable[TrafficClass]) -> dict[int, int]:
    """The class of each pod."""
    return {pod: at for at, item in enumerate(classes) for pod in members(item.members)}


def _ports_to(item: TrafficClass, peer: int) -> FamilyPorts:
    for ports, bits in item.pods:
        if bits >> peer & 1:
            return ports
    return FamilyPorts(NO_PORTS, NO_PORTS)
