"""Policies of other APIs, which decide before a NetworkPolicy does, or beside it; nothing here evaluates them.

Sources: the network policy API (policy.networking.k8s.io: AdminNetworkPolicy and BaselineAdminNetworkPolicy of
v1alpha1, ClusterNetworkPolicy of v1alpha2), Cilium (cilium.io/v2), Calico (crd.projectcalico.org/v1 and, with native v3
CRDs, projectcalico.org/v3 alone), Antrea (crd.antrea.io/v1beta1), Amazon EKS (networking.k8s.aws/v1alpha1), GKE
(networking.gke.io, FQDN network policies), OVN-Kubernetes (k8s.ovn.org/v1, EgressFirewall), OpenShift SDN
(network.openshift.io/v1, EgressNetworkPolicy).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netmatrix.audit.live import Live
from netmatrix.cluster import Item, Missing, Reason, Snapshot
from netmatrix.document import Finding
from netmatrix.policy.decode_policy import selector
from netmatrix.policy.fields import Fields
from netmatrix.policy.labels import NAMESPACE_NAME
from netmatrix.policy.objects import is_policy


@dataclass(frozen=True, slots=True)
class Api:
    """A kind of policy that is not networking.k8s.io's; `resource` is its plural name."""

    group: str
    resource: str
    kind: str
    namespaced: bool


APIS = (
    Api("policy.networking.k8s.io", "adminnetworkpolicies", "AdminNetworkPolicy", namespaced=False),
    Api("policy.networking.k8s.io", "baselineadminnetworkpolicies", "BaselineAdminNetworkPolicy", namespaced=False),
    Api("policy.networking.k8s.io", "clusternetworkpolicies", "ClusterNetworkPolicy", namespaced=False),
    Api("cilium.io", "ciliumnetworkpolicies", "CiliumNetworkPolicy", namespaced=True),
    Api("cilium.io", "ciliumclusterwidenetworkpolicies", "CiliumClusterwideNetworkPolicy", namespaced=False),
    Api("crd.projectcalico.org", "networkpolicies", "NetworkPolicy", namespaced=True),
    Api("crd.projectcalico.org", "globalnetworkpolicies", "GlobalNetworkPolicy", namespaced=False),
    Api("projectcalico.org", "networkpolicies", "NetworkPolicy", namespaced=True),
    Api("projectcalico.org", "globalnetworkpolicies", "GlobalNetworkPolicy", namespaced=False),
    Api("crd.antrea.io", "networkpolicies", "NetworkPolicy", namespaced=True),
    Api("crd.antrea.io", "clusternetworkpolicies", "ClusterNetworkPolicy", namespaced=False),
    Api("networking.k8s.aws", "clusternetworkpolicies", "ClusterNetworkPolicy", namespaced=False),
    Api("networking.k8s.aws", "applicationnetworkpolicies", "ApplicationNetworkPolicy", namespaced=True),
    Api("networking.gke.io", "fqdnnetworkpolicies", "FQDNNetworkPolicy", namespaced=True),
    Api("k8s.ovn.org", "egressfirewalls", "EgressFirewall", namespaced=True),
    Api("network.openshift.io", "egressnetworkpolicies", "EgressNetworkPolicy", namespaced=True),
)
_SAME = {"projectcalico.org": "crd.projectcalico.org"}
"""Calico's own API server gives the same objects under another group."""
_IN_TIER = ' in tier "'
"""What Calico's API server says where it refuses; the cluster's own, which knows no tiers, says otherwise."""
_STAGED = frozenset({"StagedNetworkPolicy", "StagedGlobalNetworkPolicy", "StagedKubernetesNetworkPolicy"})
"""They "are used to preview network behavior and do not enforce network traffic" (Calico documentation)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object, by its API group and name."""

    group: str
    name: str


@dataclass(frozen=True, slots=True)
class Overriding:
    """An object that may decide as well, and which of the governed namespaces it may touch.

    `surely` tells whether its selectors say so; otherwise they could not be read, and all are named.
    """

    item: Item
    group: str
    touches: tuple[str, ...]
    surely: bool

    def __str__(self) -> str:
        return str(self.item)


def overriding(live: Live, governed: Sequence[str], rendered: Iterable[Item]) -> tuple[Overriding, ...]:
    """The objects of such kinds in the cluster; those that Helm renders itself are none of them (see `backends`).

    Those of other namespaces concern nobody here. Those that certainly select none of the governed namespaces are told
    with nothing that they touch. A kind that is not known, and is a policy by its name, may touch whatever is governed
    where it stands.
    """
    ours = {identity(item) for item in rendered}
    found: dict[tuple[str, str, str, str], Overriding] = {}
    for item in live.items:
        api = api_of(item)
        if (api is None and not _is_policy(item.group, item.kind)) or identity(item) in ours:
            continue
        if item.namespace and item.namespace not in governed:
            continue
        touches: tuple[str, ...] | None = None
        if item.namespace:
            touches = (item.namespace,)
        elif api is not None:
            touches = _touched(item, live, governed)
        told = tuple(governed) if touches is None else touches
        same = (_SAME.get(item.group, item.group), item.kind, item.namespace, item.name)
        found.setdefault(same, Overriding(item, item.group, told, surely=api is not None and touches is not None))
    return tuple(found.values())


def unread(snapshot: Snapshot) -> tuple[Kind, ...]:
    """The kinds of policies of which a dump has no object, and does not tell either that the cluster has none.

    "None" and "not asked" look alike in a dump; but where it holds the CustomResourceDefinitions, a kind that is none
    of them is one that the cluster does not have. Of a running cluster all was read, or it is an error.
    """
    if snapshot.is_live:
        return ()
    here = {(item.group, item.kind) for item in snapshot.items}
    definitions = {item.name: item for item in snapshot.all("CustomResourceDefinition", group="apiextensions.k8s.io")}
    served = [
        Kind(api.group, api.kind) for api in APIS if not definitions or f"{api.resource}.{api.group}" in definitions
    ]
    others = [kind for item in definitions.values() if (kind := _defined(item)) and _is_policy(kind.group, kind.name)]
    return tuple(kind for kind in dict.fromkeys((*served, *others)) if (kind.group, kind.name) not in here)


def is_told_elsewhere(refused: Missing, snapshot: Snapshot) -> bool:
    """Whether what may not be read in one of Calico's groups was read in the other.

    Its API server gives what crd.projectcalico.org keeps, a tier at a time, and demands permissions on tiers besides
    (Calico documentation, Configure RBAC for tiered policies). Native v3 CRDs are refused by the cluster itself: then
    nothing else has them.
    """
    same = _SAME.get(refused.wanted.group)
    return (
        same is not None
        and refused.reason is Reason.FORBIDDEN
        and _IN_TIER in refused.words
        and snapshot.why_not(refused.wanted.kind, group=same) is None
    )


def identity(item: Item) -> tuple[str, str, str, str]:
    """What tells an object from all others in a cluster."""
    return item.group, item.kind, item.namespace, item.name


def api_of(item: Item) -> Api | None:
    """The kind of policy that an object is, where it is one of these."""
    return next((api for api in APIS if (api.group, api.kind) == (item.group, item.kind)), None)


def _is_policy(group: str, kind: str) -> bool:
    """Whether a kind that is none of the known ones is by its name what decides about connections."""
    by_name = is_policy(kind) or "Firewall" in kind
    return by_name and kind not in _STAGED and (group, kind) != ("networking.k8s.io", "NetworkPolicy")


def _defined(definition: Item) -> Kind | None:
    """The kind that a CustomResourceDefinition defines."""
    spec = definition.data.get("spec")
    names = spec.get("names") if isinstance(spec, dict) else None
    name = names.get("kind") if isinstance(names, dict) else None
    return Kind(definition.name.partition(".")[2], name) if isinstance(name, str) else None


def _touched(item: Item, live: Live, governed: Sequence[str]) -> tuple[str, ...] | None:
    """The governed namespaces that a cluster's policy selects; None where its subject is written in another way.

    The subject of an AdminNetworkPolicy and its successors is `namespaces`, a label selector, or `pods` with a
    `namespaceSelector`.
    """
    found: list[Finding] = []
    subjects = list(_subjects(item.data.get("spec")))
    if not subjects:
        return None
    touched: set[str] = set()
    for subject in subjects:
        chosen = selector(Fields(item.origin.source, found), subject, item.origin.path)
        for name in governed:
            space = live.namespaces.get(name)
            labels = space.labels if space else {NAMESPACE_NAME: name}
            if chosen.matches(labels):
                touched.add(name)
    return None if found else tuple(name for name in governed if name in touched)


def _subjects(spec: Any) -> Iterator[Mapping[str, Any]]:
    """The namespace selectors of a policy's subject, as far as the API is one whose form is known."""
    if not isinstance(spec, dict):
        return
    subject = spec.get("subject")
    if isinstance(subject, dict):
        pods = subject.get("pods")
        chosen = subject.get("namespaces", pods.get("namespaceSelector") if isinstance(pods, dict) else None)
        if isinstance(chosen, dict):
            yield chosen
