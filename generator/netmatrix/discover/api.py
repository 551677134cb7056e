"""The API server's addresses and ports, as the Service of it has them in its EndpointSlices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from netmatrix.cluster import Item, Snapshot
from netmatrix.discover import objects
from netmatrix.discover.facts import About, Entry, Learned, Question, some
from netmatrix.discover.wanted import DISCOVERY_GROUP
from netmatrix.matrix.check_endpoints import reach
from netmatrix.matrix.model import Ceiling, Endpoint, Matrix
from netmatrix.policy.addresses import host_port

Pair = tuple[objects.Address, int]
"""An address and a TCP port on which it listens."""


@dataclass(frozen=True, slots=True)
class Api:
    """A discovered Service: its own addresses and ports, and the pairs behind it, each in its slice."""

    name: str
    pairs: tuple[Pair, ...]
    service_addresses: tuple[objects.Address, ...]
    service_ports: tuple[int, ...]
    sources: tuple[str, ...]

    @property
    def addresses(self) -> tuple[objects.Address, ...]:
        """The addresses behind it."""
        return tuple(dict.fromkeys(address for address, _ in self.pairs))

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports behind it, whoever has them."""
        return tuple(sorted({port for _, port in self.pairs}))


def apis(snapshot: Snapshot, matrix: Matrix) -> Iterator[tuple[Endpoint, Api]]:
    """What is behind each Service that the chart discovers."""
    for endpoint in matrix.endpoints.values():
        if endpoint.discovery is not None:
            namespace, name = endpoint.discovery.namespace, endpoint.discovery.service
            slices = [
                item
                for item in snapshot.all("EndpointSlice", group=DISCOVERY_GROUP, namespace=namespace)
                if objects.labels(item, "metadata", "labels").get("kubernetes.io/service-name") == name
            ]
            yield endpoint, _api(f"{namespace}/{name}", snapshot.one("Service", name, namespace=namespace), slices)


def about_api(snapshot: Snapshot, matrix: Matrix) -> Iterator[Learned]:
    """The ranges and ports to write, within the matrix's ceiling."""
    for endpoint, found in apis(snapshot, matrix):
        if not found.pairs:
            text = f"where is the API server? {found.name} has no EndpointSlice with an address and a TCP port."
            answer = f"`kubectl get endpointslices --namespace {found.name.partition('/')[0]}`"
            yield Question("api-endpoints", About.API, text, answer)
        else:
            yield from _values(endpoint, found)


def _api(name: str, service: Item | None, slices: Sequence[Item]) -> Api:
    pairs = {pair for item in slices for pair in _pairs(item)}
    own: list[objects.Address] = []
    own_ports: list[int] = []
    if service is not None:
        at = ("spec", "clusterIPs") if objects.sequence(service, "spec", "clusterIPs") else ("spec",)
        written = objects.texts(service, *at) if len(at) > 1 else [objects.text(service, "spec", "clusterIP")]
        own = [objects.address(service, item, *at) for item in written if item not in ("", "None")]
        own_ports = sorted(_tcp_ports(service, "spec", "ports"))
    ordered = sorted(pairs, key=lambda pair: (objects.order(pair[0]), pair[1]))
    sources = (*map(str, slices), *((str(service),) if service else ()))
    return Api(name, tuple(ordered), tuple(own), tuple(own_ports), sources)


def _pairs(item: Item) -> Iterator[Pair]:
    """Each address of a slice on each of its TCP ports, as the chart looks them up; a name is no address."""
    if objects.text(item, "addressType") == "FQDN":
        return
    for path in objects.paths(item, "endpoints"):
        for at in objects.paths(item, *path, "addresses"):
            address = objects.address(item, objects.text(item, *at), *at)
            yield from ((address, port) for port in _tcp_ports(item, "ports"))


def _tcp_ports(item: Item, *path: objects.Path) -> Iterator[int]:
    """The TCP ports of a list of them; TCP is what a port is of that does not say."""
    for at in objects.paths(item, *path):
        port = objects.number(item, *at, "port")
        if port is not None and objects.text(item, *at, "protocol") in ("", "TCP"):
            yield port


def _values(endpoint: Endpoint, found: Api) -> Iterator[Learned]:
    """Addresses behind the Service, and its own where that opens no pair of address and port that is nobody's.

    A policy is matched after the Service's address was translated by most data planes (reference: P24), before it by
    some; each range goes with each port, so that both may stand together where the ports are the same.
    """
    same = found.ports == found.service_ports
    chosen = (*found.addresses, *(found.service_addresses if same else ()))
    ranges = list(dict.fromkeys(f"{item}/{item.max_prefixlen}" for item in chosen))
    ceiling = endpoint.ceiling
    beyond = _beyond(ceiling, chosen, ranges, found.ports) if ceiling else ""
    if beyond:
        text = f"{beyond} Retarget endpoints.{endpoint.id} by hand?"
        answer = f"raise endpoints.{endpoint.id}.ceiling of the matrix and generate anew, or choose some of them"
        yield Question("api-ceiling", About.API, text, answer)
        return
    if set(product(found.addresses, found.ports)) != set(found.pairs):
        pairs = some([host_port(str(address), port) for address, port in found.pairs])
        text = f"which ports go with which addresses of the API server? {found.name} has {pairs} in its EndpointSlices;"
        text += " values have each range with each port, and so would open pairs that are nobody's."
        answer = (
            f"leave endpoints.{endpoint.id} to `discover: true`: each install and upgrade grants every address on its "
            "own ports alone; without it, give the ranges and the port of one of them"
        )
        yield Question("api-ports", About.API, text, answer)
        return
    told = some([str(item) for item in found.addresses])
    ports = some([str(port) for port in found.ports])
    behind = f"The endpoints of the Service {found.name}: {told}, TCP {ports}."
    own = some([str(item) for item in found.service_addresses])
    also = (
        f" Its own address, {own}, has the same port; some plugins match it before translation." if same and own else ""
    )
    moved = (
        " They may change; where the release looks them up (discover: true), each install and upgrade finds them anew."
    )
    yield Entry(("endpoints", endpoint.id, "cidrs"), ranges, behind + also + moved, found.sources)
    yield Entry(("endpoints", endpoint.id, "ports"), list(found.ports), "", found.sources)


def _beyond(ceiling: Ceiling, addresses: Sequence[objects.Address], ranges: Sequence[str], ports: Sequence[int]) -> str:
    """Why the matrix does not allow it."""
    if not set(ports) <= set(ceiling.ports):
        here, allowed = some([str(port) for port in ports]), some([str(port) for port in ceiling.ports])
        return f"the API server listens on TCP {here}, and the matrix allows {allowed}."
    if len(ranges) > ceiling.cidrs:
        return f"the API server has {len(ranges)} addresses, and the matrix allows {ceiling.cidrs}."
    for item in addresses:
        network = objects.as_network(item)
        version, length = reach(network)
        if length < ceiling.shortest_prefix.get(version, network.max_prefixlen):
            return f"the API server's {item} is more than the matrix allows."
    return ""
