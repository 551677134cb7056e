"""Real requests to Services: a look-up of a name, a question to the API server."""

from __future__ import annotations

import errno
import http.client
import select
import socket
import ssl
import struct
from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Address

from tests.e2e.addresses import DOMAIN
from tests.e2e.inside.certificates import AUTHORITY
from tests.e2e.probing import Result, Target, of_error, refused_at_once

LOOKED_UP = f"kubernetes.default.svc.{DOMAIN}"

_ID = b"nm"
_RECURSION_DESIRED = 0x0100
_A, _IN = 1, 1
_HEADER, _LARGEST = 12, 4096


def ask(target: Target, timeout: float) -> Result:
    """Ask, and compare the answer with `target.name`, which is part of it where all is well.

    An answer of any kind says that the question was let in: that there is no such name, that the server fails.
    """
    let_in = False
    try:
        with _opened(target, timeout) as handle:
            let_in = target.transport == "TCP"
            answer = KINDS[target.protocol](handle, target)
    except TimeoutError:
        return Result.MUTE if let_in else Result.SILENT
    except (ssl.SSLError, http.client.HTTPException):
        return Result.WRONG
    except OSError as error:
        return of_error(error.errno or 0, let_in)
    return Result.OPEN if target.name in answer else Result.WRONG


def _opened(target: Target, timeout: float) -> socket.socket:
    """A connection, or a socket for datagrams that takes them from the target alone."""
    kind = socket.SOCK_STREAM if target.transport == "TCP" else socket.SOCK_DGRAM
    handle = socket.socket(socket.AF_INET6 if target.family == 6 else socket.AF_INET, kind | socket.SOCK_NONBLOCK)
    try:
        status = handle.connect_ex((target.address, target.port))
        if status == errno.EINPROGRESS:
            status = refused_at_once(handle) or _outcome(handle, timeout)
        if status:
            raise OSError(status, "cannot connect")
        handle.settimeout(timeout)
    except OSError:
        handle.close()
        raise
    return handle


def _outcome(handle: socket.socket, timeout: float) -> int:
    """The error of a connection under way, 0 where it stands. Raises TimeoutError."""
    if not select.select([], [handle], [], timeout)[1]:
        raise TimeoutError
    return handle.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def _dns_over_udp(handle: socket.socket, _: Target) -> str:
    handle.send(_query())
    return _addresses(handle.recv(_LARGEST))


def _dns_over_tcp(handle: socket.socket, _: Target) -> str:
    query = _query()
    handle.sendall(struct.pack("!H", len(query)) + query)
    with handle.makefile("rb") as stream:
        length = int.from_bytes(stream.read(2))
        return _addresses(stream.read(length))


def _version_of_the_api(handle: socket.socket, target: Target) -> str:
    connection = http.client.HTTPConnection(target.address, target.port)
    with _context().wrap_socket(handle, server_hostname=target.address) as connection.sock:
        connection.request("GET", "/version")
        return connection.getresponse().read().decode(errors="replace")


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(AUTHORITY))


KINDS: dict[str, Callable[[socket.socket, Target], str]] = {
    "DNS over UDP": _dns_over_udp,
    "DNS over TCP": _dns_over_tcp,
    "HTTPS": _version_of_the_api,
}
"""What can be asked, as the protocol of a target."""


def _query() -> bytes:
    """A query for the IPv4 address of LOOKED_UP (RFC 1035, section 4)."""
    name = b"".join(bytes([len(part)]) + part.encode() for part in LOOKED_UP.split(".")) + b"\0"
    return _ID + struct.pack("!5H", _RECURSION_DESIRED, 1, 0, 0, 0) + name + struct.pack("!2H", _A, _IN)


def _addresses(answer: bytes) -> str:
    """The address at the end of an answer with one record; nothing of one without, or of what is no answer."""
    if len(answer) < _HEADER or answer[:2] != _ID or struct.unpack("!H", answer[6:8])[0] != 1:
        return ""
    return str(IPv4Address(answer[-4:]))
