"""The packet evaluator and the set of open ports come to the same, on worlds at random."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from netmatrix.policy import Model
from netmatrix.policy.addresses import Family
from netmatrix.policy.labels import NAMESPACE_NAME
from netmatrix.policy.objects import Namespace
from netmatrix.policy.packet import Packet, Party, judge_packet, open_ports
from netmatrix.policy.ports import Protocol
from tests.policy.samples import Data, policy, read

LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"), max_size=2)
SELECTORS = st.builds(lambda labels: {"matchLabels": labels}, LABELS)
PORTS = st.lists(
    st.one_of(
        st.builds(lambda port: {"port": port}, st.integers(1, 4)),
        st.builds(lambda port, more: {"port": port, "endPort": port + more}, st.integers(1, 4), st.integers(0, 2)),
        st.sampled_from([{"protocol": "UDP"}, {"port": "web"}, {"port": "dns", "protocol": "UDP"}]),
    ),
    max_size=2,
)
PEERS = st.lists(
    st.one_of(
        st.builds(lambda selector: {"podSelector": selector}, SELECTORS),
        st.builds(lambda selector: {"namespaceSelector": {}, "podSelector": selector}, SELECTORS),
        st.just({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}),
    ),
    max_size=2,
)
SPECS = st.builds(
    lambda selector, types, peers, ports: {
        "podSelector": selector,
        "policyTypes": types,
        "ingress": [{"from": peers, "ports": ports}],
        "egress": [{"to": peers, "ports": ports}],
    },
    SELECTORS,
    st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
    PEERS,
    PORTS,
)
NAMES = frozenset({("web", Protocol.TCP, 3), ("dns", Protocol.UDP, 2)})


@settings(max_examples=60, deadline=None)
@given(st.lists(SPECS, max_size=3), LABELS, LABELS, st.booleans(), st.sampled_from([10 << 24, (10 << 24) + (1 << 16)]))
def test_open_ports_are_those_on_which_packets_pass(
    specs: list[Data], one: dict[str, str], other: dict[str, str], matches_pods: bool, address: int
) -> None:
    policies = read(*(policy(f"p{number}", "n", **spec) for number, spec in enumerate(specs))).policies if specs else ()
    namespace = Namespace("n", {NAMESPACE_NAME: "n"})
    source, destination = Party(address, namespace, one), Party(address, namespace, other, NAMES)
    model = Model(ipblock_matches_pods=matches_pods)
    ports = open_ports(policies, Packet(source, destination, Family.IPV4, Protocol.TCP, 1), model)
    for protocol in Protocol:
        for port in range(1, 9):
            packet = Packet(source, destination, Family.IPV4, protocol, port)
            assert all(end.allowed for end in judge_packet(policies, packet, model)) == ports.contains(protocol, port)
