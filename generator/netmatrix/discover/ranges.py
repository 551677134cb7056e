"""Addresses in the cluster that a row for the Internet would reach: what the exceptions must take out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from netmatrix.cluster import Snapshot
from netmatrix.discover import objects
from netmatrix.discover.api import apis
from netmatrix.discover.exceptions import FEW, Stray, blocks, exceptions, is_open, open_endpoints
from netmatrix.discover.facts import About, Fact, Learned, Question, counted, some
from netmatrix.discover.platform import node_addresses, platforms
from netmatrix.discover.range_sources import Owner, Range, ranges
from netmatrix.matrix.model import Endpoint, Matrix, Network

_HOW = {
    Owner.PODS: "ask who set up the cluster, or its platform: which range do pods get addresses from?",
    Owner.SERVICES: "`kubectl get servicecidrs` (Kubernetes 1.33), or the platform's description of the cluster",
    Owner.NODES: "ask who set up the cluster: which subnet do nodes get addresses from?",
}


def about_ranges(snapshot: Snapshot, matrix: Matrix) -> Iterator[Learned]:
    """The ranges that are known, the exceptions that they need, and questions about those that are not."""
    known = ranges(snapshot)
    for owner in Owner:
        yield from _told(owner, [item for item in known if item.owner is owner])
    endpoints = open_endpoints(matrix)
    strays = list(_strays(snapshot, matrix, known))
    found = [_widened(item) for item in known]
    found += [Range(stray.owner, block, stray.who) for stray in strays for block in blocks(stray.network)]
    singles = [stray for stray in strays if not blocks(stray.network)]
    for endpoint in endpoints:
        yield from exceptions(endpoint, found, singles, platforms(snapshot))
    yield from _subnets(snapshot)
    yield from _public_nodes(snapshot, endpoints)
    yield from _unknown(snapshot, endpoints, found, singles)


def _told(owner: Owner, known: Sequence[Range]) -> Iterator[Fact]:
    for source in dict.fromkeys(item.source for item in known):
        names = some([str(item.network) for item in known if item.source == source], 6)
        share = "" if all(item.whole for item in known if item.source == source) else ", the nodes' shares of today"
        yield Fact(About.RANGES, f"{owner.capitalize()}: {names} ({source}{share}).", (source,))


def _strays(snapshot: Snapshot, matrix: Matrix, known: Sequence[Range]) -> Iterator[Stray]:
    """Addresses in use that no range of their owner's holds; for nodes, that is all of them."""
    holds = {owner: _Holder([item.network for item in known if item.owner is owner]) for owner in Owner}
    for stray in dict.fromkeys((*_pods(snapshot), *_services(snapshot), *_nodes(snapshot, matrix))):
        if not holds[stray.owner].holds(stray.address):
            yield stray


class _Holder:
    """Ranges that are asked for thousands of addresses: one look-up for each length of prefix that there is."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = frozenset(networks)
        self._lengths = frozenset((item.version, item.prefixlen) for item in networks)

    def holds(self, address: objects.Address) -> bool:
        """Whether one of them holds the address."""
        return any(
            ip_network((address, length), strict=False) in self._networks
            for version, length in self._lengths
            if version == address.version
        )


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
    nodes = set(node_addresses(snapshot))
    yield from (Stray(Owner.NODES, one, "Nodes, status.addresses") for one in sorted(nodes, key=objects.order))
    for _, api in apis(snapshot, matrix):
        found = [address for address in api.addresses if address not in nodes]
        yield from (Stray(Owner.API, address, f"endpoints of the Service {api.name}") for address in found)


def _widened(share: Range) -> Range:
    """A node's share as the range of nobody's Internet that it lies in: the next node's share may be there too."""
    wide = [] if share.whole else blocks(share.network)
    return Range(share.owner, wide[0], share.source) if wide else share


def _subnets(snapshot: Snapshot) -> Iterator[Learned]:
    """With custom networking, pods have addresses of subnets that ENIConfigs name by their id alone (EKS documentation,
    Deploy Pods in alternate subnets with custom networking)."""
    found = snapshot.all("ENIConfig", group="crd.k8s.amazonaws.com")
    ids = sorted({objects.text(item, "spec", "subnet") for item in found} - {""})
    if ids:
        text = f"which ranges have the subnets of the ENIConfigs, {some(ids)}? Pods get their addresses from them."
        answer = f"`aws ec2 describe-subnets --query 'Subnets[].CidrBlock' --subnet-ids {' '.join(ids[:FEW])}`"
        yield Question("range-subnets", About.RANGES, text, answer)


def _public_nodes(snapshot: Snapshot, endpoints: Sequence[Endpoint]) -> Iterator[Learned]:
    """Nodes with addresses on the Internet too: they come and go, so that they are told and not taken out."""
    addresses = dict.fromkeys(node_addresses(snapshot, "ExternalIP"))
    found = [str(item) for item in addresses if is_open(objects.as_network(item), endpoints)]
    if found:
        text = (
            f"Nodes have {counted(len(found), 'address')} on the Internet too, which its rows reach: {some(found, 3)}."
        )
        yield Fact(About.RANGES, f"{text} Their own firewall decides.", ("Nodes, status.addresses",))


def _unknown(
    snapshot: Snapshot, endpoints: Sequence[Endpoint], known: Sequence[Range], singles: Sequence[Stray]
) -> Iterator[Learned]:
    """A question for each owner whose addresses of today the Internet's row would reach, or of whom nobody tells."""
    for owner, how in _HOW.items():
        seen = [item for item in singles if item.owner is owner]
        addresses = [str(item.address) for item in seen]
        public = [item for item in seen if is_open(item.network, endpoints)]
        shares = [item for item in known if item.owner is owner and not item.whole]
        if public:
            told = some([str(item.address) for item in public])
            text = f"which range do {owner} get their addresses from? {told}: outside the documented exceptions."
            text += f" Only {FEW} of them are taken out, one by one." if len(public) > FEW else ""
            yield Question(f"range-{owner}", About.RANGES, text, how)
        elif any(is_open(item.network, endpoints) for item in shares):
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
