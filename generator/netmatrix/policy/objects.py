"""Kubernetes objects, as far as they decide who reaches whom. What is here has been defaulted and validated.

Objects, rules and peers that were read from a file have an `origin`: `rule.origin.place` is its file, line and column,
`rule.origin.path` its key path (which ends in such as `"ingress", 0`), and `rule.origin.at("ports", 1).place` where the
second of its ports stands. A place is looked up when it is asked for; reading pays nothing for it. Where defaulting
leaves no trace of what a manifest spells out, `written` names the fields that it does, with or without something in
them: a rule without peers has `"from" in rule.written` where somebody wrote `from: []`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from netmatrix.document import Place
from netmatrix.policy.addresses import ALL_ADDRESSES, AddressSet, Cidr, Family
from netmatrix.policy.labels import EVERYTHING, Selector
from netmatrix.policy.ports import Protocol
from netmatrix.policy.source import Origin


class Direction(StrEnum):
    """A direction of traffic, seen from the pod that a policy selects; the words are those of `policyTypes`."""

    INGRESS = "Ingress"
    EGRESS = "Egress"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace. `declared` is false for one that is only spoken of: of its labels, its name alone is known."""

    name: str
    labels: Mapping[str, str]
    declared: bool = True
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """A port that a container gives a name to. A port without a name decides nothing."""

    name: str
    protocol: Protocol
    number: int


@dataclass(frozen=True, slots=True)
class Owner:
    """The object that made a pod, or a workload, and replaces it."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Workload:
    """A pod, or the pods that a template makes: all that policies can see of them.

    `addresses` are those that a pod has; where they are not known, as with a template, all that it might have.
    `owners` leads from its immediate owner to the one at the top, as far as the input tells.
    """

    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    ports: tuple[ContainerPort, ...] = ()
    addresses: AddressSet = ALL_ADDRESSES
    host_network: bool = False
    owners: tuple[Owner, ...] = ()
    origin: Origin | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}[{self.kind}]"


@dataclass(frozen=True, slots=True)
class IPBlock:
    """`cidr` without `excepts`, which lie strictly inside it. One that is `outside` is of no pod's addresses, ever."""

    cidr: Cidr
    excepts: tuple[Cidr, ...] = ()
    outside: bool = False

    def addresses(self) -> AddressSet:
        """The addresses that the block names: `except` is "a slice of CIDRs that should not be included within an
        IPBlock" (API reference, IPBlock)."""
        return self.cidr.addresses() - AddressSet.union(cidr.addresses() for cidr in self.excepts)

    def contains(self, family: Family, address: int) -> bool:
        """Whether the block names that address: one by one what `addresses` says of all."""
        return self.cidr.contains(family, address) and not any(cidr.contains(family, address) for cidr in self.excepts)


@dataclass(frozen=True, slots=True)
class Peer:
    """One entry of `from` or `to`: an `ip_block`, or one or two selectors. A selector that is None was not given."""

    pod_selector: Selector | None = None
    namespace_selector: Selector | None = None
    ip_block: IPBlock | None = None
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Port:
    """One entry of `ports`: a number, a range up to `end_port`, a name, or (None) every port of `protocol`."""

    protocol: Protocol = Protocol.TCP
    port: int | str | None = None
    end_port: int | None = None
    written: frozenset[str] = field(default=frozenset(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of `ingress` or `egress`. No `peers` means everybody, no `ports` every port of every protocol."""

    peers: tuple[Peer, ...] = ()
    ports: tuple[Port, ...] = ()
    origin: Origin | None = field(default=None, compare=False, repr=False)
    written: frozenset[str] = field(default=frozenset(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """A NetworkPolicy of networking.k8s.io/v1.

    `written` are the fields of its spec; policyTypes is one of them only where it lists something. `annotations` are
    as they were written, unread.
    """

    namespace: str
    name: str
    pod_selector: Selector = EVERYTHING
    types: frozenset[Direction] = frozenset({Direction.INGRESS})
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()
    origin: Origin | None = field(default=None, compare=False, repr=False)
    written: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    annotations: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def rules(self, direction: Direction) -> tuple[Rule, ...]:
        """The rules of one direction."""
        return self.ingress if direction is Direction.INGRESS else self.egress

    @property
    def place(self) -> Place | None:
        """Where the policy stands, if it was read from a file."""
        return self.origin.place if self.origin else None

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Foreign:
    """Objects of a kind or version that is not read: how many there are, and where the first of them stands."""

    api_version: str
    kind: str
    count: int
    origin: Origin = field(compare=False, repr=False)

    @property
    def is_policy(self) -> bool:
        """Whether it is some kind of network policy, which may decide who reaches whom."""
        return is_policy(self.kind)


def is_policy(kind: str) -> bool:
    """Whether objects of that kind are network policies, of whatever API; OVN-Kubernetes calls one EgressFirewall."""
    return kind.endswith(("NetworkPolicy", "EgressFirewall"))


@dataclass(frozen=True, slots=True)
class Written:
    """An object of a kind that is not read with the others, as it was written: for those that can judge its kind."""

    api_version: str
    kind: str
    data: Mapping[str, Any] = field(repr=False)
    origin: Origin = field(compare=False, repr=False)
