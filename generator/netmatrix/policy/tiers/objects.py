"""A ClusterNetworkPolicy as far as it decides who reaches whom: defaulted and validated."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from netmatrix.document import Place
from netmatrix.policy.addresses import AddressSet
from netmatrix.policy.objects import Direction
from netmatrix.policy.open_world import Selection
from netmatrix.policy.ports import ALL_PORTS, PortSet
from netmatrix.policy.source import Origin


class Tier(StrEnum):
    """Where a policy stands: before all NetworkPolicies, or after them for pods that none of them selects."""

    ADMIN = "Admin"
    BASELINE = "Baseline"


class Action(StrEnum):
    """What a rule does with what it matches; Pass leaves it to the next tier."""

    ACCEPT = "Accept"
    DENY = "Deny"
    PASS = "Pass"  # noqa: S105 (the API's word)


@dataclass(frozen=True, slots=True)
class ClusterPeer:
    """One entry of `from` or `to`: pods, or `networks` of addresses, which are pods' as well."""

    pods: Selection | None = None
    networks: AddressSet | None = None


@dataclass(frozen=True, slots=True)
class ClusterRule:
    """One entry of `ingress` or `egress`. Without `protocols` it matches every port."""

    action: Action
    peers: tuple[ClusterPeer, ...]
    ports: PortSet = ALL_PORTS
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ClusterPolicy:
    """A ClusterNetworkPolicy; `priority` is the lower the sooner, and rules of one policy stand in their order."""

    name: str
    tier: Tier
    priority: int
    subject: Selection
    ingress: tuple[ClusterRule, ...] = ()
    egress: tuple[ClusterRule, ...] = ()
    origin: Origin | None = field(default=None, compare=False, repr=False)

    def rules(self, direction: Direction) -> tuple[ClusterRule, ...]:
        """The rules of one direction."""
        return self.ingress if direction is Direction.INGRESS else self.egress

    @property
    def place(self) -> Place | None:
        """Where the policy stands, if it was read from a file."""
        return self.origin.place if self.origin else None

    def __str__(self) -> str:
        return f"{self.name} ({self.tier} tier)"
