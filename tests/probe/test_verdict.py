"""What answers mean: gates first, then cells; and how long is waited for enforcement."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from netmatrix.policy.addresses import Family
from netmatrix.probe.questions import LeftOut, Outcome, Question
from netmatrix.probe.report import About, document, headline, text
from netmatrix.probe.settling import LONG, settle
from netmatrix.probe.verdict import Verdict, verdict
from tests.probe.conftest import CONTROL, OUTSIDE, Scene

ENDPOINTS = ("dns", "kubernetes-api", "internet", "outside")
ABOUT = About("prod", "minikube", "https://192.168.49.2:8443", "agnhost", 15, (), ("what nobody asked",))
WITHOUT_MONGO = replace(ABOUT, left_out=(LeftOut("mongo", "a Service names its pods"),))
Answer = Callable[[Question], Outcome]


@pytest.fixture(scope="module")
def asked(scene: Scene) -> tuple[Question, ...]:
    return scene.questions(*OUTSIDE)


def judged(asked: Sequence[Question], answer: Answer, was_open: frozenset[Question] = frozenset()) -> Verdict:
    return verdict(asked, {item: answer(item) for item in asked}, CONTROL, was_open, ENDPOINTS)


def as_expected(item: Question) -> Outcome:
    return item.expected if item.expected is not Outcome.EITHER else Outcome.REFUSED


def test_answers_as_the_matrix_says_hold(asked: tuple[Question, ...]) -> None:
    found = judged(asked, as_expected)
    assert found.holds
    told = text(found, ABOUT)
    assert told.startswith(f"prod: holds: all of {len(asked)} connections")
    assert "jobs-manager" in told
    assert "not asked: what nobody asked" in told


def test_what_was_left_out_is_not_claimed_to_hold(asked: tuple[Question, ...]) -> None:
    found = judged(asked, as_expected)
    first = (
        f"prod: holds for what was asked: all of {len(asked)} connections are as the matrix says; NOT ASKED: mongo ("
    )
    told = text(found, WITHOUT_MONGO)
    assert told.startswith(first)
    assert "\nnot asked: mongo: a Service names its pods\n" in told
    data = document(found, WITHOUT_MONGO)
    assert data["holds"] is False
    assert data["leftOut"] == [{"name": "mongo", "reason": "a Service names its pods"}]


def test_what_was_left_out_is_told_beside_what_deviates(asked: tuple[Question, ...]) -> None:
    leak = next(item for item in asked if item.expected is Outcome.REFUSED)
    found = judged(asked, lambda item: Outcome.OPEN if item == leak else as_expected(item))
    first = headline(found, WITHOUT_MONGO)
    assert first.startswith("prod: FAILS: 1 of")
    assert "NOT ASKED: mongo" in first


def test_a_cluster_where_all_is_open_does_not_enforce(asked: tuple[Question, ...]) -> None:
    found = judged(asked, lambda _: Outcome.OPEN)
    assert not found.holds
    told = text(found, ABOUT)
    assert told.startswith("prod: FAILS: the cluster does not enforce network policies over IPv4 and IPv6\n")
    assert "although there are 15 policies" in told
    assert "<--" not in told, "a thousand deviations are not the news"
    assert "install the chart" in headline(found, replace(ABOUT, policies=0))


def test_one_family_that_is_not_enforced_is_told_first(asked: tuple[Question, ...]) -> None:
    found = judged(asked, lambda item: Outcome.OPEN if item.family is Family.IPV6 else as_expected(item))
    told = text(found, ABOUT)
    assert told.startswith("prod: FAILS: the cluster does not enforce network policies over IPv6\n")
    assert "<--" in told


def test_a_cluster_without_a_network_is_no_verdict(asked: tuple[Question, ...]) -> None:
    """Everything looks denied there, and most of the matrix is denials."""
    found = judged(asked, lambda _: Outcome.REFUSED)
    assert not found.holds
    assert not found.is_connected
    assert text(found, ABOUT).startswith("prod: CANNOT TELL: not one of")


@pytest.mark.parametrize("dark", [("dns",), ("dns", "kubernetes-api")], ids=["one", "both"])
def test_of_an_endpoint_that_nobody_reaches_it_is_not_claimed_that_it_holds(
    asked: tuple[Question, ...], dark: tuple[str, ...]
) -> None:
    """Granted connections are refused there, and perhaps for no policy's sake."""
    found = judged(asked, lambda item: Outcome.REFUSED if item.destination in dark else as_expected(item))
    assert tuple(item.name for item in found.unanswered) == dark
    data = document(found, ABOUT)
    assert data["holds"] is False
    assert [item["name"] for item in data["leftOut"]] == list(dark)
    told = text(found, ABOUT)
    assert told.startswith("prod: holds for what was answered: all of ")
    assert f"; NOT ANSWERED: {', '.join(dark)} (" in told.splitlines()[0]
    assert "\nnot answered: dns: TCP 53 (IPv4), TCP 53 (IPv6), UDP 53 (query): not even a pod of no row" in told


def test_an_endpoint_that_nobody_reaches_over_one_family_is_named_with_that(asked: tuple[Question, ...]) -> None:
    found = judged(asked, lambda item: Outcome.REFUSED if item.address.startswith("[fd00::2]") else as_expected(item))
    assert [str(item).partition(": not")[0] for item in found.unanswered] == ["dns: TCP 53 (IPv6)"]


def test_who_reaches_what_the_control_does_not_has_reached_it(asked: tuple[Question, ...]) -> None:
    leak = next(item for item in asked if (item.source, item.destination) == ("jobs", "dns"))
    found = judged(
        asked,
        lambda item: Outcome.OPEN if item == leak else Outcome.REFUSED if item.destination == "dns" else item.expected,
    )
    assert [cell.question for cell in found.deviations] == [leak]


def test_an_address_of_the_operators_that_nobody_reaches_is_not_judged(asked: tuple[Question, ...]) -> None:
    """It is no part of the matrix: without it, the same would have been said."""
    dark = {"203.0.113.7"}
    found = judged(asked, lambda item: Outcome.REFUSED if item.destination in dark else as_expected(item))
    assert found.holds
    assert found.unreachable == ("203.0.113.7",)
    assert found.unanswered == ()
    assert document(found, ABOUT)["holds"] is True
    of_it = sum(item.destination in dark for item in asked)
    assert f"all of {len(asked) - of_it} connections are as the matrix says; {of_it} more say nothing" in text(
        found, ABOUT
    )
    assert "not judged: 203.0.113.7" in text(found, ABOUT)


def test_a_deviation_is_named_with_its_address_those_that_are_open_first(asked: tuple[Question, ...]) -> None:
    leak = next(item for item in asked if (item.source, item.destination, item.port) == ("jobs", "mongo", 27017))
    lost = next(item for item in asked if item.source == "ui" and item.expected is Outcome.OPEN)
    wrong = {leak: Outcome.OPEN, lost: Outcome.REFUSED}
    found = judged(asked, lambda item: wrong.get(item, as_expected(item)))
    assert [cell.question for cell in found.deviations] == [leak, lost]
    first, second, *_ = text(found, ABOUT).splitlines()
    assert first.startswith("prod: FAILS: 2 of")
    assert second == f"  {leak}, at {leak.address}: expected refused, found open"


def test_a_program_gets_every_cell(asked: tuple[Question, ...]) -> None:
    data = json.loads(json.dumps(document(judged(asked, as_expected), ABOUT)))
    assert data["holds"] is True
    assert len(data["cells"]) == len(asked)
    assert {cell["found"] for cell in data["cells"]} == {"open", "refused"}


class Cluster:
    """Answers that change as time passes; a question takes none, a pause does."""

    def __init__(self, answer: Callable[[Question, float], Outcome]) -> None:
        self.answer, self.time, self.asked = answer, 0.0, list[tuple[int, int]]()

    def ask(self, asked: Sequence[Question], timeout: int) -> dict[Question, Outcome]:
        self.asked.append((len(asked), timeout))
        return {item: self.answer(item, self.time) for item in asked}

    def settle(self, asked: Sequence[Question]) -> tuple[Mapping[Question, Outcome], frozenset[Question]]:
        return settle(self.ask, asked, 30, now=lambda: self.time, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.time += seconds


def test_a_cluster_that_enforces_at_once_is_asked_once(asked: tuple[Question, ...]) -> None:
    cluster = Cluster(lambda item, _: as_expected(item))
    assert cluster.settle(asked)[1] == frozenset()
    assert len(cluster.asked) == 1


def test_enforcement_that_starts_late_is_waited_for(asked: tuple[Question, ...]) -> None:
    cluster = Cluster(lambda item, now: as_expected(item) if now > 5 else Outcome.OPEN)
    found, was_open = cluster.settle(asked)
    assert judged(asked, lambda item: found[item], was_open).holds
    assert 5 < cluster.time < 30


def test_what_was_refused_before_the_network_was_there_is_asked_again(asked: tuple[Question, ...]) -> None:
    """Nothing is enforced here: the first refusals were only a network that was not there yet."""
    cluster = Cluster(lambda _, now: Outcome.OPEN if now > 5 else Outcome.REFUSED)
    found, was_open = cluster.settle(asked)
    assert judged(asked, lambda item: found[item], was_open).not_enforced == (Family.IPV4, Family.IPV6)


def test_a_deviation_is_asked_again_with_more_patience(asked: tuple[Question, ...]) -> None:
    wrong = next(item for item in asked if item.expected is Outcome.REFUSED)
    cluster = Cluster(lambda item, _: Outcome.OPEN if item == wrong else as_expected(item))
    found, _ = cluster.settle(asked)
    assert found[wrong] is Outcome.OPEN
    assert cluster.asked[-2:] == [(1, LONG), (1, LONG)]


def test_what_must_be_refused_and_is_made_now_and_then_deviates(asked: tuple[Question, ...]) -> None:
    wrong = next(item for item in asked if item.expected is Outcome.REFUSED)
    cluster = Cluster(lambda item, now: Outcome.OPEN if item == wrong and now < 30 else as_expected(item))
    cluster.settle(asked)
    late = Cluster(lambda item, _: as_expected(item))
    late.answer = lambda item, _: Outcome.OPEN if item == wrong and late.asked[-1][1] != LONG else as_expected(item)
    found, was_open = late.settle(asked)
    told = judged(asked, lambda item: found[item], was_open)
    assert was_open == {wrong}
    assert [cell.question for cell in told.deviations] == [wrong]
    assert "made first, and then refused" in text(told, ABOUT)


@pytest.mark.parametrize("times", [1, 2])
def test_a_lost_packet_does_not_hide_that_nothing_is_enforced(asked: tuple[Question, ...], times: int) -> None:
    """Refused as it should be, among a thousand that are not: that is no policy."""
    closed = [item for item in asked if item.expected is Outcome.REFUSED and not item.is_outside]
    lost = {next(item for item in closed if item.family is family): times for family in Family}
    cluster = Cluster(lambda _item, _now: Outcome.OPEN)

    def answer(item: Question, _now: float) -> Outcome:
        is_lost = lost.get(item, 0) > 0
        lost[item] = lost.get(item, 0) - is_lost
        return Outcome.REFUSED if is_lost else Outcome.OPEN

    cluster.answer = answer
    found, was_open = cluster.settle(asked)
    told = judged(asked, lambda item: found[item], was_open)
    assert told.not_enforced == tuple(Family)
    assert headline(told, ABOUT).startswith("prod: FAILS: the cluster does not enforce network policies over IPv4 and")


def test_policies_of_one_row_alone_are_enforcement(asked: tuple[Question, ...]) -> None:
    """What they refuse is refused again, and is told cell by cell."""
    cluster = Cluster(lambda item, _: as_expected(item) if item.destination == "mongo" else Outcome.OPEN)
    found, was_open = cluster.settle(asked)
    told = judged(asked, lambda item: found[item], was_open)
    assert told.not_enforced == ()
    assert told.deviations
    assert len(cluster.asked) < 50
