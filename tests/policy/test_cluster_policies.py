"""ClusterNetworkPolicies: read strictly, and judged as the API's own conformance tests and brute force judge them."""

from __future__ import annotations

import copy
import json
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netmatrix.policy import ManifestError, Model, parse_manifests
from netmatrix.policy.addresses import AddressSet, Family, parse_address
from netmatrix.policy.labels import NAMESPACE_NAME
from netmatrix.policy.objects import Namespace
from netmatrix.policy.packet import Packet as ProductPacket
from netmatrix.policy.packet import Party
from netmatrix.policy.ports import Protocol
from netmatrix.policy.tiers.decode import cluster_policies
from netmatrix.policy.tiers.packet import judge
from netmatrix.policy.tiers.together import Policies, undecided_order
from netmatrix.policy.universe import Group, Universe
from tests.policy.brute_cluster import arrives
from tests.policy.brute_force import Data, Packet, World, namespace_labels, namespace_of

FILE = Path(__file__).parent / "conformance" / "network-policy-api" / "cases.json"
CONFORMANCE = json.loads(FILE.read_text(encoding="utf-8"))
CASES = CONFORMANCE["cases"]
ANY: Data = {"namespaces": {}}


def read(objects: list[Data]) -> Policies:
    content = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}).encode()
    manifests = parse_manifests(content, "manifests.json")
    return Policies(manifests.policies, cluster_policies(manifests.written))


def party(world: World, pod: Data | None, ip: str) -> Party:
    number = int(ip_address(ip))
    if pod is None:
        return Party(number)
    name = namespace_of(pod)
    return Party(
        number, Namespace(name, namespace_labels(world, name)), pod["metadata"].get("labels") or {}, frozenset()
    )


def by_rules(policies: Policies, world: World, packet: Packet) -> bool:
    ends = judge(policies, product_packet(world, packet), Model(world.ipblock_matches_pods))
    return all(end.allowed for end in ends)


def product_packet(world: World, packet: Packet) -> ProductPacket:
    family = Family(ip_address(packet.source_ip).version)
    source = party(world, packet.source, packet.source_ip)
    destination = party(world, packet.destination, packet.destination_ip)
    return ProductPacket(source, destination, family, Protocol(packet.protocol), packet.port)


def by_sets(policies: Policies, world: World, packet: Packet) -> bool:
    """The two ends alone as a universe, each a bit."""
    known = product_packet(world, packet)
    ends = ((known.source, packet.source_ip, 1), (known.destination, packet.destination_ip, 2))
    pods = [(end, parse_address(ip), bit) for end, ip, bit in ends if end.namespace is not None]
    namespaces = {f"{end.namespace.name}/{bit}": end.namespace for end, _, bit in pods if end.namespace}
    groups = [Group(f"{end.namespace.name}/{bit}", end.labels, at) for end, at, bit in pods if end.namespace]
    found = policies.ends(Universe(namespaces, groups), Model(world.ipblock_matches_pods))
    bits = {bit: 1 << number for number, (_, _, bit) in enumerate(pods)}
    one, other = bits.get(1), bits.get(2)
    to, from_ = parse_address(packet.destination_ip), parse_address(packet.source_ip)
    return is_open(found.egress, one, other, to, known) and is_open(found.ingress, other, one, from_, known)


def is_open(classes: Any, own: int | None, other: int | None, at: AddressSet, packet: ProductPacket) -> bool:
    if own is None:
        return True
    (mine,) = [item for item in classes if item.members & own]
    if other is None:
        return any(found & at and ports.contains(packet.protocol, packet.port) for ports, found in mine.addresses)
    return any(
        bits & other and ports.of_family(packet.family).contains(packet.protocol, packet.port)
        for ports, bits in mine.pods
    )


def test_the_conformance_tests_are_all_there() -> None:
    probes = [probe for case in CASES for step in case["steps"] for probe in step["probes"]]
    assert len(CASES) == 22
    assert len(probes) == 302
    assert {probe["passes"] for probe in probes} == {True, False}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_every_probe_ends_as_the_conformance_tests_expect(case: Data) -> None:
    for step in case["steps"]:
        policies = read(step["policies"])
        world = world_of(step)
        clusters = [item for item in step["policies"] if item["kind"] == "ClusterNetworkPolicy"]
        for probe in step["probes"]:
            packet = packet_of(probe)
            judged = (
                by_rules(policies, world, packet),
                by_sets(policies, world, packet),
                arrives(world, clusters, packet),
            )
            assert judged == (probe["passes"],) * 3, probe


def world_of(step: Data) -> World:
    houses = {namespace: {"conformance-house": namespace.rpartition("conformance-")[2]} for namespace in names()}
    namespaces = [
        {"metadata": {"name": name, "labels": {**of, **step["labels"].get(name, {})}}} for name, of in houses.items()
    ]
    networked = [item for item in step["policies"] if item["kind"] == "NetworkPolicy"]
    return World(namespaces, [], networked, ipblock_matches_pods=True)


def names() -> set[str]:
    return {name.partition("/")[0] for name in CONFORMANCE["pods"]}


def packet_of(probe: Data) -> Packet:
    ends = [(pod_of(probe[end]), f"10.0.0.{number}") for number, end in enumerate(("from", "to"), start=1)]
    (source, one), (destination, other) = ends
    return Packet(source, one, destination, other, probe["protocol"], probe["port"])


def pod_of(name: str) -> Data:
    return {
        "metadata": {"namespace": name.partition("/")[0], "labels": CONFORMANCE["pods"][name]},
        "spec": {"containers": []},
    }


LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"), max_size=2)
SELECTORS: st.SearchStrategy[Data] = st.builds(lambda labels: {"matchLabels": labels}, LABELS) | st.just({})
PODS = st.builds(
    lambda namespaces, pods: {"pods": {"namespaceSelector": namespaces, "podSelector": pods}}, SELECTORS, SELECTORS
)
NAMESPACES = st.builds(lambda selector: {"namespaces": selector}, SELECTORS)
NETWORKS = st.lists(st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "::/0"]), min_size=1, unique=True)
PORT = st.one_of(
    st.builds(lambda number: {"number": number}, st.integers(1, 3)),
    st.builds(lambda start: {"range": {"start": start, "end": start + 1}}, st.integers(1, 3)),
)
PROTOCOLS = st.lists(
    st.builds(lambda name, port: {name: {"destinationPort": port}}, st.sampled_from(["tcp", "udp"]), PORT),
    min_size=1,
    max_size=2,
)


def rules(field: str, peers: st.SearchStrategy[Data]) -> st.SearchStrategy[list[Data]]:
    rule = st.fixed_dictionaries(
        {"action": st.sampled_from(["Accept", "Deny", "Pass"]), field: st.lists(peers, min_size=1, max_size=2)},
        optional={"protocols": PROTOCOLS},
    )
    return st.lists(rule, max_size=3)


SPECS = st.fixed_dictionaries(
    {
        "tier": st.sampled_from(["Admin", "Baseline"]),
        "subject": NAMESPACES | PODS,
        "ingress": rules("from", NAMESPACES | PODS),
        "egress": rules("to", NAMESPACES | PODS | st.builds(lambda found: {"networks": found}, NETWORKS)),
    }
)
NETWORK_POLICIES = st.builds(
    lambda selector, types, peer: {
        "podSelector": selector,
        "policyTypes": types,
        "ingress": [{"from": [peer], "ports": [{"port": 1}]}],
        "egress": [{"to": [peer]}],
    },
    SELECTORS,
    st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
    st.builds(lambda selector: {"podSelector": selector}, SELECTORS) | st.just({"ipBlock": {"cidr": "10.1.0.0/16"}}),
)
ADDRESSES = st.sampled_from(["10.0.0.1", "10.1.0.1", "192.0.2.1"])
ENDS = st.none() | st.builds(
    lambda namespace, labels: {"metadata": {"namespace": namespace, "labels": labels}, "spec": {}},
    st.sampled_from(["one", "other"]),
    LABELS,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(SPECS, min_size=1, max_size=3),
    st.lists(NETWORK_POLICIES, max_size=2),
    st.tuples(LABELS, LABELS),
    st.lists(st.tuples(ENDS, ADDRESSES, ENDS, ADDRESSES), min_size=1, max_size=8),
    st.booleans(),
)
def test_rules_sets_and_brute_force_come_to_the_same(
    specs: list[Data], networked: list[Data], labels: tuple[Data, Data], ends: list[Any], matches_pods: bool
) -> None:
    clusters = [cluster(f"c{number}", {**spec, "priority": number}) for number, spec in enumerate(specs)]
    kinds = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    plain = [
        {**kinds, "metadata": {"name": f"p{number}", "namespace": "one"}, "spec": spec}
        for number, spec in enumerate(networked)
    ]
    namespaces = [{"metadata": {"name": name, "labels": of}} for name, of in zip(("one", "other"), labels, strict=True)]
    policies, world = read([*clusters, *plain]), World(namespaces, [], plain, matches_pods)
    for source, one, destination, other in ends:
        for protocol, port in (("TCP", 1), ("TCP", 2), ("UDP", 3), ("SCTP", 1)):
            packet = Packet(source, one, destination, other, protocol, port)
            expected = arrives(world, clusters, packet)
            assert (by_rules(policies, world, packet), by_sets(policies, world, packet)) == (expected, expected)


def cluster(name: str, spec: Data) -> Data:
    kind = {"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy"}
    return {**kind, "metadata": {"name": name}, "spec": spec}


GOOD: Data = {
    "tier": "Baseline",
    "priority": 1,
    "subject": ANY,
    "ingress": [{"action": "Deny", "from": [ANY]}],
    "egress": [
        {
            "action": "Deny",
            "to": [{"networks": ["10.0.0.0/8"]}],
            "protocols": [{"tcp": {"destinationPort": {"number": 1}}}],
        }
    ],
}


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        (["tier"], "Middle", "NM975"),
        (["tier"], None, "NM503"),
        (["priority"], 1001, "NM975"),
        (["priority"], "1", "NM502"),
        (["subject"], {}, "NM975"),
        (["subject"], {"namespaces": {}, "pods": {}}, "NM975"),
        (["subject"], {"pods": {"namespaceSelector": {}}}, "NM503"),
        (["subject"], {"labels": {}}, "NM501"),
        (["ingress", 0, "action"], "Allow", "NM975"),
        (["ingress", 0, "from"], [], "NM975"),
        (["ingress", 0, "from", 0], {}, "NM975"),
        (["ingress", 0, "from", 0], {"networks": ["10.0.0.0/8"]}, "NM501"),
        (["egress", 0, "to", 0], {"nodes": {}}, "NM976"),
        (["egress", 0, "to", 0], {"domainNames": ["example.org"]}, "NM976"),
        (["egress", 0, "to", 0], {"networks": []}, "NM975"),
        (["egress", 0, "to", 0], {"networks": ["10.0.0.1/8"]}, "NM509"),
        (["egress", 0, "protocols"], [], "NM975"),
        (["egress", 0, "protocols", 0], {"tcp": {}}, "NM975"),
        (["egress", 0, "protocols", 0], {"tcp": None}, "NM975"),
        (["egress", 0, "protocols", 0], {"destinationNamedPort": "http"}, "NM976"),
        (["egress", 0, "protocols", 0, "tcp", "destinationPort"], {"number": 0}, "NM507"),
        (["egress", 0, "protocols", 0, "tcp", "destinationPort"], {"range": {"start": 2, "end": 2}}, "NM507"),
        (["egress", 0, "protocols", 0, "tcp", "destinationPort"], {"range": {"start": 2}}, "NM507"),
        (["egress", 0, "ports"], [{"port": 1}], "NM501"),
    ],
)
def test_what_is_not_decided_is_an_error(path: list[str | int], value: object, rule: str) -> None:
    assert read([cluster("good", GOOD)]).cluster
    spec: Any = copy.deepcopy(GOOD)
    node = spec
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    with pytest.raises(ManifestError) as refused:
        read([cluster("bad", spec)])
    assert rule in {item.rule.id for item in refused.value.findings}
    assert all(item.place.line >= 1 for item in refused.value.findings)


def test_two_of_one_name_must_be_the_same() -> None:
    assert len(read([cluster("one", GOOD), cluster("one", GOOD)]).cluster) == 1
    with pytest.raises(ManifestError, match="defined differently"):
        read([cluster("one", GOOD), cluster("one", {**GOOD, "priority": 2})])


@pytest.mark.parametrize(
    ("change", "undecided"),
    [
        ({}, 1),
        ({"priority": 2}, 0),
        ({"tier": "Admin"}, 0),
        ({"subject": {"namespaces": {"matchLabels": {"a": "x"}}}}, 0),
    ],
)
def test_equal_priorities_are_told_where_they_meet(change: Data, undecided: int) -> None:
    found = read([cluster("one", GOOD), cluster("other", {**GOOD, **change})])
    universe = Universe({"n": Namespace("n", {NAMESPACE_NAME: "n"})}, [Group("n", {}, parse_address("10.0.0.1"))])
    assert len(list(undecided_order(found.cluster, universe))) == undecided
