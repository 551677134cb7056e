"""Random values that move what policies of single flows hold: an endpoint's peers and ports, pods' ports, exceptions.

Few of each, so that two random layers often change one rule's peers and ports at once, and ports change hands.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Layer = dict[str, Any]
Layers = st.SearchStrategy[Layer]

BLOCKS = [{"cidr": cidr} for cidr in ("203.0.113.0/28", "198.51.100.0/28", "2001:db8::/64")]
OTHERS = [{"namespace": name, "selector": [f"app={name}"]} for name in ("monitoring", "traefik", "dns")]
PORTS = [{"protocol": protocol, "port": port} for protocol in ("TCP", "UDP") for port in (22, 443, 3100)]
API_PORTS = (443, 6443, 8443, 16443)


def subsets(*items: Any, least: int = 0) -> st.SearchStrategy[list[Any]]:
    """Some of the items, in any order."""
    return st.lists(st.sampled_from(items), unique_by=repr, min_size=least, max_size=len(items))


def keyed(peers: st.SearchStrategy[list[Any]]) -> Layers:
    """Under an id that stays the same for what is the first, the second and so on."""
    return peers.map(lambda found: {f"peer-{number}": peer for number, peer in enumerate(found)})


def some(**parts: st.SearchStrategy[Any]) -> Layers:
    """Each of the keys, or not."""
    return st.fixed_dictionaries({}, optional=parts)


dns_port = st.sampled_from([53, 5353])
endpoints = some(
    **{
        "dns": some(
            peers=st.one_of(st.just({"kube-dns": None}), keyed(subsets(*OTHERS))),
            cidrs=subsets("169.254.20.10/32", "10.0.0.1/32"),
            ports=st.fixed_dictionaries({"udp": dns_port, "tcp": dns_port}),
        ),
        "kubernetes-api": some(
            cidrs=subsets("192.0.2.10/32", "192.0.2.32/28", "fd00:1::/64"),
            ports=subsets(*API_PORTS, least=1),
        ),
        "outside": st.fixed_dictionaries({"anyone": st.just(False), "peers": keyed(subsets(*OTHERS, *BLOCKS))}),
    }
)
pods = some(
    ui=st.permutations([80, 443, 8443, 4200]).map(
        lambda found: {"ports": dict(zip(("http", "https", "dev"), found, strict=False))}
    ),
    mongo=st.sampled_from([27017, 27018]).map(lambda port: {"ports": {"mongodb": port}}),
    **{"jobs-manager": st.sampled_from([3000, 443]).map(lambda port: {"ports": {"http": port}})},
)
end = st.sampled_from([*BLOCKS, *OTHERS, {"endpoint": "dns"}, {"endpoint": "kubernetes-api"}, {"endpoint": "internet"}])
own = st.sampled_from([{"pod": "kafka"}, {"pod": "ui"}])
ends = st.one_of(
    st.tuples(st.sampled_from([{"pod": "cron"}, {"pod": "ui"}]), st.one_of(end, own)),
    st.tuples(st.one_of(end, st.just({"endpoint": "outside"})), own),
)
exception = st.tuples(ends, subsets(*PORTS, least=1)).map(
    lambda drawn: {
        "from": drawn[0][0],
        "to": drawn[0][1],
        "ports": drawn[1],
        "reason": "a test",
        "owner": "tests",
        "expires": "2099-12-31",
    }
)
layers: Layers = some(endpoints=endpoints, pods=pods, exceptions=some(one=exception, two=exception))
"""What one override says."""
