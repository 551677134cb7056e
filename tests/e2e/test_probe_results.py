"""What a probe tells of listeners of every kind, and what both judges make of it.

Needs no cluster: the listeners are on the loopback device, and no packet leaves it.
"""

from __future__ import annotations

import errno
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import cast

import pytest

from tests.e2e import asking, lifecycle, probing
from tests.e2e.asking import ask
from tests.e2e.comparison import closed, disagreements
from tests.e2e.endpoints import Endpoint, Kind
from tests.e2e.expectation import Expectation
from tests.e2e.packets import Packet, Pass
from tests.e2e.probing import Probing, Result, Target, probe

HERE, NAME = "127.0.0.1", "somebody"
SOON = 0.15
"""Seconds, after which a probe of silence gives up."""

Behaviour = Callable[[socket.socket], None]
"""What a listener does with a connection, or a socket of datagrams that has one waiting."""


def says(*texts: bytes) -> Behaviour:
    """A connection gets `texts`, and then the end of them."""

    def behave(connection: socket.socket) -> None:
        for text in texts:
            connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        holds(connection)

    return behave


def replies(text: bytes) -> Behaviour:
    """A datagram gets `text`, with the first two bytes of its own in the place of ID."""

    def behave(datagrams: socket.socket) -> None:
        received, sender = datagrams.recvfrom(512)
        datagrams.sendto(text.replace(b"ID", received[:2]), sender)

    return behave


def holds(connection: socket.socket) -> None:
    """Say nothing until the other side has given up."""
    with connection, suppress(ConnectionResetError):
        connection.settimeout(10 * SOON)
        while connection.recv(512):
            pass


def resets_at_once(connection: socket.socket) -> None:
    """Cut the connection off."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def resets(connection: socket.socket) -> None:
    """Hear what is asked, and cut the connection off."""
    connection.recv(512)
    resets_at_once(connection)


def ignores(datagrams: socket.socket) -> None:
    """Take a datagram in, and say nothing."""
    datagrams.recv(512)


@contextmanager
def listening(behave: Behaviour, protocol: str = "TCP") -> Iterator[int]:
    """A listener for one probe; its port."""
    kind = socket.SOCK_DGRAM if protocol == "UDP" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as listener:
        listener.bind((HERE, 0))
        listener.settimeout(5.0)
        if protocol == "TCP":
            listener.listen()

        def serve() -> None:
            behave(listener if protocol == "UDP" else listener.accept()[0])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5.0)


def dns(flags: int, answers: int, end: bytes = b"") -> bytes:
    """The answer of a name service; the identity of the question comes first."""
    return b"ID" + struct.pack("!5H", flags, 1, answers, 0, 0) + end


RIGHT, NXDOMAIN, SERVFAIL = dns(0x8180, 1, bytes([127, 0, 0, 9])), dns(0x8183, 0), dns(0x8182, 0)
FORGED = dns(0x8180, 1, bytes([127, 0, 0, 10]))

PROBED = {
    "the right name": ("TCP", says(b"somebody\n"), Result.OPEN),
    "the right name in pieces": ("TCP", says(b"some", b"body\n"), Result.OPEN),
    "another name": ("TCP", says(b"another\n"), Result.WRONG),
    "closed after it was accepted": ("TCP", says(), Result.WRONG),
    "held without an answer": ("TCP", holds, Result.MUTE),
    "cut off after it was accepted": ("TCP", resets_at_once, Result.CUT),
    "a datagram of another": ("UDP", replies(b"another\n"), Result.WRONG),
    "a datagram that does not end": ("UDP", replies(b"some"), Result.MUTE),
    "the right datagram": ("UDP", replies(b"somebody\n"), Result.OPEN),
    "a datagram that nobody answers": ("UDP", ignores, Result.SILENT),
}
ASKED = {
    "the right address": ("DNS over UDP", replies(RIGHT), Result.OPEN),
    "another address": ("DNS over UDP", replies(FORGED), Result.WRONG),
    "no such name": ("DNS over UDP", replies(NXDOMAIN), Result.WRONG),
    "a name service that fails": ("DNS over UDP", replies(SERVFAIL), Result.WRONG),
    "a datagram that is no answer": ("DNS over UDP", replies(b"?"), Result.WRONG),
    "an answer to somebody else": ("DNS over UDP", replies(RIGHT.replace(b"ID", b"no")), Result.WRONG),
    "a look-up that nobody answers": ("DNS over UDP", ignores, Result.SILENT),
    "no such name, over TCP": ("DNS over TCP", says(struct.pack("!H", 12) + NXDOMAIN), Result.WRONG),
    "half an answer": ("DNS over TCP", says(b"\0"), Result.WRONG),
    "a held look-up": ("DNS over TCP", holds, Result.MUTE),
    "a look-up that is cut off": ("DNS over TCP", resets, Result.CUT),
    "a held request": ("HTTPS", holds, Result.MUTE),
    "a request that is cut off": ("HTTPS", resets, Result.CUT),
    "a server that speaks no TLS": ("HTTPS", says(b"another\n"), Result.WRONG),
}


@dataclass(frozen=True)
class _Says:
    """What is expected of every packet."""

    allowed: bool

    def engine(self, _: Packet) -> bool:
        return self.allowed

    matrix = engine


def disagree(result: Result, *, allowed: bool) -> bool:
    """Whether the comparison of a pass finds a packet with this result wrong, where all agree on what is allowed."""
    end, target = Endpoint(Kind.HOST, HERE, {4: HERE}), Target(HERE, 80, "TCP", NAME)
    found = Pass(((Packet(end, end, target, target), result),), 0.0)
    return bool(disagreements(found, cast(Expectation, _Says(allowed))))


@pytest.fixture(autouse=True)
def without_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has an authority for its certificates, which is not there."""
    monkeypatch.setattr(asking, "_context", ssl.create_default_context)


@pytest.mark.parametrize("case", PROBED)
def test_a_probe_remembers_that_it_was_let_in(case: str) -> None:
    protocol, behave, expected = PROBED[case]
    with listening(behave, protocol) as port:
        assert probe({0: Target(HERE, port, protocol, NAME)}, (), SOON) == {0: expected}


@pytest.mark.parametrize("case", ASKED)
def test_a_request_remembers_that_it_was_let_in(case: str) -> None:
    protocol, behave, expected = ASKED[case]
    with listening(behave, protocol.removeprefix("DNS over ").replace("HTTPS", "TCP")) as port:
        assert ask(Target(HERE, port, protocol, "127.0.0.9"), SOON) is expected


@pytest.mark.parametrize("protocol", ["TCP", "UDP", "DNS over UDP", "DNS over TCP", "HTTPS"])
def test_where_nobody_listens_it_is_refused(protocol: str) -> None:
    """By the kernel here; by a REJECT rule in the cluster, which answers in the same way."""
    with socket.socket() as free, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as also_free:
        free.bind((HERE, 0))
        also_free.bind((HERE, 0))
        port = (also_free if "UDP" in protocol else free).getsockname()[1]
        also_free.close()
        target = Target(HERE, port, protocol, NAME)
        found = ask(target, SOON) if protocol in asking.KINDS else probe({0: target}, (), SOON)[0]
    assert found is Result.REFUSED


def test_where_no_packet_arrives_it_is_silent() -> None:
    """A queue of one connection that nobody takes: the kernel drops the next one's first packet."""
    with socket.socket() as full, ExitStack() as clients:
        full.bind((HERE, 0))
        full.listen(0)
        for _ in range(4):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        assert probe({0: Target(HERE, port, "TCP", NAME)}, (), SOON) == {0: Result.SILENT}
        assert ask(Target(HERE, port, "DNS over TCP", NAME), SOON) is Result.SILENT


def test_an_answer_that_came_in_time_counts_where_whoever_waits_for_it_is_late() -> None:
    """Though it takes several reads."""
    name = "somebody" * 100
    with (
        listening(says(name.encode() + b"\n")) as port,
        closing(Probing({0: Target(HERE, port, "TCP", name)}, (), SOON)) as one,
    ):
        one.go_on()
        time.sleep(2 * SOON)
        one.go_on()
        assert one.results == {0: Result.OPEN}


def test_more_targets_than_are_probed_at_a_time_have_each_its_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "WINDOW", 2)
    with ExitStack() as stack:
        targets = {
            case: Target(HERE, stack.enter_context(listening(behave, protocol)), protocol, NAME)
            for case, (protocol, behave, _) in enumerate(PROBED.values())
        }
        found = probe(targets, (), SOON)
    assert found == {case: expected for case, (_, _, expected) in enumerate(PROBED.values())}


def test_a_reset_before_anybody_looked_says_that_the_connection_was_there() -> None:
    """The kernel's word for a refusal of the first packet is ECONNREFUSED."""
    assert probing.of_error(errno.ECONNREFUSED) is Result.REFUSED
    assert probing.of_error(errno.EACCES) is Result.REFUSED
    assert probing.of_error(errno.ECONNRESET) is Result.CUT
    assert probing.of_error(errno.EPIPE) is Result.CUT
    assert probing.of_error(errno.EADDRNOTAVAIL) is Result.BROKEN


@pytest.mark.parametrize("result", Result)
def test_whatever_was_let_in_contradicts_who_forbids_it(result: Result) -> None:
    """In a pass, and in the life cycle; so does a probe that was not made."""
    let_in = result in (Result.OPEN, Result.WRONG, Result.MUTE, Result.CUT)
    assert result.let_in == let_in
    assert disagree(result, allowed=False) == (let_in or result is Result.BROKEN)
    for always in (False, True):
        assert (lifecycle.kind(result, is_ever_allowed=False, is_always_allowed=False) == "forbidden") == let_in
        assert lifecycle.kind(result, is_ever_allowed=True, is_always_allowed=always) != "forbidden"


@pytest.mark.parametrize("result", Result)
def test_only_the_right_answer_agrees_with_who_allows_it(result: Result) -> None:
    assert disagree(result, allowed=True) == (result is not Result.OPEN)
    assert (lifecycle.kind(result, is_ever_allowed=True, is_always_allowed=True) == "") == (result is Result.OPEN)


def test_what_nobody_answered_in_time_is_no_interruption() -> None:
    kinds = {item: lifecycle.kind(item, is_ever_allowed=True, is_always_allowed=True) for item in Result}
    assert {item for item, kind in kinds.items() if kind == "unanswered"} == {Result.SILENT, Result.MUTE}
    assert {item for item, kind in kinds.items() if kind == "broken"} == {Result.BROKEN}


def test_before_anything_is_installed_only_the_right_answer_will_do() -> None:
    end, target = Endpoint(Kind.HOST, HERE, {4: HERE}), Target(HERE, 80, "TCP", NAME)
    found = Pass(tuple((Packet(end, end, target, target), result) for result in Result), 0.0)
    assert len(closed(found)) == len(Result) - 1
