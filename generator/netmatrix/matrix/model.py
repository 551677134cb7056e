"""The matrix as typed, immutable values: namespaces, pods, endpoints, flows, `never` lines and access lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from netmatrix.document.place import Place

Network = IPv4Network | IPv6Network


class Protocol(StrEnum):
    """The protocols that a NetworkPolicy can name (Kubernetes API, NetworkPolicyPort.protocol)."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


class Basis(StrEnum):
    """Why a flow is there: TABLE flows are documented and on, OPERATION flows are needed to run and off by default."""

    TABLE = "table"
    OPERATION = "operation"


class EndpointKind(StrEnum):
    """PODS: pods in namespaces that are not ours; ADDRESSES: IP ranges outside the cluster; ANYONE: every peer."""

    PODS = "pods"
    ADDRESSES = "addresses"
    ANYONE = "anyone"


@dataclass(frozen=True, slots=True)
class Port:
    """A port number (1-65535) with its protocol."""

    number: int
    protocol: Protocol = Protocol.TCP

    def __str__(self) -> str:
        return f"{self.protocol} {self.number}"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace under default-deny. A `fixed` one (Kubernetes' own, as `default` is) cannot be renamed or created."""

    id: str
    name: str
    create: bool
    fixed: bool
    place: Place


class Purpose(StrEnum):
    """What the chart itself runs in a pod. AUDIT: a CronJob that compares the cluster with the matrix."""

    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Pod:
    """One row of the matrix: the pods of `namespace` that carry all of `labels`.

    One with a `purpose` is the chart's own: it and its flows are there only where values switch them on.
    """

    id: str
    titles: Mapping[str, str]  # environment -> the row's name in that environment's table
    short: str  # its name in another row's cell
    namespace: str  # a Namespace id
    labels: Mapping[str, str]
    ports: Mapping[str, Port]  # by port name
    purpose: Purpose | None
    description: str
    place: Place


@dataclass(frozen=True, slots=True)
class Peer:
    """Pods in a namespace that is not ours: the namespace by name AND the pods by labels."""

    namespace: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How far values may retarget an endpoint: to which ports, to how many peers and ranges, and how wide ones."""

    ports: tuple[int, ...]
    peers: int
    cidrs: int
    shortest_prefix: Mapping[int, int]  # IP version (4, 6) -> the widest range's prefix length


@dataclass(frozen=True, slots=True)
class Discovery:
    """The Service whose EndpointSlices give addresses and ports at install time."""

    namespace: str
    service: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A party that is not a pod of ours.

    PODS has `peers`, optional host `cidrs`, one named port and a `ceiling`. ADDRESSES has `cidrs`, either fixed with
    `excepts`, or retargetable within a `ceiling`, then with one named port and perhaps `discovery`. ANYONE has none.
    """

    id: str
    kind: EndpointKind
    short: str
    peers: Mapping[str, Peer]
    cidrs: tuple[Network, ...]
    excepts: tuple[Network, ...]
    port_name: str | None
    ports: tuple[Port, ...]  # what `port_name` stands for, such as UDP 53 and TCP 53
    ceiling: Ceiling | None
    discovery: Discovery | None
    description: str
    place: Place

    @property
    def retargetable(self) -> bool:
        """Whether values may give other peers, addresses and ports (within the ceiling)."""
        return self.ceiling is not None

    @property
    def is_api_server(self) -> bool:
        """Whether it is the API server: every cluster has it as the Service `kubernetes` of `default`."""
        found = self.discovery
        return found is not None and (found.namespace, found.service) == ("default", "kubernetes")


Party = Pod | Endpoint


@dataclass(frozen=True, slots=True)
class Flow:
    """`source` may open connections to `destination` on `ports`, in `environments`.

    Both ends come from this one object: the egress rule of the source and the ingress rule of the destination.
    `ports` holds port names of the destination or literal ports; None means any port of any protocol, said explicitly.
    An empty tuple cannot occur: a rule without ports would open all of them.
    """

    id: str
    source: Party
    destination: Party
    ports: tuple[str | Port, ...] | None
    environments: tuple[str, ...]
    basis: Basis
    reason: str
    place: Place

    @property
    def purpose(self) -> Purpose | None:
        """What it is for where an end of it is a pod of the chart's own: it comes and goes with that pod."""
        found = (end.purpose for end in (self.source, self.destination) if isinstance(end, Pod) and end.purpose)
        return next(found, None)

    def numbers(self) -> tuple[Port, ...] | None:
        """The ports by number, as the matrix states them (before any retargeting); None for any."""
        if self.ports is None:
            return None
        resolved: list[Port] = []
        for port in self.ports:
            if isinstance(port, Port):
                resolved.append(port)
            elif isinstance(self.destination, Pod):
                resolved.append(self.destination.ports[port])
            else:
                resolved.extend(self.destination.ports)
        return tuple(resolved)


@dataclass(frozen=True, slots=True)
class Never:
    """No flow and no exception may lead from `source` to `destination` in `environments`.

    An ANYONE endpoint stands here for every peer that is not one of the matrix's own pods.
    """

    id: str
    source: Party
    destination: Party
    environments: tuple[str, ...]
    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class Access:
    """How a person on the cluster's machine reaches a pod: `kubectl port-forward` to a Service."""

    id: str
    pod: Pod
    port: str
    service: str
    service_port: int
    local_port: int
    url: str
    environments: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Removed:
    """A key that values had before the version `since`; `*` in a path stands for any id.

    `successor` is the key that takes the same value now; () where nothing took its place, for the `reason` given.
    """

    key: tuple[str, ...]
    since: str
    successor: tuple[str, ...]
    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class Matrix:
    """The whole of matrix.yaml, cross-checked: every name that one part uses is defined in another."""

    application: str
    title: str
    description: str
    version: str
    prefix: str  # of every object's name
    home: str  # a URL, or empty
    annotations: Mapping[str, str]  # of the chart
    environments: tuple[str, ...]
    namespaces: Mapping[str, Namespace]
    pods: Mapping[str, Pod]
    endpoints: Mapping[str, Endpoint]
    flows: Mapping[str, Flow]
    never: Mapping[str, Never]
    access: Mapping[str, Access]
    removed: tuple[Removed, ...]  # the oldest first
    file: str = field(default="matrix.yaml")

    @property
    def chart_name(self) -> str:
        """The Helm chart's name."""
        return f"{self.application}-network"

    @property
    def audit_pod(self) -> Pod | None:
        """The pod in which the chart runs its audit, where the matrix has one."""
        return next((pod for pod in self.pods.values() if pod.purpose is Purpose.AUDIT), None)

    def without_audit(self) -> Matrix:
        """The matrix as it is where values do not switch the audit on: neither its row nor its flows."""
        if self.audit_pod is None:
            return self
        return replace(
            self,
            pods={id_: pod for id_, pod in self.pods.items() if pod.purpose is None},
            flows={id_: flow for id_, flow in self.flows.items() if flow.purpose is None},
        )

    def operational_flows(self) -> tuple[Flow, ...]:
        """The flows that the operational overlay switches on, in the matrix's order."""
        return tuple(f for f in self.flows.values() if f.basis is Basis.OPERATION and f.purpose is None)

    def flows_in(self, environment: str, basis: Basis | None = None) -> tuple[Flow, ...]:
        """The flows that `environment` grants, in the matrix's order; only those of `basis` where it is given."""
        return tuple(f for f in self.flows.values() if environment in f.environments and basis in (None, f.basis))

    def documented_pods(self) -> tuple[Pod, ...]:
        """The rows of the documented tables: the pods that a TABLE flow starts or ends at, in the matrix's order."""
        named = {party.id for f in self.flows.values() if f.basis is Basis.TABLE for party in (f.source, f.destination)}
        return tuple(pod for pod in self.pods.values() if pod.id in named)
