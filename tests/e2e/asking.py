"""Real requests to Services: a look-up of a name, a question to the API server."""

from __future__ import annotations

import http.client
import socket
import ssl
import struct
from collections.abc import Callable
from ipaddress import IPv4Address

from tests.e2e.addresses import DOMAIN
from tests.e2e.inside.certificates import AUTHORITY
from tests.e2e.probing import REFUSALS, Result, Target

LOOKED_UP = f"kubernetes.default.svc.{DOMAIN}"

_ID = b"nm"
_RECURSION_DESIRED = 0x0100
_A, _IN = 1, 1
_LARGEST = 4096


def ask(target: Target, timeout: float) -> Result:
    """Ask, and compare the answer with `target.name`, which is part of it where all is well."""
    try:
        answer = KINDS[target.protocol](target, timeout)
    except TimeoutError:
        return Result.SILENT
    except OSError as error:
        return Result.REFUSED if error.errno in REFUSALS else Result.BROKEN
    return Result.OPEN if target.name in answer else Result.WRONG


def _dns_over_udp(target: Target, timeout: float) -> str:
    family = socket.AF_INET6 if target.family == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as handle:
        handle.settimeout(timeout)
        handle.connect((target.address, target.port))
        handle.send(_query())
        return _addresses(handle.recv(_LARGEST))


def _dns_over_tcp(target: Target, timeout: float) -> str:
    with socket.create_connection((target.address, target.port), timeout) as handle:
        query = _query()
        handle.sendall(struct.pack("!H", len(query)) + query)
        with handle.makefile("rb") as stream:
            (length,) = struct.unpack("!H", stream.read(2))
            return _addresses(stream.read(length))


def _version_of_the_api(target: Target, timeout: float) -> str:
    context = ssl.create_default_context(cafile=str(AUTHORITY))
    connection = http.client.HTTPSConnection(target.address, target.port, timeout=timeout, context=context)
    try:
        connection.request("GET", "/version")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


KINDS: dict[str, Callable[[Target, float], str]] = {
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
    """The address at the end of an answer with one record; nothing of one without."""
    if answer[:2] != _ID or struct.unpack("!H", answer[6:8])[0] != 1:
        return ""
    return str(IPv4Address(answer[-4:]))
