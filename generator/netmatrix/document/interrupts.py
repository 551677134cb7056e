"""Ctrl-C, a polite kill and a hang-up, held back while something happens that must not be torn apart."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """What comes inside the block takes effect at its end. Only the main thread is ever interrupted.

    Handlers are exchanged, and signals not merely blocked: a process that is started inside would keep them blocked.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        caught.append(number)

    with _blocked():
        found = {number: signal.getsignal(number) for number in INTERRUPTS}
        # One that is ignored must reach a new process so; one that Python did not set, it could not set again.
        before = {number: handler for number, handler in found.items() if handler not in (signal.SIG_IGN, None)}
        for number in before:
            signal.signal(number, note)
    try:
        yield
    finally:
        with _blocked():
            for number, handler in before.items():
                signal.signal(number, handler)
            for received in caught:
                signal.raise_signal(received)


@contextmanager
def _blocked() -> Iterator[None]:
    """No handler runs inside: one that raises would leave half of the handlers exchanged."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
