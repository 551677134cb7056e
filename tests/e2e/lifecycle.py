"""The release changes while probes run: what was accepted or refused meanwhile, beside what its states allow.

A state is what the engine reads in the policies that stand in the cluster. While one gives way to another, a new
connection may be accepted where either allows it; before and after that, where the one state there is does.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby

from netmatrix.policy import NetworkPolicy, parse_manifests
from tests.e2e import monitor
from tests.e2e.expectation import Engine
from tests.e2e.monitor import Monitor, Round, pauses
from tests.e2e.packets import Packet
from tests.e2e.patience import patient
from tests.e2e.prober import Batch
from tests.e2e.probing import Result
from tests.e2e.session import Cluster

_TIMEOUT = patient(0.5)
_PATIENCE = patient(30.0)
_SHOWN = 10

Policies = tuple[NetworkPolicy, ...]
State = tuple[tuple[bool, ...], ...]
"""For each source, and each of its questions: whether the policies allow it."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen from the beginning of a change until it was enforced, `seconds` after its command had ended."""

    name: str
    probes: int
    forbidden: tuple[str, ...]
    """What was accepted, and neither state allows."""

    interrupted: tuple[str, ...]
    """What was refused, or cut off, or answered by somebody else, and both states allow."""

    unanswered: tuple[str, ...]
    """What nobody answered in time, and both states allow: a busy machine does that too."""

    seconds: float = 0.0
    pauses: tuple[tuple[float, float], ...] = ()
    """Of its rounds: see `monitor.pauses`."""

    def __str__(self) -> str:
        counts = {"forbidden": self.forbidden, "interrupted": self.interrupted, "unanswered": self.unanswered}
        return f"{self.name}: {self.probes} probes, " + ", ".join(f"{len(of)} {what}" for what, of in counts.items())


@dataclass(slots=True)
class LifeCycle:
    """A release under watch."""

    cluster: Cluster
    monitor: Monitor
    questions: tuple[tuple[Packet, ...], ...]
    """Those of each source of the monitor's batch."""

    watched: list[Watched] = field(default_factory=list)
    _known: dict[frozenset[NetworkPolicy], State] = field(default_factory=dict)
    """What each set of policies says: most of them stand more than once."""

    _state: State = ()
    _next: int = 0
    """The first of the monitor's rounds that is not judged yet."""

    def change(
        self, name: str, action: Callable[[], object], passing: Callable[[], Iterable[Policies]] = tuple
    ) -> Watched:
        """Do something to the release, wait until the policies that then stand are enforced, and say what was seen.

        `passing`, asked after the action, names policies that were to stand in between.
        """
        found = self.aside(name, action, passing)
        self.watched.append(found)
        print(f"  {found}", file=sys.stderr, flush=True)
        return found

    def aside(
        self, name: str, action: Callable[[], object], passing: Callable[[], Iterable[Policies]] = tuple
    ) -> Watched:
        """As `change`, of what somebody else does to the policies: no part of what the release is judged by."""
        self._judge_quiet()
        before = self._state
        action()
        ended = time.monotonic()
        after = self._read(installed(self.cluster))
        states = [before, after, *map(self._read, passing())]
        begin = self._await(after, ended)
        at = next(number for number, item in enumerate(self.monitor.rounds) if item is begin)
        found = self.judge(name, at, states, begin.begin - ended)
        self._state, self._next = after, at
        return found

    def _judge_quiet(self) -> None:
        """Judge what was seen since the last change, under the one state that there was."""
        if not self._state:
            self._state = self._read(installed(self.cluster))
            self._next = len(self.monitor.rounds)
        at = len(self.monitor.rounds)
        self.watched.append(self.judge(BETWEEN, at, [self._state], 0.0))
        self._next = at

    def stands_as(self, policies: Policies) -> bool:
        """Whether what was in the cluster after the last change means the same as `policies`."""
        return self._read(policies) == self._state

    def _read(self, policies: Policies) -> State:
        key = frozenset(policies)
        if key not in self._known:
            engine = Engine(policies)
            self._known[key] = tuple(tuple(map(engine.allows, asked)) for asked in self.questions)
        return self._known[key]

    def _await(self, state: State, since: float) -> Round:
        """The first round in which the network does what a state says. Raises AssertionError where there is none."""
        deadline = time.monotonic() + _PATIENCE
        for item in self.monitor.rounds_since(since, _PATIENCE):
            wrong = list(self._wrong(item, state))
            if not wrong:
                return item
            assert time.monotonic() < deadline, f"not enforced after {_PATIENCE:.0f} s: {wrong[:_SHOWN]}"
        raise AssertionError("the monitor has ended")

    def _wrong(self, item: Round, state: State) -> Iterator[str]:
        for asked, line, allowed in zip(self.questions, item.lines, state, strict=True):
            for question, result, is_allowed in zip(asked, line.results, allowed, strict=True):
                if not result.agrees(is_allowed):
                    yield f"{question}: {result.name.lower()}"

    def judge(self, name: str, until: int, states: Sequence[State], seconds: float) -> Watched:
        """What the rounds say, from the first that is not judged yet up to that number, where `states` stood."""
        rounds = self.monitor.rounds[self._next : until]
        some, every = _joined(any, states), _joined(all, states)
        found: dict[str, list[str]] = {"forbidden": [], "interrupted": [], "unanswered": [], "broken": []}
        for item in rounds:
            for source, line in enumerate(item.lines):
                for at, result in enumerate(line.results):
                    told = kind(result, is_ever_allowed=some[source][at], is_always_allowed=every[source][at])
                    if told:
                        found[told].append(f"{self.questions[source][at]}: {result.name.lower()}")
        probes = sum(len(line.results) for item in rounds for line in item.lines)
        forbidden, interrupted, unanswered, broken = map(tuple, found.values())
        assert not broken, f"probes that were not made say nothing: {broken[:_SHOWN]}"
        found_pauses = tuple(pauses(self.monitor.rounds[max(0, self._next - 1) : until]))
        return Watched(name, probes, forbidden, interrupted, unanswered, seconds, found_pauses)


def kind(result: Result, *, is_ever_allowed: bool, is_always_allowed: bool) -> str:
    """What a result is to the judge; nothing where it is as it ought to be.

    Forbidden is all that was let in and never may be, whatever became of it then: also where nobody answered it.
    """
    if result is Result.BROKEN:
        return "broken"
    if result.let_in and not is_ever_allowed:
        return "forbidden"
    if result is Result.OPEN or not is_always_allowed:
        return ""
    return "unanswered" if result in (Result.SILENT, Result.MUTE) else "interrupted"


def _joined(how: Callable[[Iterable[bool]], bool], states: Sequence[State]) -> State:
    """One state of several, question by question."""
    return tuple(tuple(map(how, zip(*answers, strict=True))) for answers in zip(*states, strict=True))


BETWEEN = "between the changes"


@contextmanager
def watching(cluster: Cluster, questions: Sequence[Packet]) -> Iterator[LifeCycle]:
    """A release under watch until the block ends; the questions of one source stand together."""
    by_source = [tuple(asked) for _, asked in groupby(questions, key=lambda question: question.source)]
    targets = list(dict.fromkeys(question.target for question in questions))
    number = {target: at for at, target in enumerate(targets)}
    batch = Batch(
        sources=tuple(asked[0].source.source for asked in by_source),
        targets=tuple(targets),
        pairs=tuple(tuple(number[question.target] for question in asked) for asked in by_source),
        timeout=_TIMEOUT,
    )
    with monitor.running(cluster, batch) as running:
        next(running.rounds_since(time.monotonic(), _PATIENCE))
        yield LifeCycle(cluster, running, tuple(by_source))


def installed(cluster: Cluster) -> Policies:
    """All policies that stand in the cluster, whoever made them."""
    found = cluster.get("networkpolicies", "--all-namespaces")
    return parse_manifests(json.dumps(found).encode(), "kubectl get").policies if found["items"] else ()
