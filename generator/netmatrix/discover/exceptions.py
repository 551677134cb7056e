"""What a row for the Internet must leave out: the exceptions to write, and what is too much to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from netmatrix.discover import objects
from netmatrix.discover.facts import About, Entry, Learned, Question
from netmatrix.discover.platform import Platform
from netmatrix.discover.range_sources import Owner, Range, is_inside
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

FEW, _MANY = 8, 24
"""So many single addresses of an owner, and so many ranges, are written: values hold 64. Others are a question."""


@dataclass(frozen=True, slots=True)
class Stray:
    """An address that somebody has and no known range holds."""

    owner: Owner
    address: objects.Address
    who: str

    @property
    def network(self) -> Network:
        """The address as a range."""
        return objects.as_network(self.address)


def open_endpoints(matrix: Matrix) -> list[Endpoint]:
    """The endpoints that values can narrow: fixed ranges with exceptions, such as the Internet."""
    kinds = matrix.endpoints.values()
    return [item for item in kinds if item.kind is EndpointKind.ADDRESSES and not item.retargetable]


def is_reached(network: Network, endpoint: Endpoint) -> bool:
    """Whether an endpoint's ranges hold something of it that no exception of the matrix takes out."""
    within = [item for item in endpoint.cidrs if _overlap(item, network)]
    return bool(within) and not any(is_inside(network, item) for item in endpoint.excepts)


def is_open(network: Network, endpoints: Sequence[Endpoint]) -> bool:
    """Whether one of them reaches something of it."""
    return any(is_reached(network, endpoint) for endpoint in endpoints)


def blocks(network: Network) -> list[Network]:
    """The range of nobody's Internet that a range or an address lies in."""
    return [block for block in _NOT_PUBLIC if is_inside(network, block)]


def exceptions(
    endpoint: Endpoint, known: Sequence[Range], singles: Sequence[Stray], found: frozenset[Platform]
) -> Iterator[Learned]:
    """What this endpoint must leave out: services of the platform, ranges that are known, a few single addresses."""
    taken: dict[str, Network] = {}
    for id_, text, why in (_OF_PLATFORMS[item] for item in sorted(found) if item in _OF_PLATFORMS):
        network = ip_network(text)
        if is_reached(network, endpoint):
            taken[id_] = network
            yield _entry(endpoint, id_, network, why, "Nodes")
    reached = [item for item in known if is_reached(item.network, endpoint)]
    fitting = [item for item in reached if any(is_strictly_inside(item.network, outer) for outer in endpoint.cidrs)]
    for item in reached:
        if item not in fitting:
            text = f"do {item.owner} have addresses of all of {item.network} ({item.source})?"
            yield Question("range-too-wide", About.RANGES, text, "look at the setting: it is as wide as the Internet")
    yield from _ranges(endpoint, fitting, taken)
    yield from _addresses(endpoint, singles, taken)


def _ranges(endpoint: Endpoint, reached: Sequence[Range], taken: dict[str, Network]) -> Iterator[Learned]:
    """The widest of the ranges, each once."""
    for item in reached:
        wider = any(item.network != other.network and is_inside(item.network, other.network) for other in reached)
        if wider or _is_taken(item.network, taken):
            continue
        if len(taken) >= _MANY:
            text = f"more than {_MANY} ranges lie outside the documented exceptions; is there one that holds them all?"
            answer = "ask who set up the cluster; only the first of them are taken out"
            yield Question("range-many", About.RANGES, text, answer)
            return
        id_ = _id(_NOT_PUBLIC.get(item.network, str(item.owner)), taken)
        taken[id_] = item.network
        why = f"{item.owner.capitalize()} have addresses of it ({item.source}): outside the documented exceptions."
        if item.network in _NOT_PUBLIC:
            why += " All of it is taken out: nobody has it on the Internet."
        yield _entry(endpoint, id_, item.network, why, item.source)


def _addresses(endpoint: Endpoint, singles: Sequence[Stray], taken: dict[str, Network]) -> Iterator[Learned]:
    """Addresses whose ranges nobody told: a few are taken out one by one."""
    for owner in Owner:
        mine = sorted((item for item in singles if item.owner is owner), key=lambda item: objects.order(item.address))
        reached = [item for item in mine if is_reached(item.network, endpoint) and not _is_taken(item.network, taken)]
        for item in reached[:FEW]:
            id_ = _id(owner.lower().replace(" ", "-"), taken)
            taken[id_] = item.network
            range_ = "" if owner is Owner.API else "; its range is a question below"
            why = f"An address of the {owner} of today ({item.who}): outside the documented exceptions{range_}."
            yield _entry(endpoint, id_, item.network, why, item.who)


def _entry(endpoint: Endpoint, id_: str, network: Network, why: str, source: str) -> Entry:
    return Entry(("endpoints", endpoint.id, "additionalExcept", id_), str(network), why, (source,))


def _is_taken(network: Network, taken: dict[str, Network]) -> bool:
    return any(is_inside(network, other) for other in taken.values())


def _id(wanted: str, taken: dict[str, Network]) -> str:
    number = 1
    while (id_ := wanted if number == 1 else f"{wanted}-{number}") in taken:
        number += 1
    return id_


def _overlap(one: Network, other: Network) -> bool:
    return is_inside(one, other) or is_inside(other, one)
