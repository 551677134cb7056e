"""Every flow as CiliumNetworkPolicies: by themselves, and beside the NetworkPolicies, they grant exactly the matrix.

The API server is an entity there, whose addresses Cilium knows and a proof does not. So the objects are read in two
ways, and must be exact in both. Where the entity is nobody, what is granted is granted by address. And where it is
every address in the world, every row that is granted the API server reaches the world, on the ports of that grant, and
nobody else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from netmatrix.policy.addresses import ALL_ADDRESSES, NO_ADDRESSES
from netmatrix.policy.cilium.decode import KIND, VERSIONS, cilium_policies
from netmatrix.policy.objects import Written
from netmatrix.policy.tiers.together import Policies
from netmatrix.proof.backend import ApiDifference, Backend, Reading
from netmatrix.proof.grants import End, Grant, Granted

NAME = "cilium"

_LAYER_3 = "Cilium 1.20, Layer 3 Policies"
NODES = ApiDifference(
    "nodes",
    "between a pod and a node, or a pod on a node's network, whose address lies in a range that is granted",
    "ranges match no node, nor pods, unless policyCIDRMatchMode says so; with other plugins an ipBlock matches nodes",
    f"{_LAYER_3}, IP/CIDR based",
)
UNKNOWN = ApiDifference(
    "without-identity",
    "between pods of which Cilium does not manage one, or has not told its labels yet",
    "a selector of endpoints finds none of them, though they may have the labels that a NetworkPolicy asks for",
    f"{_LAYER_3}, Entities based",
)
MESH = ApiDifference(
    "cluster-mesh",
    "between pods of different clusters of a Cluster Mesh",
    "selectors find pods of all clusters unless policyDefaultLocalCluster is set; a NetworkPolicy is of one cluster",
    "Cilium 1.20, API, getEndpointSelector",
)
ICMP = ApiDifference(
    "icmp",
    "ICMP, where a flow is granted on any port",
    "a rule without toPorts lets ICMP pass; a NetworkPolicy says nothing of it",
    "Cilium 1.20, Layer 4 Policies",
)
SCTP = ApiDifference(
    "sctp",
    "SCTP, where it is granted",
    "Cilium carries SCTP only where sctp.enabled is set, which is beta; others ask for nothing",
    "Cilium 1.20, SCTP support",
)
DNS = ApiDifference(
    "dns",
    "what is no DNS query, or while the agent of the node is not there, on the ports of the name service",
    "DNS rules send these ports through the agent's proxy, which lets queries pass alone",
    f"{_LAYER_3}, DNS based",
)


def cilium_backend(granted: Granted, written: Iterable[Written]) -> Backend:
    """The CiliumNetworkPolicies among what was written. Raises ManifestError for one that cannot be read strictly."""
    known = tuple(written)
    home = granted.governed[0]
    by_name = tuple(_by_name(granted))
    stated = cilium_policies(known, NO_ADDRESSES, home)
    anywhere = cilium_policies(known, ALL_ADDRESSES, home)
    differences = (*_api_server(by_name), NODES, DNS, ICMP, SCTP, UNKNOWN, MESH)
    readings = (Reading(Policies(stated)), Reading(Policies(anywhere), by_name))
    return Backend(NAME, KIND, VERSIONS, len(stated), readings, differences)


def _by_name(granted: Granted) -> Iterator[Grant]:
    """What is granted where the API server is every address: to those, and to no pod.

    Where values leave it no address, nothing is granted that its name could stand for.
    """
    servers = {item.id for item in granted.matrix.endpoints.values() if item.is_api_server}
    for grant in granted.grants:
        if grant.destination.name in servers and grant.destination.addresses:
            yield replace(grant, name=f"{grant.name} (by name)", destination=_anywhere(grant.destination))
        if grant.source.name in servers and grant.source.addresses:
            yield replace(grant, name=f"{grant.name} (by name)", source=_anywhere(grant.source))


def _anywhere(end: End) -> End:
    return End(end.name, addresses=ALL_ADDRESSES, outside=True)


def _api_server(by_name: Iterable[Grant]) -> Iterator[ApiDifference]:
    for grant in by_name:
        ends = f"{grant.source.name} to {grant.destination.name}, on {grant.ports}"
        yield ApiDifference(
            "api-server",
            f"from {ends}, at addresses that the matrix does not state, and on nodes",
            "kube-apiserver is whatever Cilium knows as the API server; a NetworkPolicy has addresses alone",
            f"{_LAYER_3}, Entities based",
        )
