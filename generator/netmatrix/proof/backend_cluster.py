"""The default-deny as a ClusterNetworkPolicy: beneath NetworkPolicies it takes nothing away, and alone it closes all.

Source: the types of policy.networking.k8s.io/v1alpha2, as `policy.tiers` names them (below "API").
"""

from __future__ import annotations

from collections.abc import Iterable

from netmatrix.policy.objects import Written
from netmatrix.policy.tiers.decode import KIND, VERSIONS, cluster_policies
from netmatrix.policy.tiers.together import Policies
from netmatrix.proof.backend import ApiDifference, Backend, Reading
from netmatrix.proof.deviations import ADDRESSES, Deviation
from netmatrix.proof.grants import Granted

NAME = "clusterNetworkPolicy"

DIFFERENCES = (
    ApiDifference(
        "ingress-from-addresses",
        "from an address outside the cluster, a node or a pod on the host's network, to a pod that no NetworkPolicy "
        "selects",
        "an ingress rule names namespaces and pods alone, and no pods on the host's network, so that it cannot deny "
        "others",
        "ClusterNetworkPolicyIngressPeer",
    ),
    ApiDifference(
        "host-network",
        "to or from a pod on the host's network",
        "such pods are nobody's subject",
        "ClusterNetworkPolicySubject",
    ),
)


def cluster_backend(_granted: Granted, written: Iterable[Written]) -> Backend:
    """The ClusterNetworkPolicies among what was written. Raises ManifestError for one that cannot be read strictly."""
    found = cluster_policies(written)
    return Backend(
        NAME,
        KIND,
        VERSIONS,
        len(found),
        (Reading(Policies(cluster=found)),),
        DIFFERENCES,
        grants=False,
        excused_alone=_is_ingress_from_addresses,
    )


def _is_ingress_from_addresses(item: Deviation) -> bool:
    return item.gained and item.source == ADDRESSES
