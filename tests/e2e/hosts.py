"""The hosts outside the cluster that the matrix makes a difference between, and the ports that it speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from netmatrix.matrix.model import Endpoint, EndpointKind, Matrix, Network
from tests.e2e.addresses import own_ranges
from tests.e2e.session import Hosts

INTERNET = ("203.0.113.1", "2600::1")
"""Two hosts that stand for all others, one of each family."""

_UNUSABLE = tuple(map(ip_network, ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/8", "fe80::/10", "ff00::/8")))
"""No host can have these, or a route leads nowhere."""

_PORTS = range(1, 65536)


def hosts(matrix: Matrix) -> Hosts:
    """A host of each family, and for each range of the matrix one inside and the nearest ones outside."""
    found = set(map(ip_address, INTERNET))
    for endpoint in _fixed(matrix):
        for network in (*endpoint.cidrs, *endpoint.excepts):
            found.update(_representatives(network))
    kept = sorted((address for address in found if _is_usable(address)), key=lambda item: (item.version, item))
    return Hosts(tuple(map(str, kept)), probed_ports(matrix))


def probed_ports(matrix: Matrix) -> tuple[int, ...]:
    """Every port of the matrix, those among them that values may retarget to, and one that is not in it."""
    known = {port.number for pod in matrix.pods.values() for port in pod.ports.values()}
    known |= {port.number for endpoint in matrix.endpoints.values() for port in endpoint.ports}
    known |= {number for endpoint in matrix.endpoints.values() if endpoint.ceiling for number in endpoint.ceiling.ports}
    known |= {port.number for flow in matrix.flows.values() for port in flow.numbers() or ()}
    other = next(number for number in _PORTS if number > max(known) and number not in known)
    return (*sorted(known), other)


def _fixed(matrix: Matrix) -> Iterator[Endpoint]:
    """The endpoints whose ranges no values can change."""
    for endpoint in matrix.endpoints.values():
        if endpoint.kind is EndpointKind.ADDRESSES and not endpoint.retargetable:
            yield endpoint


def _representatives(network: Network) -> Iterable[IPv4Address | IPv6Address]:
    """One address inside, and the two next to it."""
    first, last = int(network.network_address), int(network.broadcast_address)
    inside = first if first == last else first + 1
    address = IPv4Address if network.version == 4 else IPv6Address
    return [address(number) for number in (inside, first - 1, last + 1) if 0 <= number < 1 << network.max_prefixlen]


def _is_usable(address: IPv4Address | IPv6Address) -> bool:
    networks = (*_UNUSABLE, *map(ip_network, own_ranges()))
    return not any(address in network for network in networks)
