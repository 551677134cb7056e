"""What the name of a policy says: what it is of, its direction, and the ports of its rule."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from tests.parity.shapes import demand

Port = tuple[str, int]

_NAME = re.compile(r"(.+)-(ingress|egress)(?:-(.+))?")


def parts_of(name: str) -> tuple[str, str, str]:
    """What it is of, the direction, and what it says of ports, which may be nothing."""
    found = _NAME.fullmatch(name)
    demand(found, f"policy {name!r}")
    assert found
    return found[1], found[2], found[3] or ""


def is_looked_up(ports: str) -> bool:
    """Whether a name says the one port of addresses that were looked up."""
    return ports.isdigit() and len(ports) < 6


def check_ports(name: str, ports: Iterable[Port], usual: Iterable[Port]) -> None:
    """A name ends with the ports, unless they are the `usual` ones, or with a digest where it would be too long."""
    subject, direction, found = parts_of(name)
    if is_looked_up(found):
        demand(list(ports) == [("TCP", int(found))], f"policy {name!r} on {list(ports)}")
        return
    said, stem = _said(ports), f"{subject}-{direction}"
    wanted = said if len(f"{stem}-{said}") < 64 else hashlib.sha256(said.encode()).hexdigest()[:8]
    demand(found == ("" if said == _said(usual) else wanted), f"policy {name!r} on {said}")


def _said(ports: Iterable[Port]) -> str:
    return "-".join(sorted({f"{protocol.lower()}-{number}" for protocol, number in ports}))
