"""Caches of names on the nodes: NodeLocal DNSCache, and AKS LocalDNS. Pods ask them instead of the name service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from netmatrix.cluster import Item, Snapshot
from netmatrix.discover import objects
from netmatrix.discover.facts import About, Entry, Fact, Learned, Proposal, Question
from netmatrix.discover.settings import cluster_dns
from netmatrix.matrix.model import Endpoint

_IMAGE = "k8s-dns-node-cache"
_OPTION = "localip"
_DEFAULT = "169.254.20.10/32"
_SELECTED = ("spec", "selector", "matchLabels")
_AKS_LABEL = "kubernetes.azure.com/localdns-state"
_AKS_ADDRESSES = ("169.254.10.10", "169.254.10.11")
"""AKS documentation, LocalDNS: it listens on 169.254.10.10 for VnetDNS and on 169.254.10.11 for KubeDNS traffic."""


@dataclass(frozen=True, slots=True)
class Caches:
    """Where pods ask for names on their own node."""

    addresses: tuple[objects.Address, ...]
    sources: tuple[str, ...]
    comment: str
    facts: tuple[Fact, ...]
    on_pods: tuple[Item, ...]
    """DaemonSets of caches that have pod addresses, so that selectors match them."""
    silent: tuple[Item, ...]
    """DaemonSets that do not tell where they listen."""

    def questions_for(self, endpoint: Endpoint) -> Iterator[Learned]:
        """The peers and questions that the caches of an endpoint leave."""
        for item in self.on_pods:
            carried = {key: told for key, told in objects.labels(item, *_SELECTED).items() if told}
            if not carried:
                continue
            peer = {
                "namespace": objects.namespace(item),
                "selector": [f"{key}={told}" for key, told in carried.items()],
            }
            comment = f"{item}: a cache of names whose pods have addresses of their own."
            yield Entry(("endpoints", endpoint.id, "peers", "node-local-dns"), peer, comment, (str(item),))
        for item in self.silent:
            text = f"on which address does {item} listen? Its arguments do not tell; {_DEFAULT[:-3]} is usual."
            answer = f"`kubectl get daemonset {item.name} --namespace {item.namespace} --output=yaml`, or in any pod:"
            proposal = Proposal(("endpoints", endpoint.id, "cidrs"), [_DEFAULT])
            yield Question("dns-node-local", About.DNS, text, f"{answer} `cat /etc/resolv.conf`", proposal)


def caches(snapshot: Snapshot) -> Caches:
    """The caches that the DaemonSets and the nodes tell of.

    NodeLocal DNSCache "listens on both the kube-dns service IP as well as" a link-local address where kube-proxy works
    with iptables, in the host's network: its `-localip` names both, and pods' packets to either stay on the node
    (Kubernetes documentation, Using NodeLocal DNSCache; its manifest, cluster/addons/dns/nodelocaldns).
    """
    addresses: dict[objects.Address, None] = {}
    told: list[str] = []
    sources: list[str] = []
    facts: list[Fact] = []
    on_pods: list[Item] = []
    silent: list[Item] = []
    for item, path in _daemons(snapshot):
        if objects.number(item, "status", "desiredNumberScheduled") == 0:
            facts.append(Fact(About.DNS, f"{item} runs on no node, so that it is left out.", (str(item),)))
        elif not objects.flag(item, "spec", "template", "spec", "hostNetwork"):
            on_pods.append(item)
        else:
            found = _local_addresses(item, path)
            addresses |= dict.fromkeys(found)
            (sources if found else []).append(str(item))
            told += [f"{item} caches names in the hosts' network, where no selector matches."] if found else []
            silent += [] if found else [item]
    nodes = [node for node in snapshot.all("Node") if _has_local_dns(node)]
    if nodes:
        addresses |= dict.fromkeys(ip_address(item) for item in _AKS_ADDRESSES)
        told.append(f"AKS LocalDNS runs in the hosts' network, by the label {_AKS_LABEL} of the nodes.")
        sources.append("Nodes")
    if not addresses:
        links = [address for address in map(objects.as_address, cluster_dns(snapshot)) if address.is_link_local]
        addresses |= dict.fromkeys(links)
        if links:
            told.append(
                "The kubelets give pods this address for names: a cache on the node, which no selector matches."
            )
            sources.append("ConfigMap kube-system/kubelet-config")
    return Caches(tuple(addresses), tuple(sources), " ".join(told), tuple(facts), tuple(on_pods), tuple(silent))


def _daemons(snapshot: Snapshot) -> Iterator[tuple[Item, tuple[objects.Path, ...]]]:
    """The DaemonSets whose container is the cache, by its image, whoever named them."""
    for item in snapshot.all("DaemonSet", group="apps"):
        for path in objects.containers(item, "spec", "template", "spec"):
            if _IMAGE in objects.text(item, *path, "image"):
                yield item, path
                break


def _local_addresses(item: Item, path: tuple[objects.Path, ...]) -> list[objects.Address]:
    given = objects.option(objects.arguments(item, *path), _OPTION) or ""
    found: list[objects.Address] = []
    for part in given.split(","):
        try:
            found.append(objects.as_address(part.strip()))
        except ValueError:
            continue  # a placeholder that the cache fills in by itself
    return found


def _has_local_dns(node: Item) -> bool:
    return objects.labels(node, "metadata", "labels").get(_AKS_LABEL) == "enabled"
