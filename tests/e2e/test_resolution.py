"""How long something may have been open and nobody asked: what the page says of the life cycle's probes.

Needs no cluster.
"""

from __future__ import annotations

from typing import cast

from tests.e2e.endpoints import Endpoint, Kind
from tests.e2e.lifecycle import BETWEEN, LifeCycle, Watched
from tests.e2e.monitor import Line, Monitor, Round, pauses
from tests.e2e.packets import Packet
from tests.e2e.probing import Result, Target
from tests.e2e.report import life_cycle
from tests.e2e.session import Cluster


def test_a_question_may_go_unasked_from_the_begin_of_one_round_of_its_source_to_the_end_of_the_next() -> None:
    """The first source asks from 0 to 1 and from 3 to 5, the second from 1 to 2 and from 5 to 6."""
    first = Round((_line(0, 1), _line(1, 2)))
    second = Round((_line(3, 5), _line(5, 6)))
    assert pauses([first, second]) == [(3, 5)]
    assert pauses([first]) == pauses([]) == []


def test_who_judges_rounds_notes_what_lies_between_them() -> None:
    """However many questions a round has."""
    rounds = [Round((Line(begin, begin + 1, (Result.OPEN, Result.OPEN)),)) for begin in (0, 2, 4, 6)]
    end, target = Endpoint(Kind.HOST, "here", {4: "127.0.0.1"}), Target("127.0.0.1", 80, "TCP", "here")
    question = Packet(end, end, target, target)
    life = LifeCycle(cast(Cluster, None), Monitor(rounds), ((question, question),))
    assert life.judge("upgrade", 3, [((True, True),)], 0.1).pauses == ((2, 3), (2, 3))


def test_the_page_says_what_can_have_been_missed() -> None:
    lines = life_cycle([_watched("upgrade", (0.25, 0.4), (0.5, 0.75)), _watched(BETWEEN, (0.25, 2.0))])
    (row,) = (line for line in lines if line.startswith("| upgrade |"))
    assert row == "| upgrade | 10 | 0 | 0 | 0 | 0.1 | 0.75 |"
    assert any(line.startswith("| all of it |") and line.endswith(" 2.00 |") for line in lines)
    text = " ".join(lines)
    assert "asked again after 0.25 s (median of 3 rounds)" in text


def _line(begin: float, end: float) -> Line:
    return Line(begin, end, (Result.OPEN,))


def _watched(name: str, *pauses: tuple[float, float]) -> Watched:
    return Watched(name, 10, (), (), (), 0.1, pauses)
