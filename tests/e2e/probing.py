"""Real connections from one network namespace to many targets, many at a time."""

from __future__ import annotations

import errno
import select
import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

WINDOW = 120
"""So many probes of one source at a time; more of them lose packets."""

_REFUSALS = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM})
"""What a REJECT rule comes to, of kube-router's or of kube-proxy's for a Service that leads nowhere: it answers the
first packet, so that nothing was let in."""

_CUTS = frozenset({errno.ECONNRESET, errno.EPIPE})
"""A reset of a connection that was there. The kernel calls one that answers the first packet ECONNREFUSED."""

_KINDS = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}


class Result(StrEnum):
    """How a probe ended.

    It was let in: OPEN, the right one answered; WRONG, another answer came, or the end; MUTE, none that was whole came
    in time; CUT, the connection was reset. It was kept out: REFUSED and SILENT. BROKEN: it could not be made.
    """

    OPEN = "o"
    WRONG = "w"
    MUTE = "m"
    CUT = "c"
    REFUSED = "r"
    SILENT = "t"
    BROKEN = "b"

    @property
    def let_in(self) -> bool:
        """Whether the network let it through, whatever became of it then."""
        return self in _LET_IN

    def agrees(self, is_allowed: bool) -> bool:
        """Whether it is what becomes of a packet that is allowed, or of one that is not. A broken one is neither."""
        return self is Result.OPEN if is_allowed else self in _KEPT_OUT


_LET_IN = frozenset({Result.OPEN, Result.WRONG, Result.MUTE, Result.CUT})
_KEPT_OUT = frozenset({Result.REFUSED, Result.SILENT})


@dataclass(frozen=True, slots=True)
class Target:
    """An address, a port and a protocol; `name` is what must answer there. Without one, an open connection will do."""

    address: str
    port: int
    protocol: str
    name: str

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.address else 4

    @property
    def transport(self) -> str:
        """TCP or UDP; a protocol may be one that is spoken over it."""
        return "UDP" if self.protocol.endswith("UDP") else "TCP"


@dataclass(slots=True)
class _Probe:
    number: int
    target: Target
    socket: socket.socket
    deadline: float
    let_in: bool = False
    """The connection was made, or a datagram came back."""

    answer: bytes = b""

    @property
    def is_connected(self) -> bool:
        """Whether there is an answer to wait for; before that the connection is."""
        return self.let_in or self.target.protocol == "UDP"


class Probing:
    """Probes of many targets from one network namespace, each target once. It waits for nothing.

    Whoever drives some of these waits for all of them together: `fileno` has something to read when there is something
    to take in, and at `deadline` a probe is to be given up.
    """

    def __init__(
        self, targets: Mapping[int, Target], binds: Sequence[str], timeout: float, ports: Iterator[int] | None = None
    ) -> None:
        """`binds` are addresses to send from, `ports` the ports to send from, each used for one target; the kernel
        chooses where there are none."""
        self.results: dict[int, Result] = {}
        self._waiting = deque(targets.items())
        self._running: dict[int, _Probe] = {}
        self._selector = selectors.EpollSelector()
        self._binds, self._timeout, self._ports = binds, timeout, ports

    def fileno(self) -> int:
        """For `select`."""
        return self._selector.fileno()

    @property
    def is_done(self) -> bool:
        """Whether each target has a result."""
        return not self._waiting and not self._running

    @property
    def deadline(self) -> float:
        """When to go on at the latest, by `time.monotonic()`."""
        return min((item.deadline for item in self._running.values()), default=0.0)

    def go_on(self) -> None:
        """Start as many as may run at a time, and take in what has come; the calling thread is in the namespace."""
        has_room = True
        while has_room:
            self._start_some()
            has_room = self._take_in() and bool(self._waiting)

    def close(self) -> None:
        """Give up those that run."""
        for item in self._running.values():
            item.socket.close()
        self._selector.close()

    def _start_some(self) -> None:
        while self._waiting and len(self._running) < WINDOW:
            number, target = self._waiting.popleft()
            started = _start(number, target, self._binds, self._timeout, self._ports)
            if isinstance(started, Result):
                self.results[number] = started
                continue
            self._running[number] = started
            event = selectors.EVENT_READ if started.is_connected else selectors.EVENT_WRITE
            self._selector.register(started.socket, event, started)

    def _take_in(self) -> bool:
        """Whether any has ended. What is there is read to its end before one is late: whoever drives this may be."""
        before = len(self.results)
        while events := self._selector.select(0):
            for key, _ in events:
                result = _advance(key.data, self._selector)
                if result is not None:
                    self._end(key.data, result)
        now = time.monotonic()
        for item in [item for item in self._running.values() if item.deadline <= now]:
            self._end(item, _late(item))
        return len(self.results) > before

    def _end(self, item: _Probe, result: Result) -> None:
        self._selector.unregister(item.socket)
        item.socket.close()
        del self._running[item.number]
        self.results[item.number] = result


def probe(targets: Mapping[int, Target], binds: Sequence[str], timeout: float) -> dict[int, Result]:
    """Try each target once, from the network namespace of the calling thread, and wait for all of them."""
    probing = Probing(targets, binds, timeout)
    try:
        probing.go_on()
        while not probing.is_done:
            wait([probing])
            probing.go_on()
    finally:
        probing.close()
    return probing.results


def wait(probings: Sequence[Probing]) -> list[Probing]:
    """Wait until there is something to do, and say for which of them."""
    first = min(item.deadline for item in probings)
    readable, _, _ = select.select(probings, [], [], max(0.0, first - time.monotonic()))
    now = time.monotonic()
    return [item for item in probings if item in readable or item.deadline <= now]


def _start(
    number: int, target: Target, binds: Sequence[str], timeout: float, ports: Iterator[int] | None
) -> _Probe | Result:
    family = socket.AF_INET6 if target.family == 6 else socket.AF_INET
    handle = socket.socket(family, _KINDS[target.protocol] | socket.SOCK_NONBLOCK)
    try:
        _bind(handle, next((address for address in binds if (":" in address) == (target.family == 6)), ""), ports)
        status = handle.connect_ex((target.address, target.port))
        if status not in (0, errno.EINPROGRESS):
            handle.close()
            return of_error(status)
        if target.protocol == "UDP":
            handle.send(b"?")
        elif refused := refused_at_once(handle):
            handle.close()
            return of_error(refused)
    except OSError as error:
        handle.close()
        return of_error(error.errno or 0)
    started = _Probe(number, target, handle, time.monotonic() + timeout)
    # What answers a datagram from this machine does so before send() returns, most of the time.
    if target.protocol == "UDP" and (result := _received(started)) is not None:
        handle.close()
        return result
    return started


def refused_at_once(handle: socket.socket) -> int:
    """The error of a refusal that has arrived before connect() returned: it is remembered, and nobody is woken for it,
    so that whoever waits hears of it a second later, when the kernel tries again."""
    return handle.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def _bind(handle: socket.socket, address: str, ports: Iterator[int] | None) -> None:
    """Choose where a probe is sent from; a port that somebody has is passed over."""
    if ports is None:
        if address:
            handle.bind((address, 0))
        return
    for port in ports:
        try:
            handle.bind((address, port))
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise


def _advance(item: _Probe, selector: selectors.BaseSelector) -> Result | None:
    """What the state of a probe's socket says; None where the probe goes on."""
    if not item.is_connected:
        status = item.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if status:
            return of_error(status)
        item.let_in = True
        selector.modify(item.socket, selectors.EVENT_READ, item)
        return None if item.target.name else Result.OPEN
    return _received(item)


def _received(item: _Probe) -> Result | None:
    """What has come from who was asked; None where the answer is not whole."""
    try:
        received = item.socket.recv(256)
    except BlockingIOError:
        return None
    except OSError as error:
        return of_error(error.errno or 0, item.let_in)
    item.let_in = True
    item.answer += received
    if received and not item.answer.endswith(b"\n"):
        return None
    return Result.OPEN if item.answer.decode(errors="replace").strip() == item.target.name else Result.WRONG


def _late(item: _Probe) -> Result:
    """What a probe says whose time is over: on a busy machine it may have been let in, and nobody has looked."""
    try:
        is_there = item.let_in or (item.target.protocol == "TCP" and bool(item.socket.getpeername()))
    except OSError:
        is_there = False
    return Result.MUTE if is_there else Result.SILENT


def of_error(status: int, let_in: bool = False) -> Result:
    """What an error of a socket says; `let_in` where the connection was there, or a datagram came back, before it."""
    if let_in or status in _CUTS:
        return Result.CUT
    return Result.REFUSED if status in _REFUSALS else Result.BROKEN
