"""The network: a node without an uplink, and hosts outside the cluster in a network namespace of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.e2e.addresses import NODE_IPV4, NODE_IPV6, SERVICE_RANGES
from tests.e2e.inside.commands import batch, run

OUTSIDE = "outside"
"""The namespace of the hosts outside the cluster, and the device that leads there."""

_SETTINGS = {
    "ipv4/ip_forward": "1",
    "ipv6/conf/all/forwarding": "1",
    "ipv6/conf/default/accept_dad": "0",
    "ipv6/conf/all/accept_dad": "0",
    "bridge/bridge-nf-call-iptables": "1",
    "bridge/bridge-nf-call-ip6tables": "1",
    # Refusals are ICMP messages, of which the kernel sends few by itself.
    "ipv4/icmp_ratelimit": "0",
    "ipv4/icmp_msgs_per_sec": "1000000",
    "ipv4/icmp_msgs_burst": "100000",
    "ipv6/icmp/ratelimit": "0",
    # A flow that is remembered would be let through after policies have changed.
    "netfilter/nf_conntrack_udp_timeout": "1",
    "netfilter/nf_conntrack_udp_timeout_stream": "1",
}
_LINK_HERE, _LINK_THERE = "fe80::1", "fe80::2"


def prepare(hosts: Sequence[str]) -> None:
    """Set up the node's addresses and the hosts outside, which have the addresses `hosts`."""
    for name, value in _SETTINGS.items():
        setting = Path("/proc/sys/net", name)
        if setting.exists():
            setting.write_text(value, encoding="ascii")
    run("ip", "netns", "add", OUTSIDE)
    batch(
        [
            "link set lo up",
            f"address add {NODE_IPV4}/32 dev lo",
            f"address add {NODE_IPV6}/128 dev lo nodad",
            f"link add {OUTSIDE} type veth peer name uplink netns {OUTSIDE}",
            f"address add {_LINK_HERE}/64 dev {OUTSIDE} nodad",
            f"link set {OUTSIDE} up",
            # What the node sends to a Service is routed before its address is translated, and must be routable.
            f"route add {SERVICE_RANGES[0]} dev {OUTSIDE} src {NODE_IPV4}",
            f"route add {SERVICE_RANGES[1]} dev {OUTSIDE} src {NODE_IPV6}",
        ]
    )
    batch(
        [
            "link set lo up",
            f"address add {_LINK_THERE}/64 dev uplink nodad",
            *(f"address add {host} dev uplink{' nodad' if ':' in host else ''}" for host in hosts),
            "link set uplink up",
            f"route add default via {NODE_IPV4} dev uplink onlink",
            f"route add default via {_LINK_HERE} dev uplink",
        ],
        "-n",
        OUTSIDE,
    )
    batch([f"route add {host} dev {OUTSIDE}" for host in hosts])
