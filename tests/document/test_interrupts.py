"""Interrupts that come at a bad moment take effect right after it."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import pytest

from netmatrix.document.interrupts import INTERRUPTS, interrupts_held_back


def test_an_interrupt_takes_effect_at_the_end_and_no_earlier() -> None:
    steps = []

    def interrupted() -> None:
        with interrupts_held_back():
            signal.raise_signal(signal.SIGINT)
            steps.append("inside")
        steps.append("behind")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert steps == ["inside"]


@pytest.mark.parametrize("number", INTERRUPTS)
def test_all_is_as_before_also_where_a_handler_raises(number: signal.Signals) -> None:
    class StopError(Exception):
        pass

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise StopError

    before = {each: signal.signal(each, stop) for each in INTERRUPTS}
    try:
        with pytest.raises(StopError), interrupts_held_back():
            signal.raise_signal(number)
        assert {signal.getsignal(each) for each in INTERRUPTS} == {stop}
        assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts_held_back():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_may_ask_for_it_too() -> None:
    entered = []

    def work() -> None:
        with interrupts_held_back():
            entered.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered == [True]
