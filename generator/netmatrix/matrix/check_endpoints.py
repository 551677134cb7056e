"""The cross-checks of endpoints: address ranges, exceptions, ceilings, peers."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Network, ip_network
from typing import Any

from netmatrix.document import Finding, KeyPath
from netmatrix.matrix import rules
from netmatrix.matrix.checking import Checked, at
from netmatrix.matrix.model import Network

_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


def parse_cidr(text: str) -> Network | None:
    """The range that `text` names in its canonical form (Kubernetes: KEP-4858), else None."""
    try:
        network = ip_network(text)
    except ValueError:
        return None
    return network if str(network) == text and ipv4_inside(network) is None else None


def ipv4_inside(network: Network) -> Network | None:
    """The IPv4 range that `network` maps into IPv6, else None. Some data planes take ::ffff:0:0/96 for 0.0.0.0/0."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return ip_network(f"{mapped}/{network.prefixlen - 96}") if mapped is not None else None


def reach(network: Network) -> tuple[int, int]:
    """The IP version and the prefix length by which a ceiling measures `network`.

    What lies in a NAT64 range leads to IPv4 addresses, by its last 32 bits (RFC 6052; RFC 8215 for the local range).
    """
    if isinstance(network, IPv6Network) and any(network.overlaps(nat64) for nat64 in _NAT64):
        return 4, max(0, network.prefixlen - 96)
    return network.version, network.prefixlen


def is_strictly_inside(inner: Network, outer: Network) -> bool:
    """Whether `inner` is a part of `outer` and not all of it, as the API demands of `ipBlock.except`."""
    if inner.version == 4 and outer.version == 4:
        return inner != outer and inner.subnet_of(outer)
    if inner.version == 6 and outer.version == 6:
        return inner != outer and inner.subnet_of(outer)
    return False


def _cidrs(checked: Checked) -> Iterator[Finding]:
    for id_, endpoint in checked.endpoints.items():
        for key in ("cidrs", "except"):
            for index, text in enumerate(endpoint.get(key, [])):
                if parse_cidr(text) is None:
                    path: KeyPath = ("endpoints", id_, key, index)
                    yield at(checked, rules.CIDR, path, *_objection(text))


def _objection(text: str) -> tuple[str, str]:
    """What is wrong with a range that is not accepted, and what to write instead."""
    message = f"{text!r} is not a range in canonical form"
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return message, "write an address and a prefix length, such as 10.0.0.0/8 or 2000::/3"
    mapped = ipv4_inside(network)
    if mapped is not None:
        return f"{text!r} is an IPv4 range inside IPv6", f"write {mapped}"
    return message, f"did you mean {str(network)!r}?"


def _excepts(checked: Checked) -> Iterator[Finding]:
    for id_, endpoint in checked.endpoints.items():
        ranges = [network for text in endpoint.get("cidrs", []) if (network := parse_cidr(text))]
        for index, text in enumerate(endpoint.get("except", [])):
            inner = parse_cidr(text)
            if inner is not None and not any(is_strictly_inside(inner, outer) for outer in ranges):
                message = f"{text} does not lie strictly inside {' or '.join(endpoint['cidrs'])}"
                hint = "the API server would refuse the policy: take the exception out, or widen the range"
                yield at(checked, rules.EXCEPT_OUTSIDE, ("endpoints", id_, "except", index), message, hint)


def _ceilings(checked: Checked) -> Iterator[Finding]:
    for id_, endpoint in checked.endpoints.items():
        ceiling = endpoint.get("ceiling")
        if ceiling is None:
            continue
        base: KeyPath = ("endpoints", id_)
        for name, value in endpoint.get("ports", {}).items():
            for key, number in value.items() if isinstance(value, dict) else [(None, value)]:
                if number not in ceiling["ports"]:
                    path: KeyPath = (*base, "ports", name) if key is None else (*base, "ports", name, key)
                    yield _beyond(checked, path, f"port {number} is not among the ceiling's ports")
        for key in ("peers", "cidrs"):
            if len(endpoint.get(key, [])) > ceiling.get(key, 0):
                yield _beyond(checked, (*base, key), f"more {key} than the ceiling allows")
        yield from _wide_cidrs(checked, base, endpoint, ceiling)


def _wide_cidrs(checked: Checked, base: KeyPath, endpoint: Any, ceiling: Any) -> Iterator[Finding]:
    for index, text in enumerate(endpoint.get("cidrs", [])):
        network = parse_cidr(text)
        if network is None:
            continue
        version, length = reach(network)
        if length < ceiling["prefix"][f"ipv{version}"]:
            yield _beyond(checked, (*base, "cidrs", index), f"{text} is wider than the ceiling allows")


def _beyond(checked: Checked, path: KeyPath, message: str) -> Finding:
    return at(checked, rules.CEILING, path, message, "the matrix's own values must lie within the ceiling it states")


def _peers(checked: Checked) -> Iterator[Finding]:
    ours = {namespace["name"]: id_ for id_, namespace in checked.section("namespaces").items()}
    for id_, endpoint in checked.endpoints.items():
        for name, peer in endpoint.get("peers", {}).items():
            if peer["namespace"] in ours:
                message = f"peer {name!r} of endpoint {id_!r} lives in {peer['namespace']!r}, a namespace of ours"
                path: KeyPath = ("endpoints", id_, "peers", name, "namespace")
                hint = "make it a pod of the matrix, or name another namespace"
                yield at(checked, rules.FOREIGN_NAMESPACE, path, message, hint)


ENDPOINT_CHECKS = (_cidrs, _excepts, _ceilings, _peers)
