"""The one text form of an address range that values may have.

IPv4: `a.b.c.d/n` without leading zeros. IPv6: the form of RFC 5952, which is what Python and the Kubernetes API
write (lower-case, no leading zeros, `::` for the first of the longest runs of two or more zeros), no IPv4 inside, no
zone. No host bits. The chart's templates accept the same texts. One form only, because readers differ on the others
(some take a leading zero for octal), and so that one range cannot stand in a list twice.
"""

from __future__ import annotations

import re
from ipaddress import ip_network

from netmatrix.matrix.check_endpoints import ipv4_inside
from netmatrix.matrix.model import Network

_LONGEST = 100  # no range is longer, however it is written; Python raises on numbers of thousands of digits


class CidrError(ValueError):
    """The text is not an address range in the accepted form. `hint` offers the range that was probably meant."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def parse_cidr(text: str) -> Network:
    """The network that `text` says. Raises `CidrError` for any text but the one accepted form."""
    network = _read(text)
    if network is None:
        raise CidrError(f"{text!r} is not an address range", _guess(text))
    mapped = ipv4_inside(network)
    if mapped is not None:  # some data planes take ::ffff:0:0/96 for 0.0.0.0/0
        raise CidrError(f"{text!r} is an IPv4 range inside IPv6", f"write {str(mapped)!r}")
    if str(network) != text:
        raise CidrError(*_objection(text, network))
    return network


def _read(text: str) -> Network | None:
    """`text` read generously: host bits, capital letters and leading zeros pass, so that they can be named."""
    address, slash, prefix = text.partition("/")
    if len(text) > _LONGEST or not slash or not prefix.isascii() or not prefix.isdigit():
        return None
    if ":" not in address:
        address = ".".join(str(int(part)) if part.isascii() and part.isdigit() else part for part in address.split("."))
    address = re.sub(r"(^|:)0+(?=[0-9A-Fa-f]{1,4}(?::|$))", r"\1", address.partition("%")[0])
    try:
        return ip_network(f"{address}/{int(prefix)}", strict=False)
    except ValueError:
        return None


def _objection(text: str, network: Network) -> tuple[str, str]:
    """What is wrong with a text that can be read, as `network`, but is not in the accepted form; and what to write."""
    address = text.partition("/")[0]
    alone = _read(f"{address}/{network.max_prefixlen}")
    if "%" in address:
        fault = "names a zone"
    elif ":" in address and "." in address:
        fault = "has an IPv4 address inside an IPv6 one"
    elif address != address.lower():
        fault = "has capital letters"
    elif re.search(r"(?:^|[.:/])0[0-9a-f]", text):
        fault = "has leading zeros"
    elif alone is not None and alone.network_address != network.network_address:
        return f"{text!r} has address bits beyond its prefix length", f"did you mean {str(network)!r}?"
    else:
        fault = "is not in the shortest form (RFC 5952)"
    return f"{text!r} {fault}", f"write {str(network)!r}"


def _guess(text: str) -> str:
    stripped = text.strip()
    single = _read(f"{stripped}/32") if ":" not in stripped else _read(f"{stripped}/128")
    if single is not None:
        return f"a single address is written {str(single)!r}"
    if stripped != text and _read(stripped) is not None:
        return f"did you mean {str(_read(stripped))!r}?"
    return "write it as '10.0.0.0/8' or 'fd00::/8'"
