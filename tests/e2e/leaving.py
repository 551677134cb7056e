"""A plugin of pytest: a run that starts clusters leaves the machine as it was, or fails and says what it left.

The machine is looked at before the first test, and again when everything that the tests set up has ended, also where
they failed or were interrupted.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from tests.e2e import snapshot
from tests.e2e.snapshot import Snapshot

_BEFORE = pytest.StashKey[tuple[Snapshot, int]]()
_LEFT = pytest.StashKey[list[str]]()


def starts_clusters(session: pytest.Session) -> bool:
    """Whether any of the tests that are going to run may start a cluster, which only root can."""
    will_run = os.geteuid() == 0 and not session.config.option.collectonly
    return will_run and any(item.get_closest_marker("e2e") for item in session.items)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    if starts_clusters(session):
        group = os.getgid()
        os.setgid(snapshot.mark())
        session.config.stash[_BEFORE] = snapshot.take(everywhere=True), group
    return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Goes on when the fixtures that were left have ended, and before the summary is printed."""
    result = yield
    if _BEFORE in session.config.stash:
        before, group = session.config.stash[_BEFORE]
        left = snapshot.lasting_differences(before, lambda line: line.startswith("files: "), everywhere=True)
        session.config.stash[_LEFT] = left
        os.setgid(group)
        if left and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _LEFT not in config.stash:
        return
    left = config.stash[_LEFT]
    if left:
        terminalreporter.section("the run did not leave the machine as it was", red=True)
        terminalreporter.write("".join(f"{line}\n" for line in left))
    else:
        terminalreporter.write_line("the machine is as it was before the run")
