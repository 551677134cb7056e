"""Policies of other APIs, which decide before a NetworkPolicy does, or beside it; nothing here evaluates them.

Sources: the network policy API (policy.networking.k8s.io: AdminNetworkPolicy and BaselineAdminNetworkPolicy of
v1alpha1, ClusterNetworkPolicy of v1alpha2), Cilium (cilium.io/v2), Calico (crd.projectcalico.org/v1 and
projectcalico.org/v3), Antrea (crd.antrea.io/v1beta1).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netmatrix.audit.live import Live
from netmatrix.cluster import Item
from netmatrix.document import Finding
from netmatrix.policy.decode_policy import selector
from netmatrix.policy.fields import Fields
from netmatrix.policy.labels import NAMESPACE_NAME
from netmatrix.policy.stream import documents


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
    Api("crd.antrea.io", "networkpolicies", "NetworkPolicy", namespaced=True),
    Api("crd.antrea.io", "clusternetworkpolicies", "ClusterNetworkPolicy", namespaced=False),
)
_SAME = {"projectcalico.org": "crd.projectcalico.org"}
"""Calico's own API server gives the same objects under another group."""


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
    with nothing that they touch.
    """
    ours = {identity(item) for item in rendered}
    found = []
    for item in live.items:
        api = api_of(item)
        if api is None or (api.namespaced and item.namespace not in governed):
            continue
        if identity(item) in ours:
            continue
        touches = (item.namespace,) if api.namespaced else _touched(item, live, governed)
        told = governed if touches is None else touches
        found.append(Overriding(item, api.group, tuple(told), surely=touches is not None))
    return tuple(found)


def identity(item: Item) -> tuple[str, str, str, str]:
    """What tells an object from all others in a cluster."""
    return item.group, item.kind, item.namespace, item.name


def api_of(item: Item) -> Api | None:
    """The kind of policy that an object is, where it is one of these."""
    group = _SAME.get(item.group, item.group)
    return next((api for api in APIS if (api.group, api.kind) == (group, item.kind)), None)


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
        ((source, data),) = documents(json.dumps(subject).encode(), str(item), found)
        chosen = selector(Fields(source, found), data, ())
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
