"""The engine and the brute-force evaluator agree on every packet of many worlds."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import netmatrix.policy.bits
import netmatrix.policy.reach
from netmatrix.policy import Model, Reach, connections, parse_manifests
from netmatrix.policy.addresses import FAMILIES, Family
from netmatrix.policy.ports import NO_PORTS, PortSet, Protocol
from tests.policy import samples
from tests.policy.brute_force import Data, Packet, World, arrives
from tests.policy.worlds import NUMBERS, PROTOCOLS, blocks, ports, worlds
from tests.support.shares import long_but

PORTS = sorted({*NUMBERS, *(port + 1 for port in NUMBERS if port < 65535)})
OUTSIDE = (
    *("0.0.0.0", "10.0.0.1", "10.0.0.255", "10.127.255.255", "11.0.0.0", "255.255.255.255"),
    *("::", "2001:db9::", "fd00::2", "fd00:1:ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
SHARES = 4
"""Each share is a test of its own, so that several cores can work on them."""


@pytest.mark.parametrize("share", long_but(lambda share: share == 0, range(SHARES)))
def test_they_agree_on_every_packet_of_500_worlds(share: int) -> None:
    _agree(500 // SHARES, share)


@pytest.mark.oracle
@pytest.mark.parametrize("share", range(SHARES))
def test_they_agree_on_every_packet_of_20_000_worlds(share: int) -> None:
    _agree(20_000 // SHARES, share)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.lists(st.tuples(blocks(), ports), min_size=2, max_size=5), st.sampled_from(["ingress", "egress"]))
def test_they_agree_where_ranges_overlap(entries: list[tuple[Data, Data]], direction: str) -> None:
    end = "from" if direction == "ingress" else "to"
    rules: list[Data] = [{end: [{"ipBlock": block}], "ports": [port]} for block, port in entries]
    closed = samples.policy(podSelector={}, policyTypes=["Ingress", "Egress"])
    closed["spec"][direction] = rules
    placed = {**samples.pod("a"), "status": {"podIPs": [{"ip": "192.168.0.1"}, {"ip": "2001:db8::1"}]}}
    _compare(World([], [placed], [closed], ipblock_matches_pods=True), as_json=True)


def _agree(count: int, share: int) -> None:
    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(worlds(), st.booleans(), st.sampled_from([0, 1, 64]))
    def agree(world: World, as_json: bool, few: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            # What the engine takes for a crowd, so that worlds of four pods go all the ways that large ones do.
            patch.setattr(netmatrix.policy.reach, "_FEW", few)
            patch.setattr(netmatrix.policy.bits, "_FEW", few)
            _compare(world, as_json=as_json)

    agree()


def _compare(world: World, *, as_json: bool) -> None:
    answer = _Answer(world, as_json=as_json)
    for source, destination in _pairs(world):
        for family, source_ip, destination_ip in _ways(source, destination):
            opened = answer.ports(source, source_ip, destination, destination_ip, family)
            for protocol in PROTOCOLS:
                for port in PORTS:
                    packet = Packet(source, source_ip, destination, destination_ip, protocol, port)
                    assert opened.contains(Protocol(protocol), port) == arrives(world, packet), packet


class _Answer:
    """What the engine lists, to be looked up."""

    def __init__(self, world: World, *, as_json: bool) -> None:
        objects = [*world.namespaces, *world.pods, *world.policies]
        as_list = {"apiVersion": "v1", "kind": "List", "items": objects}
        text = json.dumps(as_list) if as_json else yaml.dump_all(objects, Dumper=_DUMPER)
        reach = Reach(parse_manifests(text.encode(), "world"), Model(ipblock_matches_pods=world.ipblock_matches_pods))
        self._pods: dict[tuple[str, str, Family], PortSet] = {}
        self._outside: dict[tuple[str, str, Family], list[tuple[int, int, PortSet]]] = defaultdict(list)
        for item in connections(reach):
            first, _, last = (item.source if "/" not in item.source else item.destination).partition("-")
            if "/" in item.source and "/" in item.destination:
                for family in FAMILIES if item.family is None else [item.family]:
                    key = (item.source, item.destination, family)
                    assert key not in self._pods, "a pair is listed twice"
                    self._pods[key] = item.ports
            else:
                family = Family(ip_address(first).version)
                ends = [end if "/" in end else "" for end in (item.source, item.destination)]
                self._outside[ends[0], ends[1], family].append(
                    (int(ip_address(first)), int(ip_address(last)), item.ports)
                )

    def ports(
        self, source: Data | None, source_ip: str, destination: Data | None, destination_ip: str, family: Family
    ) -> PortSet:
        """The ports that are open between two ends over `family`."""
        if source and destination:
            return self._pods.get((_name(source), _name(destination), family), NO_PORTS)
        outside = int(ip_address(destination_ip if source else source_ip))
        key = (_name(source) if source else "", _name(destination) if destination else "", family)
        found = [ports for first, last, ports in self._outside[key] if first <= outside <= last]
        assert len(found) <= 1, "ranges overlap"
        return found[0] if found else NO_PORTS


def _pairs(world: World) -> Iterator[tuple[Data | None, Data | None]]:
    for pod in world.pods:
        yield from ((pod, other) for other in world.pods if other is not pod)
        yield from ((pod, None), (None, pod))


def _ways(source: Data | None, destination: Data | None) -> Iterator[tuple[Family, str, str]]:
    """Family and addresses of the packets between two ends."""
    for source_ip in _ips(source):
        for destination_ip in _ips(destination):
            family = Family(ip_address(source_ip).version)
            if ip_address(destination_ip).version == family:
                yield family, source_ip, destination_ip


def _ips(pod: Data | None) -> list[str]:
    return [item["ip"] for item in pod["status"]["podIPs"]] if pod else list(OUTSIDE)


def _name(pod: Data) -> str:
    return f"{pod['metadata'].get('namespace', 'default')}/{pod['metadata']['name']}[Pod]"
