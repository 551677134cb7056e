"""Whatever can take longer than a second says what it is doing, to a terminal and to nobody else."""

from __future__ import annotations

import pytest

from tests.cli.conftest import PROD, TODAY, OnATerminal, Run

SHIPPED = "tests/proof/shipped/prod.yaml"
WAITING = {
    "analyze": (("analyze", SHIPPED), "reading and comparing"),
    "lint": (("lint", SHIPPED), "judging policies"),
    "verify of manifests": (("verify", "--environment", "prod", "--manifests", SHIPPED), "verifying"),
    "verify": (("verify", *PROD, *TODAY), "rendering with helm"),
    "explain": (("explain", "cron", "mongo", *PROD, *TODAY), "rendering with helm"),
    "diff": (("diff", SHIPPED, SHIPPED), "comparing"),
}


@pytest.mark.parametrize(("arguments", "words"), WAITING.values(), ids=WAITING)
def test_a_terminal_is_told_what_is_waited_for_and_nobody_else(
    arguments: tuple[str, ...], words: str, on_a_terminal: OnATerminal, netmatrix: Run
) -> None:
    status, shown = on_a_terminal(*arguments)
    assert words.encode() in shown
    elsewhere = netmatrix(*arguments)
    assert elsewhere.status == status
    assert words not in elsewhere.out + elsewhere.err
