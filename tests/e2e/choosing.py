"""A few questions that stand for all of them, where asking all of them takes too long.

Of questions that are alike one is kept. They are not alike where they are about another rule of a policy, another pair
of workloads, another end, or where the answers change in another way from state to state.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from netmatrix.policy.objects import Direction, NetworkPolicy
from netmatrix.policy.packet import EndVerdict
from netmatrix.policy.ports import Protocol
from netmatrix.policy.semantics import port_numbers
from tests.e2e import alike
from tests.e2e.alike import Alike
from tests.e2e.endpoints import Endpoint, Kind
from tests.e2e.expectation import Engine
from tests.e2e.packets import Packet

_OF_ONE_REPLICA = frozenset({"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"})


Verdicts = tuple[tuple[EndVerdict, EndVerdict], ...]
"""For each state what the two ends of a question say to it."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A question, and in each state what the two ends say to it."""

    question: Packet
    verdicts: Verdicts
    answers: tuple[bool, ...]
    port: Hashable
    """What it is for: a protocol, and a port or all those of which no policy speaks."""

    ends: tuple[Hashable, Hashable]
    """Which workloads it is between."""


def chosen(questions: Sequence[Packet], states: Sequence[Engine]) -> list[Packet]:
    """Questions with every rule of `states`, every end and every pair of workloads in them, in the order given.

    Left out are questions in which no policy has a say. Of what is refused, everything is kept that would pass if one
    rule took the ports or the peers of another or everybody for its peers, or a range lost an exception; beyond that,
    ports that somebody else may reach are preferred. Ports of which no state speaks are one.
    """
    ports = alike.to_policies(policy for state in states for policy in state.policies)
    judged = list(_judged(questions, states, ports))
    confused = _Confused(judged)
    known: set[Hashable] = set()
    kept: set[int] = set()
    for at in sorted(range(len(judged)), key=lambda at: not confused.is_reachable(judged[at])):
        facts = {*_facts(judged[at]), *confused.facts(judged[at])} - known
        if facts:
            known |= facts
            kept.add(at)
    return [judged[at].question for at in sorted(kept)]


def _judged(questions: Sequence[Packet], states: Sequence[Engine], ports: Alike) -> Iterator[_Judged]:
    """Without those in which no policy has a say. What no state tells apart is judged once."""
    known: dict[Hashable, tuple[Verdicts, tuple[bool, ...]] | None] = {}
    selecting = _Selecting(states)
    everybody = {id(end): end for question in questions for end in (question.source, question.destination)}
    workloads = {at: _workload(end) for at, end in everybody.items()}
    for question in questions:
        key = ports.key(question)
        if key not in known:
            known[key] = _verdicts(question, states, selecting)
        if (found := known[key]) is not None:
            # A port that is spoken of for one protocol is one of its own for the other as well.
            spoken_of = tuple(ports.port(protocol, question.arrives.port) for protocol in ("TCP", "UDP"))
            between = workloads[id(question.source)], workloads[id(question.destination)]
            yield _Judged(question, *found, (question.target.protocol, spoken_of), between)


class _Selecting:
    """Which policies have a say at an end in each state, as a number: from state to state most of them stay."""

    def __init__(self, states: Sequence[Engine]) -> None:
        self._states = states
        self._numbers: dict[tuple[NetworkPolicy, ...], int] = {}
        self._of: dict[int, tuple[int, ...]] = {}

    def of(self, endpoint: Endpoint) -> tuple[int, ...]:
        """One for each state, equal where the same policies have a say."""
        if id(endpoint) not in self._of:
            sets = [state.selecting(endpoint) for state in self._states]
            self._of[id(endpoint)] = tuple(self._numbers.setdefault(item, len(self._numbers)) for item in sets)
        return self._of[id(endpoint)]


def _verdicts(
    question: Packet, states: Sequence[Engine], selecting: _Selecting
) -> tuple[Verdicts, tuple[bool, ...]] | None:
    told: dict[tuple[int, int], tuple[EndVerdict, EndVerdict]] = {}
    policies = list(zip(selecting.of(question.source), selecting.of(question.destination), strict=True))
    for state, having_a_say in zip(states, policies, strict=True):
        if having_a_say not in told:
            told[having_a_say] = state.ends(question)
    verdicts = tuple(told[having_a_say] for having_a_say in policies)
    if not any(end.isolated_by for ends in verdicts for end in ends):
        return None
    return verdicts, tuple(all(end.allowed for end in ends) for ends in verdicts)


def _facts(item: _Judged) -> Iterator[Hashable]:
    arrives = item.question.arrives
    yield "pair", item.ends, item.answers
    yield "source", str(item.question.source), any(item.answers)
    yield "destination", str(item.question.destination), any(item.answers)
    yield "port", item.ends[1], item.port, item.answers
    for number, ends in enumerate(item.verdicts):
        for end in ends:
            for rule in end.admitted_by:
                yield number, str(rule), arrives.family, arrives.transport, all(item.answers)


class _Confused:
    """Which workloads reach which, and on which ports somebody: what a rule might take from its neighbours."""

    def __init__(self, judged: Sequence[_Judged]) -> None:
        passing = [item for item in judged if any(item.answers)]
        self._pairs = {item.ends for item in passing}
        self._ways = {(item.ends, item.port) for item in passing}
        self._from = {(item.ends[0], item.port) for item in passing}
        self._to = {(item.ends[1], item.port) for item in passing}
        self._spoken_of: dict[Hashable, bool] = {}

    def is_reachable(self, item: _Judged) -> bool:
        """Whether somebody reaches that port there."""
        return (item.ends[1], item.port) in self._to

    def facts(self, item: _Judged) -> Iterator[Hashable]:
        source, destination = item.ends
        if not any(item.answers) and item.question.arrives.family == 4:
            yield from self._anybody(item)
        if item.ends not in self._pairs:
            return
        # Of hosts outside, a range may hold one and not the other.
        for other, host in ((source, item.question.destination), (destination, item.question.source)):
            if host.kind is Kind.HOST:
                yield "host", other, str(host), (item.ends, item.port) in self._ways, item.answers
        if {(source, item.port)} & self._from | {(destination, item.port)} & self._to:
            yield "confused", item.ends, item.port, item.answers

    def _anybody(self, item: _Judged) -> Iterator[Hashable]:
        """What one rule allows with some it might allow with everybody: a host, which has no say in it."""
        for own, direction in enumerate((Direction.EGRESS, Direction.INGRESS)):
            at = ("anybody", item.ends[own], item.port)
            if item.ends[1 - own] is not Kind.HOST:
                continue
            if at not in self._spoken_of:
                self._spoken_of[at] = any(_speaks(ends[own].isolated_by, direction, item) for ends in item.verdicts)
            if self._spoken_of[at]:
                yield at


def _speaks(policies: Iterable[NetworkPolicy], direction: Direction, item: _Judged) -> bool:
    """Whether a rule is about the port of a question; one that nobody is admitted by may be."""
    arrives = item.question.arrives
    ports = (port for policy in policies for rule in policy.rules(direction) for port in rule.ports)
    return any(port_numbers(port).contains(Protocol(arrives.transport), arrives.port) for port in ports)


def _workload(endpoint: Endpoint) -> Hashable:
    """What replicas have in common; a host outside is like the others, but for what the policies say of it."""
    if endpoint.kind is Kind.HOST:
        return endpoint.kind
    return endpoint.namespace, frozenset(item for item in endpoint.labels.items() if item[0] not in _OF_ONE_REPLICA)
