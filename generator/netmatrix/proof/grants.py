"""What a matrix grants under one set of values: flows and exceptions as sets of pods, addresses and ports.

Read from the matrix and the values alone, never from a template: what Helm renders is compared with this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from netmatrix.document import Place
from netmatrix.matrix.model import Endpoint, EndpointKind, Flow, Matrix, Never, Party, Pod
from netmatrix.policy.addresses import ALL_ADDRESSES, NO_ADDRESSES, AddressSet, parse_cidr
from netmatrix.policy.labels import Operator, Requirement, Selector
from netmatrix.policy.open_world import Mentioned, Selection, named
from netmatrix.policy.ports import ALL_PORTS, PortSet, Protocol
from netmatrix.values.context import Context, port_number
from netmatrix.values.ports import ports_of_flow, ports_of_pod


@dataclass(frozen=True, slots=True)
class End:
    """One end of a grant: pods by selection, addresses, or everyone.

    `row` is the id of the pod of ours that it is, if it is one: a grant opens the ends that are rows of the matrix, and
    what other pods may do is for others to say. An address may be a pod's, where ipBlocks match pods, unless the end is
    `outside`.
    """

    name: str
    row: str | None = None
    selections: tuple[Selection, ...] = ()
    addresses: AddressSet = NO_ADDRESSES
    everyone: bool = False
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """`source` may open connections to `destination` on `ports`. `place` is the line that says so."""

    name: str
    kind: str  # "table", "operation" or "exception"
    environments: tuple[str, ...]
    source: End
    destination: End
    ports: PortSet
    place: Place


@dataclass(frozen=True, slots=True)
class Row:
    """A pod of the matrix, as the values describe it."""

    pod: Pod
    selection: Selection
    ports: Mapping[str, tuple[Protocol, int]]  # by name


@dataclass(frozen=True, slots=True)
class Granted:
    """All that is granted in one environment. `governed` are the names of the namespaces under default-deny.

    `off` is what the matrix's other flows would grant: those that the values do not switch on, and those of other
    environments. `undiscovered` are the endpoints whose addresses are looked up in a cluster that nobody has asked.
    `backends` are the other APIs in which the values have the same said once more.
    """

    matrix: Matrix
    environment: str
    governed: tuple[str, ...]
    rows: tuple[Row, ...]
    grants: tuple[Grant, ...]
    off: tuple[Grant, ...]
    never: tuple[Never, ...]
    endpoints: Mapping[str, End]
    undiscovered: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()

    def mentioned(self) -> Mentioned:
        """What a world must tell apart for these grants."""
        ends = [end for grant in self.grants for end in (grant.source, grant.destination)] + [*self.endpoints.values()]
        selections = {selection for end in ends for selection in end.selections}
        namespaces = {Selection(named(name), Selector()) for name in self.governed}
        return Mentioned(
            frozenset(selections | {row.selection for row in self.rows} | namespaces),
            frozenset(end.addresses for end in ends if end.addresses and not end.everyone),
        )


@dataclass(frozen=True, slots=True)
class Discovered:
    """An address and TCP port that installing found in the cluster, for the endpoints that are looked up there."""

    address: AddressSet
    port: int


def granted(context: Context, discovered: Iterable[Discovered] = ()) -> Granted:
    """What the matrix grants under values that hold; `discovered` is what a cluster was found to add to them."""
    environment = context.environment
    assert environment is not None, "values without an environment do not hold"
    matrix = context.matrix
    enabled = tuple(context.enabled_flows())
    found = tuple(discovered)
    return Granted(
        matrix=matrix,
        environment=environment,
        governed=tuple(_namespace(context, key) for key in matrix.namespaces),
        rows=tuple(Row(pod, _row_selection(context, pod), _named_ports(context, pod)) for pod in matrix.pods.values()),
        grants=(
            *(grant for flow in enabled for grant in _of_flow(context, flow, found)),
            *(_of_exception(context, name) for name in context.mapping("exceptions")),
        ),
        off=tuple(
            grant for flow in matrix.flows.values() if flow not in enabled for grant in _of_flow(context, flow, ())
        ),
        never=tuple(line for line in matrix.never.values() if environment in line.environments),
        endpoints={item.id: _of_endpoint(context, item) for item in matrix.endpoints.values()},
        backends=tuple(
            name for name in context.mapping("backends") if context.get("backends", name, "enabled") is True
        ),
        undiscovered=() if found else tuple(item for item in matrix.endpoints if _is_discovered(context, item)),
    )


def _of_flow(context: Context, flow: Flow, discovered: Iterable[Discovered]) -> Iterator[Grant]:
    source, destination = _of_party(context, flow.source), _of_party(context, flow.destination)
    ports, basis = _flow_ports(context, flow), flow.basis.value
    yield Grant(flow.id, basis, flow.environments, source, destination, ports, flow.place)
    endpoint = flow.destination
    if isinstance(endpoint, Endpoint) and _is_discovered(context, endpoint.id):
        for item in discovered:
            end = End(endpoint.id, addresses=item.address)
            ports = PortSet.of(Protocol.TCP, item.port)
            yield Grant(f"{flow.id} (discovered)", basis, flow.environments, source, end, ports, flow.place)


def _is_discovered(context: Context, endpoint: str) -> bool:
    found = context.matrix.endpoints[endpoint].discovery is not None
    return found and context.get("endpoints", endpoint, "discover") is True


def _of_exception(context: Context, name: str) -> Grant:
    path = ("exceptions", name)
    ports = [(item["protocol"], port_number(item["port"])) for item in context.items(*path, "ports")]
    return Grant(
        name,
        "exception",
        () if context.environment is None else (context.environment,),
        _exception_end(context, context.mapping(*path, "from")),
        _exception_end(context, context.mapping(*path, "to")),
        PortSet.union(PortSet.of(Protocol(protocol), number) for protocol, number in ports if number is not None),
        context.values.place_of(path),
    )


def _of_party(context: Context, party: Party) -> End:
    return _of_pod(context, party) if isinstance(party, Pod) else _of_endpoint(context, party)


def _of_pod(context: Context, pod: Pod) -> End:
    return End(pod.id, row=pod.id, selections=(_row_selection(context, pod),))


def _of_endpoint(context: Context, endpoint: Endpoint) -> End:
    path = ("endpoints", endpoint.id)
    peers = context.mapping(*path, "peers")
    selections = tuple(_peer_selection(peer) for peer in peers.values() if "cidr" not in peer)
    if endpoint.kind is EndpointKind.ANYONE:
        if context.get(*path, "anyone") is True:
            return End(endpoint.id, addresses=ALL_ADDRESSES, everyone=True)
        ranges = [peer["cidr"] for peer in peers.values() if "cidr" in peer]
        return End(endpoint.id, selections=selections, addresses=_addresses(ranges))
    if endpoint.retargetable:
        return End(endpoint.id, selections=selections, addresses=_addresses(context.items(*path, "cidrs")))
    excepts = (*map(str, endpoint.excepts), *context.mapping(*path, "additionalExcept").values())
    return End(endpoint.id, addresses=_addresses(map(str, endpoint.cidrs)) - _addresses(excepts))


def _exception_end(context: Context, end: Mapping[str, Any]) -> End:
    if "pod" in end:
        return _of_pod(context, context.matrix.pods[end["pod"]])
    if "endpoint" in end:
        return _of_endpoint(context, context.matrix.endpoints[end["endpoint"]])
    if "cidr" in end:
        return End(end["cidr"], addresses=_addresses([end["cidr"]]))
    return End(f"{end['namespace']}/{','.join(end['selector'])}", selections=(_peer_selection(end),))


def _flow_ports(context: Context, flow: Flow) -> PortSet:
    ports = ports_of_flow(context, flow)
    if ports is None:
        return ALL_PORTS
    return PortSet.union(PortSet.of(Protocol(port.protocol.value), port.number) for port in ports)


def _named_ports(context: Context, pod: Pod) -> dict[str, tuple[Protocol, int]]:
    ports = ports_of_pod(context, pod)
    return {name: (Protocol(port.protocol.value), port.number) for name, port in ports.items()}


def _row_selection(context: Context, pod: Pod) -> Selection:
    labels = context.selector("pods", pod.id, "selector")
    assert labels, "values that hold select every pod by labels"
    return Selection(named(_namespace(context, pod.namespace)), _selector(labels))


def _peer_selection(peer: Mapping[str, Any]) -> Selection:
    pairs = (item.partition("=") for item in peer["selector"])
    return Selection(named(peer["namespace"]), _selector({key: value for key, _, value in pairs}))


def _selector(labels: Mapping[str, str]) -> Selector:
    return Selector(tuple(Requirement(key, Operator.IN, (value,)) for key, value in sorted(labels.items())))


def _namespace(context: Context, key: str) -> str:
    name = context.namespace_name(key)
    assert name, "values that hold name every namespace"
    return name


def _addresses(cidrs: Iterable[str]) -> AddressSet:
    return AddressSet.union([NO_ADDRESSES, *(parse_cidr(cidr).addresses() for cidr in cidrs)])
