"""What is read of a cluster: nothing but what one of the facts needs."""

from __future__ import annotations

from collections.abc import Iterator

from netmatrix.cluster import Wanted
from netmatrix.matrix.model import Matrix

SYSTEM = "kube-system"
OPENSHIFT_DNS = "openshift-dns"
OPENSHIFT_SDN = "network.openshift.io"
CALICO = ("crd.projectcalico.org", "projectcalico.org")
"""The second alone with native v3 CRDs; beside the first where Calico's own API server gives the same objects."""

CILIUM = "cilium.io"
NODE_CONFIG = "CiliumNodeConfig"

DISCOVERY_GROUP = "discovery.k8s.io"

_CONFIG_MAPS = (
    (SYSTEM, "kubeadm-config"),
    (SYSTEM, "kubelet-config"),
    (SYSTEM, "cilium-config"),
    (SYSTEM, "amazon-vpc-cni"),
    (SYSTEM, "kube-flannel-cfg"),
    ("kube-flannel", "kube-flannel-cfg"),
)
"""Single ones by name: others may hold anything."""

_CLUSTERS = (
    ("ServiceCIDR", "servicecidrs", "networking.k8s.io"),
    *(("IPPool", "ippools", group) for group in CALICO),
    ("CiliumNode", "ciliumnodes", CILIUM),
    ("ENIConfig", "eniconfigs", "crd.k8s.amazonaws.com"),
)
"""Resources of the cluster, all of them optional: kind, resource, API group."""


def wanted(matrix: Matrix) -> Iterator[Wanted]:
    """What to ask for. Services, and the EndpointSlices that the chart looks up too, are needed: without them nothing
    can be said of the name service and the API server, and an override would be empty.
    """
    ours = tuple(item.name for item in matrix.namespaces.values())
    discovered = {item.discovery.namespace: None for item in matrix.endpoints.values() if item.discovery is not None}
    near = tuple(dict.fromkeys((*discovered, SYSTEM)))
    yield Wanted("Service", "services", instead=near, needed=True)
    for namespace in discovered:
        yield Wanted("EndpointSlice", "endpointslices", DISCOVERY_GROUP, namespace=namespace, needed=True)
    for namespace in (SYSTEM, OPENSHIFT_DNS):
        if namespace not in discovered:
            yield Wanted("EndpointSlice", "endpointslices", DISCOVERY_GROUP, namespace=namespace)
    yield Wanted("Node", "nodes", is_namespaced=False)
    yield Wanted("Pod", "pods", instead=tuple(dict.fromkeys((*ours, SYSTEM))))
    yield Wanted("DaemonSet", "daemonsets", "apps", instead=(SYSTEM,))
    for kind, resource, group in _CLUSTERS:
        yield Wanted(kind, resource, group, is_namespaced=False)
    yield Wanted(NODE_CONFIG, "ciliumnodeconfigs", CILIUM, instead=(SYSTEM,))
    yield Wanted("Network", "networks", "config.openshift.io", name="cluster", is_namespaced=False)
    yield Wanted("ClusterNetwork", "clusternetworks", OPENSHIFT_SDN, name="default", is_namespaced=False)
    for namespace, name in _CONFIG_MAPS:
        yield Wanted("ConfigMap", "configmaps", namespace=namespace, name=name)
