"""`python -m tests.e2e.monitor`, in the cluster's namespaces: one batch of probes again and again, until told to end.

The order is one line on standard input; it ends when that does. Each round is one line of output: for each source when
its probes began and ended, and one character for each result. Every probe is a new connection, from a port that was
not used for minutes. Each round is a batch of its own, checked before it is sent.
"""

from __future__ import annotations

import bisect
import itertools
import json
import select
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import IO

from tests.e2e import prober, safety
from tests.e2e.errors import ClusterError
from tests.e2e.prober import Batch, Seen
from tests.e2e.probing import Result
from tests.e2e.session import Cluster

_PROGRAM = "tests.e2e.monitor"
_PER_SECOND = 6000
"""At most so many probes."""

_LONGEST = 1800.0
"""Seconds. It ends then, whatever it was told."""

_PORTS = range(32768, 61000)
"""What no stand-in listens on. A source uses each of them in turn."""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of the probes of one source in one round, in the order of the batch."""

    begin: float
    end: float
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """One time all probes: a line for each source of the batch, in its order."""

    lines: tuple[Line, ...]

    @property
    def begin(self) -> float:
        """When the first of them began."""
        return min(line.begin for line in self.lines)

    @property
    def end(self) -> float:
        """When the last of them ended."""
        return max(line.end for line in self.lines)


def pauses(rounds: Sequence[Round]) -> list[tuple[float, float]]:
    """For each round but the first: the seconds since the one before it began, and how long a question went unasked.

    The latter is the most that may lie between two probes of one question. What is open for a shorter time may be
    missed.
    """
    return [
        (now.begin - last.begin, max(new.end - old.begin for old, new in zip(last.lines, now.lines, strict=True)))
        for last, now in pairwise(rounds)
    ]


@dataclass(slots=True)
class Monitor:
    """A monitor that runs; `rounds` grows as it does. The clock is `time.monotonic()`, which all processes share."""

    rounds: list[Round] = field(default_factory=list)
    _said: str = "nothing"

    def rounds_since(self, begin: float, patience: float) -> Iterator[Round]:
        """Each round that began after a point in time, as they come. Raises ClusterError where one takes too long."""
        at = bisect.bisect_left(self.rounds, begin, key=lambda item: item.begin)
        while True:
            deadline = time.monotonic() + patience
            while at == len(self.rounds):
                if time.monotonic() > deadline:
                    raise ClusterError(f"the monitor has finished no round for {patience:.0f} s, and said {self._said}")
                time.sleep(0.02)
            if self.rounds[at].begin >= begin:
                yield self.rounds[at]
            at += 1

    def read(self, output: IO[str]) -> None:
        """Take in what the program prints, until it ends."""
        for text in output:
            try:
                lines = json.loads(text)
            except ValueError:
                self._said = text.strip()
                continue
            self.rounds.append(
                Round(tuple(Line(begin, end, tuple(map(Result, results))) for begin, end, results in lines))
            )


@contextmanager
def running(cluster: Cluster, batch: Batch) -> Iterator[Monitor]:
    """A monitor that sends the batch, from within the cluster, until the block ends."""
    found = Monitor()
    with cluster.background(sys.executable, "-m", _PROGRAM) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        reader = threading.Thread(target=found.read, args=(process.stdout,), daemon=True)
        reader.start()
        process.stdin.write(prober.message(cluster, batch) + "\n")
        process.stdin.flush()
        yield found
        process.stdin.close()
        reader.join(batch.timeout + 30.0)


def main() -> int:
    """Send rounds until standard input ends; 3 where one is refused."""
    machine, addresses, batch = prober.ordered(sys.stdin.readline())
    ports = [itertools.cycle(_PORTS) for _ in batch.sources]
    pause = sum(map(len, batch.pairs)) / _PER_SECOND
    begin = time.monotonic()
    while (started := time.monotonic()) - begin < _LONGEST:
        try:
            seen = prober.send(machine, addresses, batch, ports)
        except safety.UnsafeError as error:
            print(f"error: {error}", flush=True)
            return prober.UNSAFE
        print(json.dumps([[item.begin, item.end, _text(item, batch)] for item in seen]), flush=True)
        rest = max(0.0, started + pause - time.monotonic())
        if select.select([sys.stdin], [], [], rest)[0]:
            return 0
    return 0


def _text(seen: Seen, batch: Batch) -> str:
    return "".join(seen.results[position] for position in batch.pairs[seen.source])


if __name__ == "__main__":
    sys.exit(main())
