"""Where this cluster's data plane differs from the Kubernetes documentation: a list with names, each shown by a test.

None of these may touch what the chart has installed: `make e2e` allows no disagreement on the packets of the matrix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e.workloads import UNRELATED

Spec = Mapping[str, Any]

_ALL: Spec = {"podSelector": {}}


@dataclass(frozen=True, slots=True)
class Divergence:
    """`policies`, by name, allow or forbid a packet between two pods of one namespace; the data plane does otherwise.

    `avoided` are policies that mean the same, and on which the two agree: the way that the chart goes.
    """

    name: str
    reason: str
    policies: Mapping[str, Spec]
    avoided: Mapping[str, Spec]
    family: int


DIVERGENCES = (
    Divergence(
        name="ingress-leaks-into-egress",
        reason="kube-router 2.10 puts the rules of both directions of one policy object into one chain, so that "
        "between pods that it selects an ingress rule lets egress through",
        policies={"both": {**_ALL, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": []}},
        avoided={
            "in": {**_ALL, "policyTypes": ["Ingress"], "ingress": [{}]},
            "out": {**_ALL, "policyTypes": ["Egress"], "egress": []},
        },
        family=4,
    ),
    Divergence(
        name="all-of-ipv6-defeats-its-exceptions",
        reason="kube-router 2.10 writes ::/0 as 2000::/3 and fd00::/8, the second of which is more specific than an "
        "exception of fc00::/7 and wins over it",
        policies={
            "out": {
                **_ALL,
                "policyTypes": ["Egress"],
                "egress": [{"to": [{"ipBlock": {"cidr": "::/0", "except": ["fc00::/7"]}}]}],
            }
        },
        avoided={
            "out": {
                **_ALL,
                "policyTypes": ["Egress"],
                "egress": [{"to": [{"ipBlock": {"cidr": "2000::/3", "except": ["2001:db8::/32"]}}]}],
            }
        },
        family=6,
    ),
)


def objects(policies: Mapping[str, Spec], namespace: str = UNRELATED) -> list[dict[str, Any]]:
    """NetworkPolicy objects."""
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
        for name, spec in policies.items()
    ]
