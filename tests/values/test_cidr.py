"""The one text form of an address range."""

from __future__ import annotations

from ipaddress import IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmatrix.values.cidr import CidrError, parse_cidr

GOOD = [
    "0.0.0.0/0",
    "10.96.0.1/32",
    "255.255.255.255/32",
    "10.0.0.0/8",
    "::/0",
    "::1/128",
    "fd00::/8",
    "2001:db8:0:0:1::/80",
    "2001::1/128",
    "1:2:3:4:5:6:7:0/112",
    "0:2:3:4:5:6:7:8/128",
    "64:ff9b::/96",
]

BAD = [
    # text, a word of the message, a word of the hint
    ("10.1.2.3/8", "beyond its prefix", "did you mean '10.0.0.0/8'?"),
    ("fd00::1/8", "beyond its prefix", "did you mean 'fd00::/8'?"),
    ("010.0.0.0/8", "leading zeros", "'10.0.0.0/8'"),
    ("10.0.0.00/8", "leading zeros", "'10.0.0.0/8'"),
    ("10.0.0.0/08", "leading zeros", "'10.0.0.0/8'"),
    ("fd00:0db8::/32", "leading zeros", "'fd00:db8::/32'"),
    ("2001:db8::00/32", "leading zeros", "'2001:db8::/32'"),
    ("2001:db8:0:0:0:0:0:1/128", "shortest form", "write '2001:db8::1/128'"),
    ("0:0:0:0:0:0:0:0/0", "shortest form", "write '::/0'"),
    ("1:2:3:4:5:6:7::/112", "shortest form", "write '1:2:3:4:5:6:7:0/112'"),
    ("fd00::0/8", "shortest form", "write 'fd00::/8'"),
    ("fd00:0:0:1:2::1/128", "shortest form", "write 'fd00::1:2:0:0:1/128'"),
    ("FD00::/8", "capital letters", "'fd00::/8'"),
    ("::ffff:10.0.0.1/128", "IPv4 range inside", "write '10.0.0.1/32'"),
    ("::FFFF:a00:1/104", "IPv4 range inside", "write '10.0.0.0/8'"),
    ("64:ff9b::10.0.0.1/128", "IPv4 address inside", "write '64:ff9b::a00:1/128'"),
    ("fe80::1%eth0/128", "zone", "'fe80::1/128'"),
    ("10.0.0.1", "not an address range", "'10.0.0.1/32'"),
    ("fd00::1", "not an address range", "'fd00::1/128'"),
    (" 10.0.0.0/8", "not an address range", "'10.0.0.0/8'"),
    ("10.0.0.0/8\n", "not an address range", "'10.0.0.0/8'"),
    ("10.0.0.0/33", "not an address range", ""),
    ("10.0.0.0/255.0.0.0", "not an address range", ""),
    ("10.0.0/24", "not an address range", ""),
    ("256.0.0.0/8", "not an address range", ""),
    ("1:2:3:4:5:6:7:8::/128", "not an address range", ""),
    ("1:2:3:4:5:6:7/128", "not an address range", ""),
    ("1::2::3/128", "not an address range", ""),
    (":::/0", "not an address range", ""),
    ("::/129", "not an address range", ""),
    ("fd00::/-1", "not an address range", ""),
    ("١٠.0.0.0/8", "not an address range", ""),
    ("10.0.0.0/٨", "not an address range", ""),
    ("", "not an address range", ""),
    ("/", "not an address range", ""),
    ("example.org/32", "not an address range", ""),
    ("9" * 5000 + ".0.0.0/8", "not an address range", ""),
    ("10.0.0.0/" + "0" * 5000, "not an address range", ""),
]


@pytest.mark.parametrize("text", GOOD)
def test_the_accepted_form(text: str) -> None:
    assert parse_cidr(text) == ip_network(text)


@pytest.mark.parametrize(("text", "message", "hint"), BAD)
def test_every_other_form_is_refused_with_what_was_meant(text: str, message: str, hint: str) -> None:
    with pytest.raises(CidrError, match=message) as caught:
        parse_cidr(text)
    assert hint in caught.value.hint


@given(address=st.ip_addresses(), prefix=st.integers(0, 128))
def test_what_python_writes_is_accepted_but_for_ipv4_inside_ipv6(address: object, prefix: int) -> None:
    bits = ip_network(str(address)).max_prefixlen
    network = ip_network(f"{address}/{min(prefix, bits)}", strict=False)
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        return  # refused in any writing; newer Pythons write ::ffff:1.2.3.4
    assert parse_cidr(str(network)) == network
