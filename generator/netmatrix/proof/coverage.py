"""What a proof went through, counted, and what it does not claim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netmatrix.policy.addresses import FAMILIES, Family
from netmatrix.policy.objects import Direction, NetworkPolicy
from netmatrix.policy.open_world import OpenWorld
from netmatrix.policy.ports import LAST_PORT, PortSet, Protocol
from netmatrix.policy.semantics import rule_ports
from netmatrix.proof.grants import Granted

HIGHER_TIERS = "policies of higher tiers (AdminNetworkPolicy, ClusterNetworkPolicy, the plugins' own)"
NOT_CLAIMED = (
    "pods on the host's network",
    "ICMP and other protocols than TCP, UDP and SCTP",
    "a node to its own pods",
    "a pod to itself",
    "connections that were established before a change",
    "the delay until a network plugin has programmed a change",
    HIGHER_TIERS,
    "whether the network plugin enforces NetworkPolicy at all",
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many classes of everything were told apart; every packet there could be is in one of them."""

    rows: int
    pod_classes: int  # the rows among them
    namespaces: int
    address_classes: dict[Family, int]
    port_classes: dict[Protocol, int]
    policies: int
    rules: int
    grants: int

    @property
    def foreign_pod_classes(self) -> int:
        """The classes of pods that are no row's."""
        return self.pod_classes - self.rows

    @property
    def connections(self) -> int:
        """The classes of connections that were compared: source x destination x family x port, in either model.

        Ends are pod classes at each class of address, and addresses outside the cluster.
        """
        ports = sum(self.port_classes.values())
        total = 0
        for count in self.address_classes.values():
            pods = self.pod_classes * count
            total += (pods * pods + 2 * pods * count) * ports
        return total


def coverage(granted: Granted, policies: Iterable[NetworkPolicy], world: OpenWorld) -> Coverage:
    """Count what `world` tells apart."""
    known = tuple(policies)
    used = [grant.ports for grant in granted.grants]
    used += [rule_ports(rule)[0] for policy in known for item in Direction for rule in policy.rules(item)]
    blocks = [block.families()[0] for block in world.blocks]
    return Coverage(
        rows=len(granted.rows),
        pod_classes=world.pod_classes,
        namespaces=len({namespace.name for namespace in world.universe.namespaces.values()}),
        address_classes={family: blocks.count(family) for family in FAMILIES},
        port_classes={protocol: _port_classes(used, protocol) for protocol in Protocol},
        policies=len(known),
        rules=sum(len(policy.rules(item)) for policy in known for item in policy.types),
        grants=len(granted.grants),
    )


def _port_classes(used: Iterable[PortSet], protocol: Protocol) -> int:
    """The ranges of ports between all boundaries."""
    starts = {1}
    for ports in used:
        for first, last in ports.of_protocol(protocol):
            starts |= {first, last + 1}
    return sum(1 for start in starts if start <= LAST_PORT)
