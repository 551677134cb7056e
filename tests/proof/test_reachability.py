"""Who reaches whom, pair by pair, against brute force: the same ports, allowed and granted."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
import yaml

from netmatrix.helm import Helm
from netmatrix.policy import parse_manifests
from netmatrix.policy.addresses import ALL_ADDRESSES
from netmatrix.policy.ports import Protocol
from netmatrix.proof.parties import Named, addresses_named, examples, named_party, packet_between
from netmatrix.proof.reachability import Reachability
from tests.policy.brute_force import Data, World, arrives
from tests.proof.case import MODELS, Case, concrete, prepare
from tests.proof.granted import is_granted
from tests.proof.spoken import numbers_of_policies
from tests.support.scenarios import ROOT, Scenario

WIDE = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: wide, namespace: stalker}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: kafka}}
  ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 9090, endPort: 9100}]}]
"""
"""A policy of somebody else: a range around ports that others open one by one."""


@pytest.mark.parametrize(
    ("scenario", "added"),
    [
        pytest.param(Scenario("prod", operational=True), None, id="prod, as rendered"),
        pytest.param(Scenario("dev", cluster="with-exception"), WIDE, id="dev, with a policy of somebody else"),
        pytest.param(Scenario("prod", operational=True), WIDE, id="prod, with that too", marks=pytest.mark.long),
        pytest.param(Scenario("dev", cluster="with-exception"), None, id="dev, as rendered", marks=pytest.mark.long),
    ],
)
def test_ports_are_open_and_granted_where_brute_force_says_so(
    scenario: Scenario, added: str | None, helm: Helm, tmp_path: Path
) -> None:
    case = prepare(ROOT, helm, scenario.files(), tmp_path)
    objects = [*case.objects, *([yaml.safe_load(added)] if added else [])]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    manifests = parse_manifests(text.encode(), "manifests.json")
    reachability = Reachability(case.granted, manifests.policies)
    policies = [item for item in objects if item["kind"] == "NetworkPolicy"]
    numbers = {near for number in numbers_of_policies(policies) for near in (number - 1, number, number + 1)}
    asked = opened = 0
    for source, destination in product(everybody(case), repeat=2):
        if not {*source.addresses} & {*destination.addresses}:
            assert reachability.between(source, destination) == ()
            continue
        parts = reachability.between(source, destination)
        for protocol, port in product(Protocol, sorted({1, 65535, *numbers})):
            allowed, granted = judged(case, policies, source, destination, protocol, port)
            found = [part for part in parts if part.ports.contains(protocol, port)]
            assert len(found) <= 1, "parts do not overlap"
            told = (found[0].allowed, found[0].granted) if found else (False, False)
            assert told == (allowed, granted), (source.name, destination.name, protocol, port)
            asked, opened = asked + 1, opened + allowed
    assert 0 < opened < asked


def everybody(case: Case) -> list[Named]:
    """The rows, one of each kind of every endpoint and exception, a pod that nobody knows, and some address."""
    granted = case.granted
    ends = {end for grant in granted.grants for end in (grant.source, grant.destination) if end.row is None}
    anybody = addresses_named("any address", ALL_ADDRESSES)
    assert anybody is not None
    return [
        *(named_party(row.pod.id, granted, {}) for row in granted.rows),
        *(example for end in sorted(ends, key=lambda end: end.name) for example in examples(end.name, end, {})),
        named_party("somewhere/app=x", granted, {}),
        anybody,
    ]


def judged(
    case: Case, policies: list[Data], source: Named, destination: Named, protocol: Protocol, port: int
) -> tuple[bool, bool]:
    """Whether brute force sees a packet arrive, and granted, in either model."""
    packet, namespaces = concrete(packet_between(source, destination, protocol, port))
    allowed = any(arrives(World(namespaces, [], policies, model), packet) for model in MODELS)
    return allowed, any(is_granted(case.wanted(ipblock_matches_pods=model), packet) for model in MODELS)


def test_a_part_names_the_rule_and_the_flow_of_its_own_ports(helm: Helm, tmp_path: Path) -> None:
    """Ports that lie side by side and that other rules open are told apart."""
    values = tmp_path / "values.yaml"
    values.write_text(
        "exceptions:\n  beside:\n    from: {pod: orchestrator}\n    to: {pod: kafka}\n"
        '    ports: [{protocol: TCP, port: 9093}]\n    reason: r\n    owner: o\n    expires: "2027-01-01"\n',
        encoding="utf-8",
    )
    case = prepare(ROOT, helm, [*Scenario("prod").files(), values], tmp_path)
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": case.objects})
    reachability = Reachability(case.granted, parse_manifests(text.encode(), "manifests.json").policies)
    source, destination = (named_party(name, case.granted, {}) for name in ("orchestrator", "kafka"))
    parts = reachability.between(source, destination)
    told = {str(part.ports): [grant.name for grant in part.grants] for part in parts}
    assert told == {"TCP 9092": ["orchestrator-to-kafka"], "TCP 9093": ["beside"]}
    rules = {str(part.ports): str(part.answers[0].verdicts[1].admitted_by[0]) for part in parts}
    assert rules["TCP 9093"] == "ingress rule 1 of policy stalker/redkite-exception-beside-ingress-tcp-9093"
