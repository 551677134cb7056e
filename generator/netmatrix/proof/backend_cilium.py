"""Every flow as CiliumNetworkPolicies: by themselves, and beside the NetworkPolicies, they grant exactly the matrix.

The API server is an entity there, whose addresses Cilium knows and a proof does not. So it is read in two ways. Where
it is nobody, all must be exact: its addresses, as far as values and look-ups state them, are ranges of their own. And
where it is anywhere in the world, whoever reaches that must be a row that is granted the API server, on the ports of
that grant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from netmatrix.policy.addresses import ALL_ADDRESSES, NO_ADDRESSES
from netmatrix.policy.cilium.decode import KIND, VERSIONS, cilium_policies, names_api_server
from netmatrix.policy.objects import Direction, Written
from netmatrix.policy.ports import NO_PORTS, PortSet
from netmatrix.policy.tiers.together import Policies
from netmatrix.proof.backend import ApiDifference, Backend, Excuse, Reading
from netmatrix.proof.deviations import ADDRESSES, Deviation
from netmatrix.proof.grants import Granted
from netmatrix.proof.names import is_row

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
    servers = {item.id for item in granted.matrix.endpoints.values() if item.is_api_server}
    stated = cilium_policies(known, NO_ADDRESSES, home)
    readings = [Reading(Policies(stated))]
    if names_api_server(known):
        anywhere = cilium_policies(known, ALL_ADDRESSES, home)
        readings.append(Reading(Policies(anywhere), _is_to_api_server(granted, servers)))
    differences = (*_api_server(granted, servers), NODES, DNS, ICMP, UNKNOWN, MESH)
    return Backend(NAME, KIND, VERSIONS, len(stated), tuple(readings), differences)


def _granted_ports(granted: Granted, servers: set[str]) -> Mapping[tuple[Direction, str], PortSet]:
    """On which ports each row is granted the API server, by the direction of the row's end.

    Where values leave the API server no address, nothing is granted that its name could stand for.
    """
    found: dict[tuple[Direction, str], PortSet] = defaultdict(lambda: NO_PORTS)
    for grant in granted.grants:
        if grant.source.row and grant.destination.name in servers and grant.destination.addresses:
            found[Direction.EGRESS, grant.source.row] |= grant.ports
        if grant.destination.row and grant.source.name in servers and grant.source.addresses:
            found[Direction.INGRESS, grant.destination.row] |= grant.ports
    return dict(found)


def _is_to_api_server(granted: Granted, servers: set[str]) -> Excuse:
    """Whether a deviation is that a row reaches an address, or is reached from one, as it is granted the API server."""
    ports = _granted_ports(granted, servers)

    def excused(item: Deviation) -> bool:
        if not item.gained or (item.source == ADDRESSES) == (item.destination == ADDRESSES):
            return False
        direction, name = (
            (Direction.EGRESS, item.source) if item.destination == ADDRESSES else (Direction.INGRESS, item.destination)
        )
        return any(
            end is direction and is_row(name, {row}) and not item.ports - allowed
            for (end, row), allowed in ports.items()
        )

    return excused


def _api_server(granted: Granted, servers: set[str]) -> Iterator[ApiDifference]:
    for (direction, row), ports in _granted_ports(granted, servers).items():
        ends = f"from {row} to the API server" if direction is Direction.EGRESS else f"from the API server to {row}"
        yield ApiDifference(
            "api-server",
            f"{ends}, on {ports}, at addresses that the matrix does not state, and on nodes that run it",
            "kube-apiserver is whatever Cilium knows as the API server; a NetworkPolicy has addresses alone",
            f"{_LAYER_3}, Entities based",
        )
