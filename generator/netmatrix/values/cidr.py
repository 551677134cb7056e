"""The one text form of an address range that values may have.

IPv4: `a.b.c.d/n` without leading zeros. IPv6: lower-case groups of one to four hexadecimal digits, no leading zeros,
at most one `::` (which stands for at least one group), no IPv4 inside, no zone. No host bits. The chart's templates
accept the same texts. One form only, because readers differ on the others: some take a leading zero for octal.
"""

from __future__ import annotations

import re
from ipaddress import ip_network

from netmatrix.matrix.check_endpoints import ipv4_inside
from netmatrix.matrix.model import Network

_IPV4 = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})/(?:0|[1-9][0-9]?)", re.ASCII)
_GROUP = r"(?:0|[1-9a-f][0-9a-f]{0,3})"
_GROUPS = rf"{_GROUP}(?::{_GROUP})*"
_IPV6 = re.compile(rf"(?:{_GROUPS}|(?:{_GROUPS})?::(?:{_GROUPS})?)/(?:0|[1-9][0-9]{{0,2}})", re.ASCII)

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
    if not (_IPV4 if network.version == 4 else _IPV6).fullmatch(text):
        raise CidrError(f"{text!r} {_objection(text)}", f"write {str(network)!r}")
    try:
        return ip_network(text)
    except ValueError:
        message = f"{text!r} has address bits beyond its prefix length"
        raise CidrError(message, f"did you mean {str(network)!r}?") from None


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


def _objection(text: str) -> str:
    """What is wrong with a text that can be read but is not in the accepted form."""
    address = text.partition("/")[0]
    if "%" in address:
        return "names a zone"
    if ":" in address and "." in address:
        return "has an IPv4 address inside an IPv6 one"
    if address != address.lower():
        return "has capital letters"
    return "has leading zeros" if re.search(r"(?:^|[.:/])0[0-9a-f]", text) else "is not in the accepted form"


def _guess(text: str) -> str:
    stripped = text.strip()
    single = _read(f"{stripped}/32") if ":" not in stripped else _read(f"{stripped}/128")
    if single is not None:
        return f"a single address is written {str(single)!r}"
    if stripped != text and _read(stripped) is not None:
        return f"did you mean {str(_read(stripped))!r}?"
    return "write it as '10.0.0.0/8' or 'fd00::/8'"
