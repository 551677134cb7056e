"""Addresses in the cluster that a row for the Internet would reach: what the exceptions must take out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from netmatrix.cluster import Snapshot
from netmatrix.discover import objects
from netmatrix.discover.api import apis
from netmatrix.discover.facts import About, Entry, Fact, Learned, Question, counted, some
from netmatrix.discover.platform import Platform, platforms
from netmatrix.discover.range_sources import Owner, Range, is_inside, ranges
from netmatrix.matrix.check_endpoints import is_strictly_inside
from netmatrix.matrix.model import Endpoint, EndpointKind, Matrix, Network

_NOT_PUBLIC = {
    ip_network("100.64.0.0/10"): "shared-address-space",
    ip_network("198.18.0.0/15"): "benchmarking",
    ip_network("240.0.0.0/4"): "reserved",
}
"""Ranges that are on nobody's Internet (IANA IPv4 Special-Purpose Address Registry: RFC 6598, RFC 2544, RFC 1112), so
that the whole of one may be taken out as soon as a pod has an address of it."""

_OF_PLATFORMS: dict[Platform, tuple[str, str, str]] = {
    Platform.AZURE: (
        "azure-wire-server",
        "168.63.129.16/32",
        "Azure's host service (keys, extensions, health): a public address by number.",
    ),
    Platform.AWS: (
        "link-local",
        "169.254.0.0/16",
        "Beside the metadata address: credentials of EKS Pod Identity (169.254.170.23), of ECS (.170.2), DNS, time.",
    ),
}
"""Services that a platform offers every pod beside the metadata address: id, range, why (Azure documentation, What is
IP address 168.63.129.16; EKS documentation, EKS Pod Identity; EC2 documentation, Amazon DNS server)."""

_FEW = 16
"""So many single addresses are written one by one; more are a question."""

_HOW = {
    Owner.PODS: "ask who set up the cluster, or its platform: which range do pods get addresses from?",
    Owner.SERVICES: "`kubectl get servicecidrs` (Kubernetes 1.33), or the platform's description of the cluster",
    Owner.NODES: "ask who set up the cluster: which subnet do nodes get addresses from?",
}


@dataclass(frozen=True, slots=True)
class Stray:
    """An address that somebody has and no known range holds."""

    owner: Owner
    address: objects.Address
    who: str


def open_endpoints(matrix: Matrix) -> list[Endpoint]:
    """The endpoints that values can narrow: fixed ranges with exceptions, such as the Internet."""
    kinds = matrix.endpoints.values()
    return [item for item in kinds if item.kind is EndpointKind.ADDRESSES and not item.retargetable]


def about_ranges(snapshot: Snapshot, matrix: Matrix) -> Iterator[Learned]:
    """The ranges that are known, the exceptions that they need, and questions about those that are not."""
    known = ranges(snapshot)
    for owner in Owner:
        yield from _told(owner, [item for item in known if item.owner is owner])
    endpoints = open_endpoints(matrix)
    strays = list(_strays(snapshot, matrix, known))
    found = [_widened(item) for item in known]
    found += [Range(stray.owner, block, stray.who) for stray in strays for block in _blocks(_one(stray))]
    singles = [stray for stray in strays if not _blocks(_one(stray))]
    for endpoint in endpoints:
        yield from _exceptions(endpoint, found, singles, platforms(snapshot))
    yield from _subnets(snapshot)
    yield from _unknown(snapshot, endpoints, found, singles)


def is_reached(network: Network, endpoint: Endpoint) -> bool:
    """Whether an endpoint's ranges hold something of it that no exception of the matrix takes out."""
    within = [item for item in endpoint.cidrs if _overlap(item, network)]
    return bool(within) and not any(is_inside(network, item) for item in endpoint.excepts)


def _told(owner: Owner, known: Sequence[Range]) -> Iterator[Fact]:
    for source in dict.fromkeys(item.source for item in known):
        names = some([str(item.network) for item in known if item.source == source], 6)
        share = "" if all(item.whole for item in known if item.source == source) else ", the nodes' shares of today"
        yield Fact(About.RANGES, f"{owner.capitalize()}: {names} ({source}{share}).", (source,))


def _strays(snapshot: Snapshot, matrix: Matrix, known: Sequence[Range]) -> Iterator[Stray]:
    """Addresses in use that no range of their owner's holds; for nodes, that is all of them."""
    for stray in dict.fromkeys((*_pods(snapshot), *_services(snapshot), *_nodes(snapshot, matrix))):
        one = objects.as_network(stray.address)
        if not any(item.owner is stray.owner and is_inside(one, item.network) for item in known):
            yield stray


def _pods(snapshot: Snapshot) -> Iterator[Stray]:
    for pod in snapshot.all("Pod"):
        if not objects.flag(pod, "spec", "hostNetwork"):
            for path in objects.paths(pod, "status", "podIPs"):
                written = objects.text(pod, *path, "ip")
                if written:
                    yield Stray(Owner.PODS, objects.address(pod, written, *path, "ip"), "Pods, status.podIPs")


def _services(snapshot: Snapshot) -> Iterator[Stray]:
    for item in snapshot.all("Service"):
        for path in objects.paths(item, "spec", "clusterIPs"):
            written = objects.text(item, *path)
            if written not in ("", "None"):
                yield Stray(Owner.SERVICES, objects.address(item, written, *path), "Services, spec.clusterIPs")


def _nodes(snapshot: Snapshot, matrix: Matrix) -> Iterator[Stray]:
    """The addresses of nodes inside the cluster's network, and those of an API server that is none of its nodes."""
    nodes: set[objects.Address] = set()
    for node in snapshot.all("Node"):
        for path in objects.paths(node, "status", "addresses"):
            written = objects.text(node, *path, "address")
            if objects.text(node, *path, "type") == "InternalIP" and written:
                nodes.add(objects.address(node, written, *path))
    yield from (Stray(Owner.NODES, one, "Nodes, status.addresses") for one in sorted(nodes, key=objects.order))
    for _, api in apis(snapshot, matrix):
        found = [address for address in api.addresses if address not in nodes]
        yield from (Stray(Owner.API, address, f"endpoints of the Service {api.name}") for address in found)


def _blocks(network: Network) -> list[Network]:
    """The range of nobody's Internet that a range or an address lies in."""
    return [block for block in _NOT_PUBLIC if is_inside(network, block)]


def _widened(share: Range) -> Range:
    """A node's share as the range of nobody's Internet that it lies in: the next node's share may be there too."""
    blocks = [] if share.whole else _blocks(share.network)
    return Range(share.owner, blocks[0], share.source) if blocks else share


def _one(stray: Stray) -> Network:
    return objects.as_network(stray.address)


def _subnets(snapshot: Snapshot) -> Iterator[Learned]:
    """With custom networking, pods have addresses of subnets that ENIConfigs name by their id alone (EKS documentation,
    Deploy Pods in alternate subnets with custom networking)."""
    found = snapshot.all("ENIConfig", group="crd.k8s.amazonaws.com")
    ids = sorted({objects.text(item, "spec", "subnet") for item in found} - {""})
    if ids:
        text = f"which ranges have the subnets of the ENIConfigs, {some(ids)}? Pods get their addresses from them."
        answer = f"`aws ec2 describe-subnets --query 'Subnets[].CidrBlock' --subnet-ids {' '.join(ids[:_FEW])}`"
        yield Question("range-pods", About.RANGES, text, answer)


def _exceptions(
    endpoint: Endpoint, known: Sequence[Range], singles: Sequence[Stray], found: frozenset[Platform]
) -> Iterator[Learned]:
    """What this endpoint must leave out."""
    taken: dict[str, Network] = {}
    for id_, text, why in (_OF_PLATFORMS[item] for item in sorted(found) if item in _OF_PLATFORMS):
        network = ip_network(text)
        if is_reached(network, endpoint):
            taken[id_] = network
            yield _entry(endpoint, id_, network, why, ("Nodes",))
    reached = [item for item in known if is_reached(item.network, endpoint)]
    for item in reached:
        if any(is_inside(item.network, other) for other in taken.values()):
            continue
        if any(item.network != other.network and is_inside(item.network, other.network) for other in reached):
            continue
        if not any(is_strictly_inside(item.network, outer) for outer in endpoint.cidrs):
            text = f"{item.owner} have {item.network} ({item.source}), which is not strictly inside {endpoint.id!r}."
            yield Question(
                f"range-{item.owner}", About.RANGES, text, "check the setting; it is as wide as the Internet"
            )
            continue
        id_ = _id(_NOT_PUBLIC.get(item.network, str(item.owner)), taken)
        taken[id_] = item.network
        block = (
            " and more of that range may follow; nobody has it on the Internet" if item.network in _NOT_PUBLIC else ""
        )
        why = (
            f"{item.owner.capitalize()} have addresses of it ({item.source}){block}: outside the documented exceptions."
        )
        yield _entry(endpoint, id_, item.network, why, (item.source,))
    yield from _single_exceptions(endpoint, singles, taken)


def _single_exceptions(endpoint: Endpoint, singles: Sequence[Stray], taken: dict[str, Network]) -> Iterator[Learned]:
    """Addresses whose ranges nobody told: a few are taken out one by one."""
    for owner in Owner:
        mine = [item for item in singles if item.owner is owner]
        reached = {
            _one(item): item
            for item in mine
            if is_reached(_one(item), endpoint) and not any(is_inside(_one(item), other) for other in taken.values())
        }
        for network, item in sorted(reached.items(), key=lambda entry: entry[0])[:_FEW]:
            id_ = _id(owner.lower().replace(" ", "-"), taken)
            taken[id_] = network
            range_ = "" if owner is Owner.API else "; its range is a question below"
            why = f"An address of the {owner} of today ({item.who}): outside the documented exceptions{range_}."
            yield _entry(endpoint, id_, network, why, (item.who,))


def _entry(endpoint: Endpoint, id_: str, network: Network, why: str, sources: tuple[str, ...]) -> Entry:
    return Entry(("endpoints", endpoint.id, "additionalExcept", id_), str(network), why, sources)


def _unknown(
    snapshot: Snapshot, endpoints: Sequence[Endpoint], known: Sequence[Range], singles: Sequence[Stray]
) -> Iterator[Learned]:
    """A question for each owner whose addresses of today the Internet's row would reach, or of whom nobody tells."""
    for owner, how in _HOW.items():
        seen = [item for item in singles if item.owner is owner]
        addresses = [str(item.address) for item in seen]
        public = [item for item in seen if _is_open(_one(item), endpoints)]
        shares = [item for item in known if item.owner is owner and not item.whole]
        if public:
            told = some([str(item.address) for item in public])
            text = f"which range do {owner} get their addresses from? {told}: outside the documented exceptions."
            yield Question(f"range-{owner}", About.RANGES, text, how)
        elif any(_is_open(item.network, endpoints) for item in shares):
            text = f"which range do the nodes' shares of {owner} come from? Only those of today's nodes are taken out."
            yield Question(f"range-{owner}", About.RANGES, text, how)
        elif addresses:
            text = f"{owner.capitalize()} of today: {counted(len(addresses), 'address')}, inside the exceptions: {{}}."
            yield Fact(About.RANGES, text.format(some(addresses, 3)), (seen[0].who,))
        elif not any(item.owner is owner for item in known):
            why = snapshot.why_not({Owner.PODS: "Pod", Owner.SERVICES: "Service", Owner.NODES: "Node"}[owner])
            text = f"which range do {owner} get their addresses from? Nothing tells" + (
                f": {why.said}." if why else "."
            )
            yield Question(f"range-{owner}", About.RANGES, text, how)


def _is_open(network: Network, endpoints: Sequence[Endpoint]) -> bool:
    return any(is_reached(network, endpoint) for endpoint in endpoints)


def _id(wanted: str, taken: dict[str, Network]) -> str:
    number = 1
    while (id_ := wanted if number == 1 else f"{wanted}-{number}") in taken:
        number += 1
    return id_


def _overlap(one: Network, other: Network) -> bool:
    return is_inside(one, other) or is_inside(other, one)
