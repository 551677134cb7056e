"""The packet matrix: every question that the endpoints raise, and the answers of the network."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

from tests.e2e import prober
from tests.e2e.addresses import API_PORT, API_SERVICE
from tests.e2e.endpoints import Endpoint, Kind, pairs
from tests.e2e.patience import patient
from tests.e2e.probing import Result, Target
from tests.e2e.programs import KUBERNETES
from tests.e2e.session import Cluster

_QUICK, _PATIENT = patient(0.25), patient(2.5)
"""Seconds. Where nothing comes back, or what should be open is not, a packet is sent again, with patience."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One question: may `source` open a connection to a target of `destination`?

    Where the target is a Service, `arrives` is what the destination sees: policies judge that.
    """

    source: Endpoint
    destination: Endpoint
    target: Target
    arrives: Target

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
        Packet(source, destination, target, target)
        for source, destination in pairs(found)
        for target in targets[destination.name + destination.namespace]
        if target.family in source.addresses
    ]


def requests(found: Sequence[Endpoint], name_service: Sequence[str]) -> list[Packet]:
    """From every pod, a look-up of a name through each address of the name service, and a request to the API server."""
    dns = next(item for item in found if item.kind is Kind.DNS)
    (control,) = (item for item in found if item.kind is Kind.CONTROL)
    https = Target(API_SERVICE, 443, "HTTPS", KUBERNETES)
    asked = [Packet(dns, control, https, Target(control.addresses[4], API_PORT, "TCP", ""))]
    for address in name_service:
        for protocol in ("UDP", "TCP"):
            target = Target(address, 53, f"DNS over {protocol}", API_SERVICE)
            asked.append(Packet(dns, dns, target, Target(dns.addresses[target.family], 53, protocol, "")))
    pods = [item for item in found if item.kind is Kind.POD]
    return [replace(question, source=pod) for pod in pods for question in asked]


def send(cluster: Cluster, questions: Sequence[Packet], expected: Callable[[Packet], bool]) -> Pass:
    """Send all packets; once more those that nobody answered, or that are `expected` to arrive and did not.

    What is expected is computed meanwhile.
    """
    begin = time.monotonic()
    cluster.run("conntrack", "-F")  # what was open before would be taken for an open connection
    with ThreadPoolExecutor(1) as beside:
        sent = beside.submit(_send, cluster, questions, _QUICK)
        arrives = [expected(question) for question in questions]
        results = sent.result()
    again = [
        at
        for at, result in enumerate(results)
        if result is Result.SILENT or (result is not Result.OPEN and arrives[at])
    ]
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
    # Every other source goes to another process, since one is busy for longer than the network is.
    batches = [
        prober.Batch(
            sources=tuple(source.source for source, _ in part),
            targets=tuple(numbers),
            pairs=tuple(tuple(positions) for _, positions in part),
            timeout=timeout,
        )
        for part in (by_source[::2], by_source[1::2])
    ]
    answers: list[dict[int, Result]] = [{}] * len(by_source)
    with ThreadPoolExecutor(len(batches)) as beside:
        answers[::2], answers[1::2] = beside.map(partial(prober.run, cluster), batches)
    return [found[position] for (_, positions), found in zip(by_source, answers, strict=True) for position in positions]
