"""CiliumNetworkPolicies: read strictly, and judged as brute force judges them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netmatrix.policy import ManifestError, parse_manifests
from netmatrix.policy.addresses import ALL_ADDRESSES, NO_ADDRESSES, AddressSet, parse_address
from netmatrix.policy.cilium.decode import cilium_policies
from netmatrix.policy.tiers.together import Policies
from tests.policy.brute_cilium import arrives
from tests.policy.brute_force import Data, Packet, World
from tests.policy.test_cluster_policies import ADDRESSES, ENDS, LABELS, by_rules, by_sets

SERVER = "192.0.2.1"
HERE = parse_address(SERVER)


def read(objects: list[Data], api_server: AddressSet = HERE) -> Policies:
    content = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}).encode()
    return Policies(cilium_policies(parse_manifests(content, "manifests.json").written, api_server, "default"))


def cilium(name: str, spec: Data, namespace: str = "one") -> Data:
    kind = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy"}
    return {**kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


KEYS = st.sampled_from(["a", "b", "k8s:a", "k8s:io.kubernetes.pod.namespace", "io.cilium.k8s.namespace.labels.a"])
VALUES = st.sampled_from(["x", "y", "one", "other"])
SELECTORS = st.one_of(
    st.just({}),
    st.builds(lambda key, value: {"matchLabels": {key: value}}, KEYS, VALUES),
    st.builds(
        lambda key, value: {"matchExpressions": [{"key": key, "operator": "NotIn", "values": [value]}]}, KEYS, VALUES
    ),
    st.builds(lambda key: {"matchExpressions": [{"key": key, "operator": "Exists"}]}, KEYS),
)
OWN: st.SearchStrategy[Data] = st.builds(
    lambda key, value: {"matchLabels": {key: value}}, st.sampled_from(["a", "k8s:b"]), VALUES
) | st.just({})
RANGES = st.sampled_from([{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}, {"cidr": "0.0.0.0/0"}, {"cidr": "::/0"}])
PORTS = st.lists(
    st.builds(
        lambda port, protocol, more: {
            "port": str(port),
            **protocol,
            **({"endPort": port + more} if more and port else {}),
        },
        st.integers(0, 3),
        st.sampled_from([{}, {"protocol": "TCP"}, {"protocol": "UDP"}, {"protocol": "ANY"}]),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=2,
)


def rules(word: str) -> st.SearchStrategy[list[Data]]:
    entities = st.lists(st.sampled_from(["all", "kube-apiserver"]), min_size=1, max_size=1)
    peers: st.SearchStrategy[Data] = st.one_of(
        st.just({}),
        st.builds(lambda items: {f"{word}Endpoints": items}, st.lists(SELECTORS, min_size=1, max_size=2)),
        st.builds(lambda items: {f"{word}CIDRSet": items}, st.lists(RANGES, min_size=1, max_size=2)),
        st.builds(lambda item: {f"{word}CIDR": [item["cidr"]]}, RANGES),
        st.builds(lambda items: {f"{word}Entities": items}, entities),
    )
    ports: st.SearchStrategy[Data] = st.just({}) | st.builds(lambda items: {"toPorts": [{"ports": items}]}, PORTS)
    return st.lists(st.builds(lambda one, other: {**one, **other}, peers, ports), max_size=2)


SPECS = st.builds(
    lambda selector, ingress, egress: {
        "endpointSelector": selector,
        **({"ingress": ingress} if ingress else {}),
        **({"egress": egress} if egress else {}),
    },
    OWN,
    rules("from"),
    rules("to"),
).filter(lambda spec: len(spec) > 1)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(SPECS, st.sampled_from(["one", "other"])), min_size=1, max_size=3),
    st.tuples(LABELS, LABELS),
    st.lists(st.tuples(ENDS, ADDRESSES, ENDS, ADDRESSES), min_size=1, max_size=8),
    st.booleans(),
    st.sampled_from([HERE, ALL_ADDRESSES, NO_ADDRESSES]),
)
def test_what_is_read_and_brute_force_come_to_the_same(
    specs: list[tuple[Data, str]], labels: tuple[Data, Data], ends: list[Any], matches_pods: bool, at: AddressSet
) -> None:
    objects = [cilium(f"p{number}", spec, home) for number, (spec, home) in enumerate(specs)]
    namespaces = [{"metadata": {"name": name, "labels": of}} for name, of in zip(("one", "other"), labels, strict=True)]
    policies, world = read(objects, at), World(namespaces, [], [], matches_pods)
    for source, one, destination, other in ends:
        for protocol, port in (("TCP", 1), ("TCP", 2), ("UDP", 3), ("SCTP", 1)):
            packet = Packet(source, one, destination, other, protocol, port)
            expected = arrives(world, objects, packet, lambda ip: bool(parse_address(ip) & at))
            assert (by_rules(policies, world, packet), by_sets(policies, world, packet)) == (expected, expected)


PORT: Data = {"port": "80", "protocol": "TCP"}
GOOD: Data = {
    "endpointSelector": {"matchLabels": {"k8s:app": "a"}},
    "ingress": [{"fromEndpoints": [{"matchLabels": {"app": "b"}}], "toPorts": [{"ports": [PORT]}]}],
    "egress": [{"toCIDRSet": [{"cidr": "10.0.0.0/8"}], "toPorts": [{"ports": [PORT]}]}],
}
IN, OUT = ["ingress", 0], ["egress", 0]


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        (["endpointSelector"], None, "NM503"),
        (["endpointSelector"], {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "other"}}, "NM975"),
        (["endpointSelector"], {"matchLabels": {"reserved:host": ""}}, "NM976"),
        (["endpointSelector"], {"matchLabels": {"pod-template-hash": "1"}}, "NM976"),
        (["endpointSelector"], {"matchLabels": {"k8s:a": "1", "a": "1"}}, "NM975"),
        (["nodeSelector"], {}, "NM976"),
        (["ingressDeny"], [{}], "NM976"),
        (["enableDefaultDeny"], {"ingress": False}, "NM976"),
        (["policyTypes"], ["Ingress"], "NM501"),
        ([*IN], None, "NM502"),
        ([*IN, "fromEndpoints"], [], "NM975"),
        ([*IN, "fromEndpoints", 0], None, "NM502"),
        ([*IN, "fromEndpoints", 0], {"matchLabels": {"io.cilium.k8s.policy.cluster": "x"}}, "NM976"),
        ([*IN, "fromEntities"], ["all"], "NM975"),
        ([*IN], {"fromEntities": ["world"]}, "NM976"),
        ([*IN], {"fromEntities": []}, "NM975"),
        ([*IN, "icmps"], [{}], "NM976"),
        ([*IN, "from"], [{}], "NM501"),
        ([*IN, "toPorts"], [], "NM975"),
        ([*IN, "toPorts"], None, "NM975"),
        ([*IN, "toPorts", 0, "ports"], [], "NM975"),
        ([*IN, "toPorts", 0, "ports", 0, "port"], 80, "NM502"),
        ([*IN, "toPorts", 0, "ports", 0, "port"], "http", "NM976"),
        ([*IN, "toPorts", 0, "ports", 0, "port"], "0x50", "NM976"),
        ([*IN, "toPorts", 0, "ports", 0, "port"], "65536", "NM976"),
        ([*IN, "toPorts", 0, "ports", 0, "protocol"], "GRE", "NM976"),
        ([*IN, "toPorts", 0, "ports", 0, "endPort"], 79, "NM507"),
        ([*IN, "toPorts", 0, "rules"], {"dns": [{"matchPattern": "*"}]}, "NM975"),
        ([*OUT, "toPorts", 0, "rules"], {"dns": [{"matchPattern": "*.example.org"}]}, "NM976"),
        ([*OUT, "toPorts", 0, "rules"], {"http": [{}]}, "NM976"),
        ([*OUT, "toPorts", 0, "serverNames"], ["example.org"], "NM976"),
        ([*OUT, "toFQDNs"], [{"matchName": "example.org"}], "NM976"),
        ([*OUT, "toCIDRSet", 0], {"cidrGroupRef": "x"}, "NM976"),
        ([*OUT, "toCIDRSet", 0], {"cidr": "10.0.0.1/8"}, "NM509"),
        ([*OUT, "toCIDRSet", 0, "except"], ["11.0.0.0/8"], "NM510"),
    ],
)
def test_what_is_not_decided_is_an_error(path: list[str | int], value: object, rule: str) -> None:
    assert read([cilium("good", GOOD)]).namespaced
    spec: Any = copy.deepcopy(GOOD)
    node = spec
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    with pytest.raises(ManifestError) as refused:
        read([cilium("bad", spec)])
    assert rule in {item.rule.id for item in refused.value.findings}
    assert all(item.place.line >= 1 for item in refused.value.findings)


@pytest.mark.parametrize("spec", [{}, {"ingress": []}, {"ingress": [], "egress": None}])
def test_a_policy_without_rules_is_none(spec: Data) -> None:
    with pytest.raises(ManifestError, match="there is no rule"):
        read([cilium("none", {"endpointSelector": {}, **spec})])


def test_two_of_one_name_must_be_the_same() -> None:
    assert len(read([cilium("one", GOOD), cilium("one", GOOD)]).namespaced) == 1
    with pytest.raises(ManifestError, match="defined twice"):
        read([cilium("one", GOOD), cilium("one", {**GOOD, "egress": [{}]})])


def test_rules_keep_their_numbers_where_one_names_nobody() -> None:
    (policy,) = read([cilium("one", {"endpointSelector": {}, "egress": [{}, *GOOD["egress"]]})]).namespaced
    assert len(policy.egress) == 2
    assert policy.egress[1].origin is not None
    assert policy.egress[1].origin.path[-2:] == ("egress", 1)
