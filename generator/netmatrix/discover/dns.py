"""The cluster's name service: its pods' labels and ports, and addresses on the nodes where there are such."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from netmatrix.cluster import Item, Snapshot
from netmatrix.discover import objects
from netmatrix.discover.facts import About, Entry, Fact, Learned, Proposal, Question, counted, some
from netmatrix.discover.node_local import Caches, caches
from netmatrix.discover.platform import Platform, node_addresses, platforms
from netmatrix.discover.settings import cluster_dns
from netmatrix.discover.wanted import DISCOVERY_GROUP, OPENSHIFT_DNS, SYSTEM
from netmatrix.matrix.model import Endpoint, EndpointKind, Matrix, Peer, Protocol

_PORT = 53
_NAME = "kube-dns"
"""'The CoreDNS Service is named kube-dns in the metadata.name field', whatever serves it (Kubernetes documentation,
Customizing DNS Service)."""
_LABEL = {"k8s-app": "kube-dns"}
_ASK = "in any pod: `cat /etc/resolv.conf`; `kubectl get services --all-namespaces` tells whose address that is"


@dataclass(frozen=True, slots=True)
class Resolver:
    """The Service that resolves names, its pods' labels and the port that they listen on, by protocol."""

    service: Item
    namespace: str
    selector: Mapping[str, str]
    ports: Mapping[Protocol, int]
    on_host: tuple[objects.Address, ...]
    """The addresses of those that run in the host's network, which no selector matches."""

    def __str__(self) -> str:
        return str(self.service)


def name_services(matrix: Matrix) -> list[Endpoint]:
    """The endpoints of the matrix that are a name service: pods that listen on port 53."""
    return [
        item
        for item in matrix.endpoints.values()
        if item.kind is EndpointKind.PODS and item.retargetable and any(port.number == _PORT for port in item.ports)
    ]


def about_dns(snapshot: Snapshot, matrix: Matrix) -> Iterator[Learned]:
    """What there is to know of the name service, for each endpoint of the matrix that is one."""
    local = caches(snapshot)
    yield from local.facts
    found = _resolver(snapshot)
    for endpoint in name_services(matrix):
        yield from local.questions_for(endpoint)
        if isinstance(found, Question):
            yield found
        else:
            yield from _peers(found, endpoint, snapshot, matrix)
            yield from _ports(found, endpoint)
        yield from _addresses(found, endpoint, local, snapshot)


def _resolver(snapshot: Snapshot) -> Resolver | Question:
    candidates = [item for item in snapshot.all("Service") if _serves(item)]
    addresses = cluster_dns(snapshot)
    by_address = [item for item in candidates if set(objects.texts(item, "spec", "clusterIPs")) & set(addresses)]
    for choice in (
        by_address,
        [item for item in candidates if (item.namespace, item.name) == (OPENSHIFT_DNS, "dns-default")],
        [item for item in candidates if (item.namespace, item.name) == (SYSTEM, _NAME)],
        [item for item in candidates if item.namespace == SYSTEM and _is_labelled(item)],
    ):
        if len(choice) == 1:
            return _resolved(choice[0], snapshot)
    names = some([f"{item.namespace}/{item.name}" for item in candidates]) or "none"
    text = f"which Service resolves names? Of those that listen on port 53 none is known by its name: {names}."
    return Question("dns-service", About.DNS, text, _ASK)


def _serves(item: Item) -> bool:
    """Whether a Service of its own pods listens on UDP 53. A cache's way to the name service has another name."""
    if item.name.endswith("-upstream") or not objects.mapping(item, "spec", "selector"):
        return False
    return any(
        (objects.number(item, *path, "port"), objects.text(item, *path, "protocol")) == (_PORT, "UDP")
        for path in objects.paths(item, "spec", "ports")
    )


def _is_labelled(item: Item) -> bool:
    return _LABEL.items() <= objects.labels(item, "metadata", "labels").items()


def _resolved(service: Item, snapshot: Snapshot) -> Resolver:
    home = objects.namespace(service)
    slices = [
        item
        for item in snapshot.all("EndpointSlice", group=DISCOVERY_GROUP, namespace=home)
        if objects.labels(item, "metadata", "labels").get("kubernetes.io/service-name") == service.name
    ]
    selector = objects.labels(service, "spec", "selector")
    ports = {**_target_ports(service, _pods(snapshot, home, selector)), **_slice_ports(service, slices)}
    return Resolver(service, home, selector, ports, tuple(_on_host(snapshot, home, selector, slices)))


def _pods(snapshot: Snapshot, home: str, selector: Mapping[str, str]) -> list[Item]:
    return [
        pod
        for pod in snapshot.all("Pod", namespace=home)
        if selector.items() <= objects.labels(pod, "metadata", "labels").items()
    ]


def _slice_ports(service: Item, slices: Sequence[Item]) -> dict[Protocol, int]:
    """The ports that the pods listen on, by the EndpointSlices: Services of several ports name each of them."""
    names = {objects.text(service, *path, "name"): path for path in objects.paths(service, "spec", "ports")}
    found: dict[Protocol, int] = {}
    for item in slices:
        for path in objects.paths(item, "ports"):
            at = names.get(objects.text(item, *path, "name"))
            port = objects.number(item, *path, "port")
            if at is not None and objects.number(service, *at, "port") == _PORT and port is not None:
                found[_protocol(service, at)] = port
    return found


def _target_ports(service: Item, pods: Sequence[Item]) -> dict[Protocol, int]:
    """The ports that the Service names, by number, or by the name of a container's port."""
    found: dict[Protocol, int] = {}
    for path in objects.paths(service, "spec", "ports"):
        target = objects.value(service, *path, "targetPort")
        if objects.number(service, *path, "port") != _PORT:
            continue
        if target is None or type(target) is int:
            found[_protocol(service, path)] = target or _PORT
        else:
            name, protocol = objects.text(service, *path, "targetPort"), _protocol(service, path)
            named = {port for pod in pods for port in _named_ports(pod, name, protocol)}
            if len(named) == 1:
                found[protocol] = named.pop()
    return found


def _named_ports(pod: Item, name: str, protocol: Protocol) -> Iterator[int]:
    for container in objects.containers(pod, "spec"):
        for path in objects.paths(pod, *container, "ports"):
            port = objects.number(pod, *path, "containerPort")
            if objects.text(pod, *path, "name") == name and _protocol(pod, path) is protocol and port is not None:
                yield port


def _protocol(item: Item, path: tuple[objects.Path, ...]) -> Protocol:
    written = objects.text(item, *path, "protocol") or "TCP"
    if written not in list(Protocol):
        objects.refuse(item, (*path, "protocol"), f"{written[:20]!r} is no protocol of a port")
    return Protocol(written)


def _on_host(
    snapshot: Snapshot, home: str, selector: Mapping[str, str], slices: Sequence[Item]
) -> Iterator[objects.Address]:
    """By the pods; where those may not be listed, by addresses of nodes in the EndpointSlices."""
    pods = _pods(snapshot, home, selector)
    if not pods:
        nodes = set(node_addresses(snapshot))
        ends = [(item, at) for item in slices for at in objects.paths(item, "endpoints")]
        paths = [(item, path) for item, at in ends for path in objects.paths(item, *at, "addresses")]
        behind = [objects.address(item, objects.text(item, *path), *path) for item, path in paths]
        yield from (address for address in behind if address in nodes)
    for pod in pods:
        if objects.flag(pod, "spec", "hostNetwork"):
            for path in objects.paths(pod, "status", "podIPs"):
                yield objects.address(pod, objects.text(pod, *path, "ip"), *path, "ip")


def _peers(found: Resolver, endpoint: Endpoint, snapshot: Snapshot, matrix: Matrix) -> Iterator[Learned]:
    selects = f"{found} selects {_told(found.selector)} in {found.namespace}"
    default = next((peer for peer in endpoint.peers.values() if _covers(peer, found, snapshot)), None)
    if default is not None:
        yield Fact(About.DNS, f"{selects}: as the chart's default has it.", (str(found),))
        return
    ours = {item.name for item in matrix.namespaces.values()}
    if found.namespace in ours or not all(found.selector.values()):
        text = (
            f"{selects}, which values cannot say: a peer is in no namespace of the matrix, and its labels have values."
        )
        yield Question(
            "dns-labels", About.DNS, f"{text} By which other labels?", "`kubectl get pods --show-labels` there"
        )
        return
    peer = {"namespace": found.namespace, "selector": [f"{key}={entry}" for key, entry in found.selector.items()]}
    id_ = next(iter(endpoint.peers))
    comment = f"{selects}. The peer keeps the id of the chart's default, so it replaces that one."
    yield Entry(("endpoints", endpoint.id, "peers", id_), peer, comment, (str(found),))


def _covers(peer: Peer, found: Resolver, snapshot: Snapshot) -> bool:
    """Whether a peer matches every pod of the name service: by the pods' labels, or else by the Service's selector."""
    if peer.namespace != found.namespace:
        return False
    pods = _pods(snapshot, found.namespace, found.selector)
    carried = [objects.labels(pod, "metadata", "labels") for pod in pods] or [dict(found.selector)]
    return all(peer.labels.items() <= labels.items() for labels in carried)


def _ports(found: Resolver, endpoint: Endpoint) -> Iterator[Learned]:
    wanted = {port.protocol: port.number for port in endpoint.ports}
    here = {protocol: found.ports[protocol] for protocol in wanted if protocol in found.ports}
    told = ", ".join(f"{protocol} {number}" for protocol, number in here.items())
    allowed = endpoint.ceiling.ports if endpoint.ceiling else ()
    if not here:
        text = f"which port do the pods of {found} listen on? Neither its EndpointSlices nor its pods tell."
        answer = f"`kubectl get endpointslices --namespace {found.namespace}`"
        yield Question("dns-ports", About.DNS, text, answer)
    elif here == {protocol: wanted[protocol] for protocol in here}:
        yield Fact(About.DNS, f"Its pods listen on {told}: as the chart's default has it.", (str(found),))
    elif not set(here.values()) <= set(allowed):
        text = f"the pods of {found} listen on {told}, which the matrix does not allow: may it be {told}?"
        answer = f"add the port to endpoints.{endpoint.id}.ceiling.ports of the matrix, and generate anew"
        yield Question("dns-ports", About.DNS, text, answer)
    else:
        ports = {protocol.lower(): number for protocol, number in here.items()}
        comment = f"Its pods listen on {told}; rules name the pods' port, not the Service's."
        yield Entry(("endpoints", endpoint.id, "ports"), ports, comment, (str(found),))


def _addresses(found: Resolver | Question, endpoint: Endpoint, local: Caches, snapshot: Snapshot) -> Iterator[Learned]:
    on_host = () if isinstance(found, Question) else found.on_host
    hosts = sorted({*local.addresses, *on_host}, key=objects.order)
    ranges = [f"{host}/{host.max_prefixlen}" for host in hosts]
    most = endpoint.ceiling.cidrs if endpoint.ceiling else 0
    if len(ranges) > most:
        text = f"names are resolved at {counted(len(ranges), 'address')}, and the matrix allows {most}: {some(ranges)}."
        yield Question("dns-addresses", About.DNS, text, f"raise endpoints.{endpoint.id}.ceiling.cidrs of the matrix")
    elif ranges:
        host = f"Pods of {found} run in their hosts' network; no selector matches them." if on_host else ""
        comment = " ".join(filter(None, (local.comment, host)))
        sources = (*local.sources, *((str(found),) if on_host else ()))
        yield Entry(("endpoints", endpoint.id, "cidrs"), ranges, comment, sources)
    elif Platform.GOOGLE in platforms(snapshot):
        # With Cloud DNS "kubelet writes nameserver 169.254.169.254 into every pod's resolv.conf", while the pods of
        # kube-dns keep running (tektoncd/operator#4000; GKE documentation, Using Cloud DNS for GKE): nothing tells.
        text = "does this cluster use Cloud DNS for GKE, whose address is that of the metadata service?"
        proposal = Proposal(("endpoints", endpoint.id, "cidrs"), ["169.254.169.254/32"])
        yield Question("dns-cloud", About.DNS, text, "in any pod: `cat /etc/resolv.conf`", proposal)


def _told(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={entry}" for key, entry in labels.items())
