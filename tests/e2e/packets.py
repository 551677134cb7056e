"""The packet matrix: every question that the endpoints raise, and the answers of the network."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from tests.e2e import prober
from tests.e2e.endpoints import Endpoint, pairs
from tests.e2e.probing import Result, Target
from tests.e2e.session import Cluster

_QUICK, _PATIENT = 0.25, 2.5
"""Seconds. A refusal may get lost while a connection is being made, and then nothing comes; so may, rarely, an answer:
what should be open and is not is tried again, with patience."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One question: may `source` open a connection to a target of `destination`?"""

    source: Endpoint
    destination: Endpoint
    target: Target

    def __str__(self) -> str:
        at = f"{self.target.address} {self.target.protocol} {self.target.port}"
        return f"{self.source} -> {self.destination} at {at}"


@dataclass(frozen=True, slots=True)
class Pass:
    """All packets of one pass, each with what became of it, and the seconds that it took."""

    results: tuple[tuple[Packet, Result], ...]
    seconds: float


def packets(found: Sequence[Endpoint], ports: Sequence[int]) -> list[Packet]:
    """Every ordered pair of endpoints, on every port, protocol and family that the two have in common."""
    targets = {destination.name + destination.namespace: destination.targets(ports) for destination in found}
    return [
        Packet(source, destination, target)
        for source, destination in pairs(found)
        for target in targets[destination.name + destination.namespace]
        if target.family in source.addresses
    ]


def send(cluster: Cluster, questions: Sequence[Packet], expected: Callable[[Packet], bool]) -> Pass:
    """Send all packets, and those once more that are `expected` to arrive and did not. Raises ClusterError."""
    begin = time.monotonic()
    cluster.run("conntrack", "-F")  # what was open before would be taken for an open connection
    results = _send(cluster, questions, _QUICK)
    again = [at for at, result in enumerate(results) if result is not Result.OPEN and expected(questions[at])]
    for at, result in zip(again, _send(cluster, [questions[at] for at in again], _PATIENT), strict=True):
        results[at] = result
    return Pass(tuple(zip(questions, results, strict=True)), time.monotonic() - begin)


def _send(cluster: Cluster, questions: Sequence[Packet], timeout: float) -> list[Result]:
    """The result of each packet; those of one source stand together."""
    if not questions:
        return []
    numbers: dict[Target, int] = {}
    by_source = [
        (source, [numbers.setdefault(item.target, len(numbers)) for item in items])
        for source, items in groupby(questions, key=lambda item: item.source)
    ]
    batch = prober.Batch(
        sources=tuple(source.source for source, _ in by_source),
        targets=tuple(numbers),
        pairs=tuple(tuple(positions) for _, positions in by_source),
        timeout=timeout,
    )
    answers = prober.run(cluster, batch)
    return [found[position] for (_, positions), found in zip(by_source, answers, strict=True) for position in positions]
