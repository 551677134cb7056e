"""The addresses of the cluster, all of them within its own network namespace."""

from __future__ import annotations

from ipaddress import ip_network

NODE = "node"
NODE_IPV4, NODE_IPV6 = "192.168.49.2", "fd00:10:49::2"
POD_RANGES = ("10.244.0.0/16", "fd00:10:244::/56")
SERVICE_RANGES = ("10.96.0.0/16", "fd00:10:96::/112")
API_SERVICE = str(ip_network(SERVICE_RANGES[0])[1])
DNS_SERVICE = str(ip_network(SERVICE_RANGES[0])[10])
API_PORT = 6443
DOMAIN = "cluster.local"

IMAGE = "localhost/netmatrix-e2e:1"
"""The one image, which holds the stand-in, CoreDNS, and agnhost with a shell."""
AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
"""Its other name: who asks for the image of Kubernetes' own network tests gets the same programs, built from source."""


def own_ranges() -> tuple[str, ...]:
    """The ranges that pods, Services and the node have."""
    return (*POD_RANGES, *SERVICE_RANGES, f"{NODE_IPV4}/32", f"{NODE_IPV6}/128")
