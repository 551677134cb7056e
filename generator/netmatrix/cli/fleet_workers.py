"""The processes that share a fleet: each is started once, and takes one batch of clusters after the other."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import wait as wait_for_any
from types import FrameType
from typing import NoReturn

import click

from netmatrix.cli.fleet_proving import Fleet, Share, prove
from netmatrix.fleet.clusters import Cluster


def shares(fleet: Fleet, batches: Sequence[Sequence[Cluster]], workers: int) -> Iterator[Share]:
    """What the workers hand back, in whatever order; no more is under way than they can begin with at once.

    Where the caller stops early, batches that are being judged are judged to their end, and recorded. Raises
    ClickException where a worker is ended from outside.
    """
    # Spawned, not forked: a copy of a process with threads, as of a progress bar, may come to hang.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin, (fleet,))
    left = iter(batches)
    try:
        pending = _submitted(pool, islice(left, 2 * workers))
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
            pending |= _submitted(pool, islice(left, len(done)))
    except BrokenProcessPool:
        message = "a worker was ended from outside, perhaps for want of memory: try again with fewer --jobs"
        raise click.ClickException(message) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _submitted(pool: ProcessPoolExecutor, batches: Iterable[Sequence[Cluster]]) -> set[Future[Share]]:
    """The batches handed over. Ctrl-C goes to the whole group, and only the first process decides what becomes of it:
    workers are started with it blocked, since one that still loads its modules could not yet ignore it."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        return {pool.submit(_prove, batch) for batch in batches}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


_fleet: Fleet | None = None
"""In a worker: what it works for."""


def _begin(fleet: Fleet) -> None:
    global _fleet
    _fleet = fleet
    # A verdict makes many small objects and no cycles to speak of: looking for some took a tenth of the time.
    gc.set_threshold(100_000, 50, 50)
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _prove(clusters: Sequence[Cluster]) -> Share:
    assert _fleet is not None
    try:
        return prove(_fleet, clusters)
    except SystemExit as stopped:
        # What was begun is cleaned up. The pool would take this for a result, and wait for more work.
        os._exit(stopped.code if isinstance(stopped.code, int) else 1)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_any([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
