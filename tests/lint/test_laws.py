"""What the linter says holds: removing what it calls without effect changes no connection, in any world."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netmatrix.document import Finding, KeyPath
from netmatrix.lint import lint
from netmatrix.lint.page import EXAMPLES
from netmatrix.policy import Manifests, Model, NetworkPolicy, Reach, connections, parse_manifests, survey_manifests
from netmatrix.policy.objects import Direction, Rule
from tests.policy.brute_force import World
from tests.policy.samples import Data, pod, policy
from tests.policy.samples import read as read_objects
from tests.policy.worlds import blocks, ports, worlds
from tests.support.shares import examples

CONFORMANCE = Path(__file__).parent.parent / "policy" / "conformance"
FILES = sorted(CONFORMANCE.glob("*/*/manifests.yaml"))
PORTS = range(1, 2001)
GOOD = (EXAMPLES / "NM653-bad.yaml").read_text(encoding="utf-8")


def read(world: World) -> Manifests:
    items = [*world.namespaces, *world.pods, *world.policies]
    return parse_manifests(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode(), "f.json")


def told(findings: Iterable[Finding]) -> set[tuple[str, str, str]]:
    """What is said, without the places of other documents."""
    return {(item.rule.id, item.severity, re.sub(r" at \S+:\d+:\d+", "", item.message)) for item in findings}


@examples(30, 100, worlds())
def test_what_is_said_to_have_no_effect_has_none(world: World) -> None:
    for rules in (("NM660", "NM661"), ("NM673",), ("NM640",), ("NM630",)):
        assert_without_effect(read(world), rules)


@examples(30, 100, st.lists(st.tuples(blocks(), ports), min_size=2, max_size=6), st.sampled_from(["from", "to"]))
def test_an_except_that_is_said_to_be_undone_is(entries: list[tuple[Data, Data]], end: str) -> None:
    rules: list[Data] = [{end: [{"ipBlock": block}], "ports": [port]} for block, port in entries]
    closed = policy(podSelector={}, policyTypes=["Ingress", "Egress"])
    closed["spec"]["ingress" if end == "from" else "egress"] = rules
    placed = [{**pod(name), "status": {"podIPs": [{"ip": ip}]}} for name, ip in (("a", "10.0.0.1"), ("b", "fd00::1"))]
    assert_without_effect(read_objects(*placed, closed), ("NM640",))


def assert_without_effect(manifests: Manifests, rules: tuple[str, ...]) -> None:
    """Without all that these rules find, the same connections are allowed, in either model."""
    paths = {item.path for item in lint(manifests) if item.rule.id in rules}
    without = replace(manifests, policies=tuple(_without(item, paths) for item in manifests.policies))
    for matches_pods in (True, False) if paths else ():
        model = Model(ipblock_matches_pods=matches_pods)
        before, after = (set(connections(Reach(items, model))) for items in (manifests, without))
        assert before == after, rules


@examples(30, 100, worlds(), st.randoms(use_true_random=False))
def test_the_order_of_documents_does_not_matter(world: World, random: Any) -> None:
    before = told(lint(read(world)))
    for items in (world.namespaces, world.pods, world.policies):
        random.shuffle(items)
    assert told(lint(read(world))) == before


def test_two_thousand_policies_that_select_everything_have_an_answer() -> None:
    rules = [{"from": [{"ipBlock": {"cidr": "::/0"}}, {"podSelector": {}}], "ports": [{"port": 1}, {"port": "http"}]}]
    many = [policy(f"p{number}", podSelector={}, ingress=[*rules, {"ports": [{"port": number}]}]) for number in PORTS]
    findings = lint(read_objects(*many, *(pod(f"a{number}") for number in PORTS)))
    assert sum(item.rule.id == "NM603" for item in findings) == len(PORTS)
    assert sum(item.rule.id == "NM661" for item in findings) >= len(PORTS) - 1


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.integers(0, len(GOOD)), st.binary(max_size=4), st.integers(0, 12))
def test_no_bytes_crash_the_linter(at: int, inserted: bytes, dropped: int) -> None:
    stdin = io.BytesIO(GOOD.encode()[:at] + inserted + GOOD.encode()[at + dropped :])
    assert all(item.message and item.place.file == "-" for item in lint(*survey_manifests(["-"], stdin=stdin)))


def test_all_conformance_cases_are_there() -> None:
    assert len(FILES) >= 58 + 60


@pytest.mark.parametrize("file", FILES, ids=[file.parent.name for file in FILES])
def test_it_has_an_answer_for_every_conformance_case_in_yaml_and_in_json(file: Path, tmp_path: Path) -> None:
    manifests, faults = survey_manifests([str(file)])
    findings = lint(manifests, faults)
    assert all(finding.place.file == str(file) and finding.message for finding in findings)
    if not faults:
        items = list(yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader))
        objects = [item for item in _typed(file) if item is not None]
        assert len(objects) == sum(item is not None for item in items)
        (tmp_path / "f.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects[::-1]}))
        assert told(lint(survey_manifests([str(tmp_path / "f.json")])[0])) == told(findings)


def _typed(file: Path) -> list[Any]:
    return list(yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def _without(policy: NetworkPolicy, paths: set[KeyPath]) -> NetworkPolicy:
    """The policy without the rules, peers and excepts at `paths`; where its denial has none, without that."""
    assert policy.origin
    if policy.origin.at("spec", "podSelector").path in paths:
        return replace(policy, types=frozenset(), ingress=(), egress=())
    ingress, egress = (
        tuple(found for rule in policy.rules(direction) for found in _kept(rule, paths)) for direction in Direction
    )
    types = policy.types
    if policy.origin.at("spec", "policyTypes").path in paths:
        types = frozenset(item for item in types if policy.rules(item))
    return replace(policy, types=types, ingress=ingress, egress=egress)


def _kept(rule: Rule, paths: set[KeyPath]) -> list[Rule]:
    assert rule.origin
    if rule.origin.path in paths:
        return []
    kept = []
    for peer in rule.peers:
        assert peer.origin
        inside = {path[: len(peer.origin.path)] for path in paths if len(path) <= len(peer.origin.path) + 1}
        if peer.origin.path in inside:
            continue
        if peer.ip_block is not None:
            at = enumerate(peer.ip_block.excepts)
            excepts = tuple(cidr for index, cidr in at if peer.origin.at("ipBlock", "except", index).path not in paths)
            peer = replace(peer, ip_block=replace(peer.ip_block, excepts=excepts))
        kept.append(peer)
    return [replace(rule, peers=tuple(kept))] if kept or not rule.peers else []
