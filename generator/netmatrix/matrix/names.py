"""How the chart's policies are called, as far as more than one room knows: how long a name is, and the ports in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from netmatrix.matrix.model import Port, Protocol

LONGEST_NAME = 63
"""Policy names are kept to a DNS label's length, so that they can stand in labels and columns.

Data planes write them into places that are not endless either, such as the comment of a rule.
"""

DIGEST = 8
"""How many hexadecimal digits stand for the ports where these would make a name too long."""

_PORT = f"(?:{'|'.join(Protocol).lower()})-[0-9]+"
_WITH_PORTS = re.compile(rf"(.*-(?:egress|ingress))-(?:{_PORT}(?:-{_PORT})*|[0-9a-f]{{{DIGEST}}})", re.ASCII)


def ports_in_name(ports: Iterable[Port]) -> str:
    """Ports as the name of a policy holds them, in whichever order values give them (`policyName` in the chart)."""
    return "-".join(sorted({f"{port.protocol.lower()}-{port.number}" for port in ports}))


def without_ports(name: str) -> str:
    """The name that a policy has where its ports are the matrix's own."""
    found = _WITH_PORTS.fullmatch(name)
    return found.group(1) if found else name
