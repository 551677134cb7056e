"""What the matrix grants, by brute force: one concrete packet at a time against matrix.yaml and values, as plain data.

Written from the project's design, "What `verify` claims", for files that were validated. It shares no line with the
product. An end of a flow or exception that is a pod of ours is opened by it; its other end is only named, so that
"anyone may reach the UI" lets nobody out of a governed namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import yaml

from tests.policy.brute_force import Data, Packet

address, network = cache(ip_address), cache(ip_network)


@dataclass(frozen=True)
class Requirements:
    """matrix.yaml and the merged values; `discovered` are addresses and TCP ports that installing has found."""

    matrix: Data
    values: Data
    ipblock_matches_pods: bool
    discovered: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Line:
    """A flow or an exception. An end is {pod}, {endpoint}, {cidr} or {namespace, selector}, as exceptions write it."""

    name: str
    source: Data
    destination: Data
    ports: frozenset[tuple[str, int]] | None  # None: every port of every protocol

    def opens(self, protocol: str, port: int) -> bool:
        return self.ports is None or (protocol, port) in self.ports


def is_granted(wanted: Requirements, packet: Packet) -> bool:
    """Granted end by end: different flows may serve the two ends."""
    return is_granted_out(wanted, packet) and is_granted_in(wanted, packet)


def is_granted_out(wanted: Requirements, packet: Packet) -> bool:
    """Whether the source is not governed, or something that is on lets it out."""
    if packet.source is None or not is_governed(wanted, packet.source):
        return True
    return any(
        is_row(wanted, line.source, packet.source)
        and is_named(wanted, line.destination, packet.destination, packet.destination_ip)
        and line.opens(packet.protocol, packet.port)
        for line in lines(wanted)
    )


def is_granted_in(wanted: Requirements, packet: Packet) -> bool:
    """Whether the destination is not governed, or something that is on lets the packet in."""
    if packet.destination is None or not is_governed(wanted, packet.destination):
        return True
    return any(
        is_row(wanted, line.destination, packet.destination)
        and is_named(wanted, line.source, packet.source, packet.source_ip)
        and line.opens(packet.protocol, packet.port)
        for line in lines(wanted)
    )


def is_governed(wanted: Requirements, pod: Data) -> bool:
    """All namespaces of the matrix are under default-deny."""
    return pod["metadata"]["namespace"] in {namespace(wanted, key) for key in wanted.matrix["namespaces"]}


def namespace(wanted: Requirements, key: str) -> str:
    """The name that values give to a namespace of the matrix, else its own."""
    given = wanted.values.get("namespaces", {}).get(key, {})
    return str(given.get("name") or wanted.matrix["namespaces"][key]["name"])


def is_row(wanted: Requirements, end: Data, pod: Data) -> bool:
    """Whether an end is a pod of ours, and this pod is one of those."""
    if "pod" not in end:
        return False
    home = namespace(wanted, wanted.matrix["pods"][end["pod"]]["namespace"])
    return pod["metadata"]["namespace"] == home and carries(pod, wanted.values["pods"][end["pod"]]["selector"])


def carries(pod: Data, selector: list[str]) -> bool:
    """Whether a pod has all labels of a list of `key=value`."""
    return all(pod["metadata"]["labels"].get(key) == value for key, value in (item.split("=") for item in selector))


def is_named(wanted: Requirements, end: Data, pod: Data | None, ip: str) -> bool:
    """Whether one end of a line speaks of this pod at this address, or of this address outside the cluster."""
    if "pod" in end:
        return pod is not None and is_row(wanted, end, pod)
    if "selector" in end:
        return pod is not None and pod["metadata"]["namespace"] == end["namespace"] and carries(pod, end["selector"])
    if "cidr" in end:
        return holds(wanted, [end["cidr"]], [], pod, ip)
    stated, given = wanted.matrix["endpoints"][end["endpoint"]], wanted.values["endpoints"][end["endpoint"]]
    if stated["kind"] == "anyone" and given["anyone"]:
        return True
    if stated["kind"] == "addresses" and "ceiling" not in stated:
        excepted = [*stated.get("except", []), *given["additionalExcept"].values()]
        return holds(wanted, stated["cidrs"], excepted, pod, ip)
    peers = list(given.get("peers", {}).values())
    ranges = [*given.get("cidrs", []), *(peer["cidr"] for peer in peers if "cidr" in peer)]
    return any(is_named(wanted, peer, pod, ip) for peer in peers if "selector" in peer) or holds(
        wanted, ranges, [], pod, ip
    )


def holds(wanted: Requirements, ranges: list[str], excepted: list[str], pod: Data | None, ip: str) -> bool:
    """A range "holds a pod only in the model where ipBlocks match pods and the pod's address lies inside"."""
    if pod is not None and not wanted.ipblock_matches_pods:
        return False
    inside = any(address(ip) in network(cidr) for cidr in ranges)
    return inside and all(address(ip) not in network(cidr) for cidr in excepted)


def lines(wanted: Requirements) -> Iterator[Line]:
    """What is on: flows that values switch on and the environment grants, and the exceptions."""
    for name, flow in wanted.matrix["flows"].items():
        environments = flow.get("environments") or wanted.matrix["environments"]
        if is_on(wanted, name) and wanted.values["environment"] in environments:
            source, destination = party(wanted, flow["from"]), party(wanted, flow["to"])
            yield Line(name, source, destination, ports_of(wanted, flow))
            if wanted.values["endpoints"].get(flow["to"], {}).get("discover"):
                for ip, port in wanted.discovered:
                    found = {"cidr": str(network(ip))}
                    yield Line(f"{name}, discovered {ip}:{port}", source, found, frozenset({("TCP", port)}))
    for name, exception in wanted.values.get("exceptions", {}).items():
        ports = frozenset((item["protocol"], item["port"]) for item in exception["ports"])
        yield Line(name, exception["from"], exception["to"], ports)


def is_on(wanted: Requirements, name: str) -> bool:
    """Whether values switch a flow on: by its own name, or as a part of what its pod serves."""
    flow = wanted.matrix["flows"][name]
    purposes = {wanted.matrix["pods"].get(end, {}).get("purpose") for end in (flow["from"], flow["to"])} - {None}
    switches = [wanted.values[item] for item in purposes] or [wanted.values.get("flows", {}).get(name, {})]
    return all(switch.get("enabled") is True for switch in switches)


def party(wanted: Requirements, name: str) -> Data:
    """A party of a flow, as exceptions write it."""
    return {"pod": name} if name in wanted.matrix["pods"] else {"endpoint": name}


def ports_of(wanted: Requirements, flow: Data) -> frozenset[tuple[str, int]] | None:
    """The ports of a flow: numbers of its own, or what values give to the names of the destination's ports."""
    if flow["ports"] == "any":
        return None
    return frozenset(pair for port in flow["ports"] for pair in numbers(wanted, flow["to"], port))


def numbers(wanted: Requirements, destination: str, port: str | int) -> Iterator[tuple[str, int]]:
    """What one port of a flow stands for: `80`, `"514/UDP"`, or a name."""
    if isinstance(port, int) or "/" in port:
        yield literal(port)
    elif destination in wanted.matrix["pods"]:
        protocol, _ = literal(wanted.matrix["pods"][destination]["ports"][port])
        yield protocol, wanted.values["pods"][destination]["ports"][port]
    else:
        given = wanted.values["endpoints"][destination]["ports"]
        if isinstance(given, list):
            yield from (("TCP", number) for number in given)
        else:
            yield from ((protocol.upper(), number) for protocol, number in given.items())


def literal(port: str | int) -> tuple[str, int]:
    """`80` and `"80/TCP"` are TCP 80."""
    number, _, protocol = str(port).partition("/")
    return protocol or "TCP", int(number)


def merged(files: list[Path]) -> Data:
    """Values as Helm merges them, for files without nulls: maps key by key, all else replaced by the later file."""
    values: Data = {}
    for file in files:
        values = over(values, yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    return values


def over(below: Any, above: Any) -> Any:
    """One value over another."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {**below, **{key: over(below.get(key), value) for key, value in above.items()}}
