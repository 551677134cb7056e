"""What an audit reads of a cluster: nothing else, so that whoever runs it needs no other permission."""

from __future__ import annotations

from netmatrix.audit.live import concerned
from netmatrix.audit.overriding import APIS
from netmatrix.cluster import Wanted
from netmatrix.proof.grants import Granted


def wanted(granted: Granted) -> tuple[Wanted, ...]:
    """Asked of a running cluster: policies, pods and namespaces that the matrix speaks of, each by its namespace."""
    near = concerned(granted)
    return (
        *(_policies(namespace) for namespace in near),
        *(_pods(namespace) for namespace in granted.governed),
        *(Wanted("Namespace", "namespaces", name=name, is_namespaced=False, needed=True) for name in near),
        *(_slices(namespace) for namespace in _looked_up(granted)),
        *others(),
    )


def wanted_of_dump(granted: Granted) -> tuple[Wanted, ...]:
    """Demanded of a dump: of each kind something, since what was not saved looks like what is not there."""
    return (
        _policies(""),
        _pods(""),
        Wanted("Namespace", "namespaces", is_namespaced=False, needed=True),
        *(_slices(namespace) for namespace in _looked_up(granted)),
        *others(),
    )


def others() -> tuple[Wanted, ...]:
    """The policies of other APIs, where the cluster has these."""
    return tuple(Wanted(api.kind, api.resource, api.group, is_namespaced=api.namespaced) for api in APIS)


def _policies(namespace: str) -> Wanted:
    return Wanted("NetworkPolicy", "networkpolicies", "networking.k8s.io", namespace, needed=True)


def _pods(namespace: str) -> Wanted:
    return Wanted("Pod", "pods", namespace=namespace, needed=True)


def _slices(namespace: str) -> Wanted:
    return Wanted("EndpointSlice", "endpointslices", "discovery.k8s.io", namespace, needed=True)


def _looked_up(granted: Granted) -> tuple[str, ...]:
    """The namespaces of the Services that values have looked up."""
    endpoints = (granted.matrix.endpoints[name].discovery for name in granted.undiscovered)
    return tuple(dict.fromkeys(item.namespace for item in endpoints if item is not None))
