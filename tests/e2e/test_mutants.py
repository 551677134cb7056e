"""Whatever one rule of the installed policies allows more or less than it should, some packet of the run tells.

Needs no cluster: the engine judges what `make e2e` would ask, of the golden manifests and of each of them with one rule
changed. `test_packets.py` shows with the real network that some such charts are found out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

import pytest

from netmatrix.matrix.model import Matrix
from netmatrix.policy import NetworkPolicy, parse_manifests
from netmatrix.policy.addresses import Cidr, Family
from netmatrix.policy.labels import EVERYTHING
from netmatrix.policy.objects import Direction, IPBlock, Peer, Port, Rule
from netmatrix.policy.packet import EndVerdict, RuleOf, admits
from netmatrix.policy.packet import Packet as Judged
from tests.e2e import alike
from tests.e2e.addresses import API_PORT, NODE_IPV4
from tests.e2e.choosing import chosen
from tests.e2e.crowd import crowd
from tests.e2e.endpoints import Endpoint
from tests.e2e.expectation import MODEL, Engine, judged
from tests.e2e.packets import Packet
from tests.e2e.paths import ROOT
from tests.support.shares import long_but

SCENARIOS = ("prod", "prod-operational", "dev", "dev-operational")

TO_THE_API = "redkite-flow-orchestrator-to-kubernetes-api-egress"
OF_A_SERVICE = {f"stalker/{TO_THE_API}, rule 1: {how}" for how in ("gone", "any port")}
"""It is about the Service's address, which is translated before a policy sees it."""

End = tuple[str, frozenset[tuple[str, str]]]
Asked = tuple[tuple[EndVerdict, EndVerdict], Judged]
ByEnd = dict[Direction, dict[End, list[Asked]]]


@dataclass(frozen=True)
class Mutant:
    """One rule of a policy, and what stands in its place."""

    rule: RuleOf
    instead: tuple[Rule, ...]
    how: str

    @property
    def changed(self) -> NetworkPolicy:
        """The policy with that."""
        rules, at = list(self.rule.policy.rules(self.rule.direction)), self.rule.index
        rules[at : at + 1] = self.instead
        if self.rule.direction is Direction.EGRESS:
            return replace(self.rule.policy, egress=tuple(rules))
        return replace(self.rule.policy, ingress=tuple(rules))

    def __str__(self) -> str:
        return f"{self.rule.policy}, rule {self.rule.index + 1}: {self.how}"


def installed(name: str) -> tuple[NetworkPolicy, ...]:
    """The policies of a golden file, and the one that an install adds for the discovered API server."""
    path = ROOT / "tests" / "chart" / "golden" / f"{name}.yaml"
    policies = parse_manifests(path.read_bytes(), path.name).policies
    (stated,) = (policy for policy in policies if policy.name == TO_THE_API)
    address = Cidr(Family.IPV4, int(ip_address(NODE_IPV4)), 32)
    rule = Rule((Peer(ip_block=IPBlock(address)),), (Port(port=API_PORT),))
    return (*policies, replace(stated, name=f"{TO_THE_API}-{API_PORT}", egress=(rule,)))


def mutants(policies: Sequence[NetworkPolicy]) -> Iterator[Mutant]:
    """Each rule changed in every way that allows more, and in every way that allows less."""
    for policy in policies:
        for direction in policy.types:
            for at, rule in enumerate(policy.rules(direction)):
                for how, instead in (*_wider(rule), *_narrower(rule)):
                    yield Mutant(RuleOf(policy, direction, at), instead, how)


class Judge:
    """What packets tell of the mutants of a set of policies."""

    def __init__(self, policies: tuple[NetworkPolicy, ...]) -> None:
        self.mutants = list(mutants(policies))
        self._engine = Engine(policies)
        self._apart = alike.to_policies((*policies, *(mutant.changed for mutant in self.mutants)))

    def told(self, packets: Sequence[Packet]) -> tuple[set[str], set[str]]:
        """The mutants that say something else to some packet than the rule does; and those that change its answer."""
        by_end = self._by_end(packets)
        rules, answers = set(), set()
        for mutant in self.mutants:
            own, other = (0, 1) if mutant.rule.direction is Direction.EGRESS else (1, 0)
            for verdicts, packet in self._of(mutant.rule, by_end):
                admitting = verdicts[own].admitted_by
                if (mutant.rule in admitting) == self._admits(mutant, packet):
                    continue
                rules.add(str(mutant))
                if verdicts[other].allowed and not set(admitting) - {mutant.rule}:
                    answers.add(str(mutant))
                    break
        return rules, answers

    def _by_end(self, packets: Sequence[Packet]) -> ByEnd:
        """One packet for all that neither the policies nor any mutant tells apart, by the end that judges it."""
        distinct: dict[Hashable, Packet] = {}
        for packet in packets:
            distinct.setdefault(self._apart.key(packet), packet)
        found: ByEnd = {direction: defaultdict(list) for direction in Direction}
        for packet in distinct.values():
            asked = (self._engine.ends(packet), judged(packet))
            found[Direction.EGRESS][_end(packet.source)].append(asked)
            found[Direction.INGRESS][_end(packet.destination)].append(asked)
        return found

    def _of(self, rule: RuleOf, by_end: ByEnd) -> Iterator[Asked]:
        for (namespace, labels), packets in by_end[rule.direction].items():
            if namespace == rule.policy.namespace and rule.policy.pod_selector.matches(dict(labels)):
                yield from packets

    def _admits(self, mutant: Mutant, packet: Judged) -> bool:
        home, direction = mutant.rule.policy.namespace, mutant.rule.direction
        return any(admits(rule, home, packet, direction, MODEL) for rule in mutant.instead)


def _end(endpoint: Endpoint) -> End:
    return endpoint.namespace, frozenset(endpoint.labels.items())


def _wider(rule: Rule) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    if rule.ports:
        yield "any port", (replace(rule, ports=()),)
    if rule.peers:
        yield "any peer", (replace(rule, peers=()),)
    for at, peer in enumerate(rule.peers):
        for how, instead in _wider_peers(peer):
            yield f"peer {at + 1}: {how}", (replace(rule, peers=(*rule.peers[:at], *instead, *rule.peers[at + 1 :])),)


def _wider_peers(peer: Peer) -> Iterator[tuple[str, tuple[Peer, ...]]]:
    block = peer.ip_block
    if block is not None:
        yield "any address", (Peer(ip_block=IPBlock(Cidr(block.cidr.family, 0, 0))),)
        for lost in block.excepts:
            excepts = tuple(item for item in block.excepts if item != lost)
            yield f"without the exception {lost}", (Peer(ip_block=replace(block, excepts=excepts)),)
        return
    if peer.namespace_selector is not None:
        yield "any namespace", (replace(peer, namespace_selector=EVERYTHING),)
    if peer.namespace_selector is not None and peer.pod_selector is not None:
        yield "any pod of the namespace", (replace(peer, pod_selector=None),)
        yield "split", (replace(peer, pod_selector=None), replace(peer, namespace_selector=None))
    if peer.namespace_selector is None:
        yield "any pod of its own namespace", (replace(peer, pod_selector=EVERYTHING),)


def _narrower(rule: Rule) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    yield "gone", ()
    if len(rule.ports) > 1:
        for port in rule.ports:
            left = tuple(item for item in rule.ports if item != port)
            yield f"without {port.protocol} {port.port}", (replace(rule, ports=left),)
    if len(rule.peers) > 1:
        for peer in rule.peers:
            yield "without a peer", (replace(rule, peers=tuple(item for item in rule.peers if item != peer)),)


@pytest.fixture(scope="module")
def asked(matrix: Matrix) -> list[Packet]:
    """What `make e2e` asks in its full passes."""
    return crowd(matrix)


@pytest.mark.parametrize("name", long_but(lambda name: name == "prod-operational", SCENARIOS))
def test_every_change_of_one_rule_is_told_by_some_packet(name: str, asked: list[Packet]) -> None:
    """Its rule says something else to it. That changes no answer where another rule or the other end says the same."""
    judge = Judge(installed(name))
    rules, answers = judge.told(asked)
    assert {str(mutant) for mutant in judge.mutants} - rules == OF_A_SERVICE
    assert {
        f"stalker/{TO_THE_API}-{API_PORT}, rule 1: {how}" for how in ("any port", "any peer", "peer 1: any address")
    } <= answers


@pytest.mark.parametrize("name", long_but(lambda name: name == "prod", SCENARIOS))
def test_the_questions_that_stand_for_all_of_them_tell_as_much(name: str, asked: list[Packet]) -> None:
    policies = installed(name)
    few = chosen(asked, [Engine(policies)])
    assert len(few) * 10 < len(asked)
    judge = Judge(policies)
    assert judge.told(asked)[1] - judge.told(few)[1] == set()
