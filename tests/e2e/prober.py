"""`python -m tests.e2e.prober`, in the cluster's namespaces: a batch of probes on standard input, results on output.

Only this program sends packets for the tests, and only after `safety.check`.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from typing import Any

from tests.e2e import safety
from tests.e2e.asking import KINDS, ask
from tests.e2e.probing import Probing, Result, Target, wait
from tests.e2e.session import Cluster

_SOURCES_AT_A_TIME = 3
_ASKED_AT_A_TIME = 2
_PROGRAM = "tests.e2e.prober"
UNSAFE = 3
"""The exit status where a batch is refused."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where probes start: the file of a network namespace, and addresses to send from, where it has several."""

    network: str
    binds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Which source tries which targets: `pairs` holds, for each source, positions in `targets`."""

    sources: tuple[Source, ...]
    targets: tuple[Target, ...]
    pairs: tuple[tuple[int, ...], ...]
    timeout: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of the probes of one source, when they began and when the last of them had ended."""

    source: int
    begin: float
    end: float
    results: Mapping[int, Result]


def run(cluster: Cluster, batch: Batch) -> list[dict[int, Result]]:
    """Send a batch from within the cluster: for each source, the result of each target. Raises ClusterError."""
    output = cluster.run(sys.executable, "-m", _PROGRAM, stdin=message(cluster, batch), timeout=600.0)
    return [{int(key): Result(value) for key, value in item.items()} for item in json.loads(output.stdout)]


def message(cluster: Cluster, batch: Batch) -> str:
    """The order to send a batch, in one line."""
    order = {
        "machine": cluster.record.machine_network,
        "machine addresses": safety.machine_addresses(),
        "batch": asdict(batch),
    }
    return json.dumps(order)


def ordered(text: str) -> tuple[int, list[str], Batch]:
    """What a message says: the machine's network namespace, its addresses, the batch."""
    data = json.loads(text)
    return data["machine"], data["machine addresses"], _batch(data["batch"])


def send(
    machine: int, machine_addresses: Sequence[str], batch: Batch, ports: Sequence[Iterator[int]] = ()
) -> list[Seen]:
    """Send a batch from the namespaces that this process is in; `ports` are those to send from, for each source.

    Raises UnsafeError, and then nothing has been sent.
    """
    if sum(map(len, batch.pairs)) > safety.MOST_PROBES:
        raise safety.UnsafeError(f"more than {safety.MOST_PROBES} probes in one batch; nothing was sent")
    networks = [source.network for source in batch.sources]
    safety.check(machine, networks, [target.address for target in batch.targets], machine_addresses)
    given: Sequence[Iterator[int] | None] = ports or [None] * len(batch.sources)
    # Each thread enters one namespace after the other; the others are not touched by it. One makes all probes: what
    # they take is many short calls of the kernel, and of threads that make those each is in the others' way.
    with ThreadPoolExecutor(1 + _ASKED_AT_A_TIME) as pool:
        probed = pool.submit(_probe_all, machine, batch, given)
        asked = pool.map(lambda number: _asked_from(machine, batch, number), range(len(given)))
        return [_joined(*parts) for parts in zip(probed.result(), asked, strict=True)]


def _joined(probed: Seen, asked: Seen | None) -> Seen:
    """What one source has seen, of its probes and of its requests."""
    if asked is None:
        return probed
    begin, end = min(probed.begin, asked.begin), max(probed.end, asked.end)
    return Seen(probed.source, begin, end, {**probed.results, **asked.results})


def _asked_from(machine: int, batch: Batch, number: int) -> Seen | None:
    """The requests of one source, one after the other; None where it has none."""
    asked = {position: target for position, target in _targets(batch, number) if target.protocol in KINDS}
    if not asked:
        return None
    safety.enter(batch.sources[number].network, machine)
    begin = time.monotonic()
    answers = {position: ask(target, batch.timeout) for position, target in asked.items()}
    return Seen(number, begin, time.monotonic(), answers)


def _probe_all(machine: int, batch: Batch, ports: Sequence[Iterator[int] | None]) -> list[Seen]:
    """The probes of all sources, in their order; a few at a time, so that one that nobody answers holds up no other."""
    waiting = deque(range(len(batch.sources)))
    running: dict[int, tuple[Probing, float]] = {}
    seen: dict[int, Seen] = {}
    with ExitStack() as stack:
        while waiting or running:
            while waiting and len(running) < _SOURCES_AT_A_TIME:
                number = waiting.popleft()
                probed = {at: target for at, target in _targets(batch, number) if target.protocol not in KINDS}
                probing = Probing(probed, batch.sources[number].binds, batch.timeout, ports[number])
                running[number] = stack.enter_context(closing(probing)), time.monotonic()
                safety.enter(batch.sources[number].network, machine)
                probing.go_on()
            for number in [number for number, (probing, _) in running.items() if probing.is_done]:
                probing, begin = running.pop(number)
                seen[number] = Seen(number, begin, time.monotonic(), probing.results)
                probing.close()
            ready = wait([probing for probing, _ in running.values()]) if running else []
            for number, (probing, _) in running.items():
                if probing in ready:
                    safety.enter(batch.sources[number].network, machine)
                    probing.go_on()
    return [seen[number] for number in sorted(seen)]


def _targets(batch: Batch, number: int) -> list[tuple[int, Target]]:
    """What a source tries, by its position in the batch."""
    return [(position, batch.targets[position]) for position in batch.pairs[number]]


def _batch(data: Mapping[str, Any]) -> Batch:
    return Batch(
        sources=tuple(Source(item["network"], tuple(item["binds"])) for item in data["sources"]),
        targets=tuple(Target(**item) for item in data["targets"]),
        pairs=tuple(tuple(positions) for positions in data["pairs"]),
        timeout=data["timeout"],
    )


def main() -> int:
    """Send one batch; 3 where that is refused."""
    try:
        results = [seen.results for seen in send(*ordered(sys.stdin.read()))]
    except safety.UnsafeError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNSAFE
    json.dump(results, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
