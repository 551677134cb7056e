"""A few questions that stand for all of them, where asking all of them takes too long.

Of questions that are alike one is kept. They are not alike where they are about another rule of a policy, another pair
of workloads, another end, or where the answers change in another way from state to state.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from netmatrix.policy.packet import EndVerdict
from tests.e2e.endpoints import Endpoint, Kind
from tests.e2e.expectation import Engine
from tests.e2e.packets import Packet

_OF_ONE_REPLICA = frozenset({"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"})


@dataclass(frozen=True, slots=True)
class _Judged:
    """A question, and in each state what the two ends say to it."""

    question: Packet
    verdicts: tuple[tuple[EndVerdict, EndVerdict], ...]
    answers: tuple[bool, ...]

    @property
    def port(self) -> Hashable:
        """Which port it is for."""
        return self.question.target.protocol, self.question.arrives.port

    @property
    def ends(self) -> tuple[Hashable, Hashable]:
        """Which workloads it is between."""
        return _workload(self.question.source), _workload(self.question.destination)


def chosen(questions: Sequence[Packet], states: Sequence[Engine]) -> list[Packet]:
    """Questions with every rule of `states`, every end and every pair of workloads in them, in the order given.

    Left out are questions in which no policy has a say. Of what is refused, everything is kept that would pass if one
    rule took the ports or the peers of another, or a range lost an exception; beyond that, ports that somebody else may
    reach are preferred.
    """
    judged = [item for item in (_judge(question, states) for question in questions) if item is not None]
    confused = _Confused(judged)
    known: set[Hashable] = set()
    kept: set[int] = set()
    for at in sorted(range(len(judged)), key=lambda at: not confused.is_reachable(judged[at])):
        facts = {*_facts(judged[at]), *confused.facts(judged[at])} - known
        if facts:
            known |= facts
            kept.add(at)
    return [judged[at].question for at in sorted(kept)]


def _judge(question: Packet, states: Sequence[Engine]) -> _Judged | None:
    """None where no policy has a say."""
    verdicts = tuple(state.ends(question) for state in states)
    if not any(end.isolated_by for ends in verdicts for end in ends):
        return None
    return _Judged(question, verdicts, tuple(all(end.allowed for end in ends) for ends in verdicts))


def _facts(item: _Judged) -> Iterator[Hashable]:
    yield "pair", item.ends, item.answers
    yield "source", str(item.question.source), any(item.answers)
    yield "destination", str(item.question.destination), any(item.answers)
    yield "port", item.ends[1], item.port, item.answers
    for number, ends in enumerate(item.verdicts):
        for end in ends:
            for rule in end.admitted_by:
                yield number, str(rule), item.question.arrives.family, item.question.arrives.protocol, all(item.answers)


class _Confused:
    """Which workloads reach which, and on which ports somebody: what a rule might take from its neighbours."""

    def __init__(self, judged: Sequence[_Judged]) -> None:
        passing = [item for item in judged if any(item.answers)]
        self._pairs = {item.ends for item in passing}
        self._from = {(item.ends[0], item.port) for item in passing}
        self._to = {(item.ends[1], item.port) for item in passing}

    def is_reachable(self, item: _Judged) -> bool:
        """Whether somebody reaches that port there."""
        return (item.ends[1], item.port) in self._to

    def facts(self, item: _Judged) -> Iterator[Hashable]:
        source, destination = item.ends
        if item.ends not in self._pairs:
            return
        # Of hosts outside, a range may hold one and not the other.
        for other, host in ((source, item.question.destination), (destination, item.question.source)):
            if host.kind is Kind.HOST:
                yield "host", other, str(host), item.answers
        if {(source, item.port)} & self._from | {(destination, item.port)} & self._to:
            yield "confused", item.ends, item.port, item.answers


def _workload(endpoint: Endpoint) -> Hashable:
    """What replicas have in common; a host outside is like the others, but for what the policies say of it."""
    if endpoint.kind is Kind.HOST:
        return endpoint.kind
    return endpoint.namespace, frozenset(item for item in endpoint.labels.items() if item[0] not in _OF_ONE_REPLICA)
