"""Rules on address ranges and on who "anyone" is (NM250 to NM261)."""

from __future__ import annotations

from collections.abc import Iterator

from netmatrix.document import Finding, KeyPath
from netmatrix.matrix.check_endpoints import is_strictly_inside, reach
from netmatrix.matrix.model import EndpointKind
from netmatrix.values import rules
from netmatrix.values.cidr import CidrError, parse_cidr
from netmatrix.values.context import Context

_PEERS = ({"cidr"}, {"namespace", "selector"})


def cidrs_canonical(context: Context) -> Iterator[Finding]:
    """NM250."""
    for path in _ranges(context):
        text = context.text(*path)
        try:
            if text is not None:
                parse_cidr(text)
        except CidrError as error:
            yield context.finding(rules.CIDR_NOT_CANONICAL, str(error), path, error.hint)


def cidrs_not_too_wide(context: Context) -> Iterator[Finding]:
    """NM251."""
    for endpoint in context.matrix.endpoints.values():
        if endpoint.ceiling is None:
            continue
        for index in range(len(context.items("endpoints", endpoint.id, "cidrs"))):
            path = ("endpoints", endpoint.id, "cidrs", index)
            network = context.network(*path)
            if network is None:
                continue
            version, length = reach(network)
            shortest = endpoint.ceiling.shortest_prefix.get(version, network.max_prefixlen)
            if length < shortest:
                narrow = shortest + 96 * (version != network.version)  # IPv4 behind NAT64
                message = f"'{network}' is wider than the matrix allows for {endpoint.id!r}: /{narrow}"
                hint = f"list the addresses as ranges of /{narrow} or narrower"
                yield context.finding(rules.CIDR_TOO_WIDE, message, path, hint)


def excepts_inside(context: Context) -> Iterator[Finding]:
    """NM253. The Kubernetes API refuses an `except` that is not strictly inside its range."""
    for endpoint in context.matrix.endpoints.values():
        for key in context.mapping("endpoints", endpoint.id, "additionalExcept"):
            path = ("endpoints", endpoint.id, "additionalExcept", key)
            network = context.network(*path)
            if network is not None and not any(is_strictly_inside(network, outer) for outer in endpoint.cidrs):
                ranges = ", ".join(str(outer) for outer in endpoint.cidrs)
                message = f"'{network}' is not strictly inside the range of {endpoint.id!r}, {ranges}"
                hint = "leave it out (nothing outside the range is open), or give a narrower range"
                yield context.finding(rules.EXCEPT_OUTSIDE, message, path, hint)


def anyone_or_peers(context: Context) -> Iterator[Finding]:
    """NM260. Peers beside `anyone: true` would narrow nothing, while they look as if they did."""
    for endpoint in context.matrix.endpoints.values():
        path = ("endpoints", endpoint.id, "peers")
        open_to_all = endpoint.kind is EndpointKind.ANYONE and context.get("endpoints", endpoint.id, "anyone") is True
        if open_to_all and context.mapping(*path):
            message = f"{endpoint.id!r} lists peers but is open to anyone, so that they narrow nothing"
            hint = f"set endpoints.{endpoint.id}.anyone to false, or remove the peers"
            yield context.finding(rules.ANYONE_AND_PEERS, message, path, hint)


def peers_have_one_shape(context: Context) -> Iterator[Finding]:
    """NM261. A null in a peer is the schema's finding alone."""
    for endpoint in context.matrix.endpoints.values():
        if endpoint.kind is not EndpointKind.ANYONE:
            continue
        for key, peer in context.mapping("endpoints", endpoint.id, "peers").items():
            if isinstance(peer, dict) and set(peer) not in _PEERS and None not in peer.values():
                message = f"the peer {key!r} has {_told(peer)}"
                hint = "give either `cidr` alone, or `namespace` and `selector` together"
                yield context.finding(rules.PEER_SHAPE, message, ("endpoints", endpoint.id, "peers", key), hint)


def _ranges(context: Context) -> Iterator[KeyPath]:
    for endpoint in context.mapping("endpoints"):
        base = ("endpoints", endpoint)
        for index in range(len(context.items(*base, "cidrs"))):
            yield (*base, "cidrs", index)
        for key in context.mapping(*base, "additionalExcept"):
            yield (*base, "additionalExcept", key)
        for peer in context.mapping(*base, "peers"):
            yield (*base, "peers", peer, "cidr")
    for exception in context.mapping("exceptions"):
        for end in ("from", "to"):
            yield ("exceptions", exception, end, "cidr")


def _told(peer: dict[str, object]) -> str:
    return " and ".join(f"`{key}`" for key in sorted(peer)) if peer else "neither `cidr` nor `namespace` and `selector`"


CHECKS = (cidrs_canonical, cidrs_not_too_wide, excepts_inside, anyone_or_peers, peers_have_one_shape)
