"""`python -m tests.e2e.prober`, in the cluster's namespaces: a batch of probes on standard input, results on output.

Only this program sends packets for the tests, and only after `safety.check`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from tests.e2e import safety
from tests.e2e.asking import KINDS, ask
from tests.e2e.probing import Result, Target, probe
from tests.e2e.session import Cluster

_SOURCES_AT_A_TIME = 3
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
    # Each thread enters one namespace after the other; the others are not touched by it.
    with ThreadPoolExecutor(_SOURCES_AT_A_TIME) as pool:
        given: Sequence[Iterator[int] | None] = ports or [None] * len(batch.sources)
        return list(pool.map(lambda number: _from_source(machine, batch, number, given[number]), range(len(given))))


def _from_source(machine: int, batch: Batch, number: int, ports: Iterator[int] | None) -> Seen:
    source = batch.sources[number]
    safety.enter(source.network, machine)
    begin = time.monotonic()
    targets = {position: batch.targets[position] for position in batch.pairs[number]}
    asked = {position: target for position, target in targets.items() if target.protocol in KINDS}
    probed = {position: target for position, target in targets.items() if position not in asked}
    answers = {position: ask(target, batch.timeout) for position, target in asked.items()}
    results = probe(probed, source.binds, batch.timeout, ports) | answers
    return Seen(number, begin, time.monotonic(), results)


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
