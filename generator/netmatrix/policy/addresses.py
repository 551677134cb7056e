"""Sets of IPv4 and IPv6 addresses in one canonical form: `==` decides whether two sets are the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from netmatrix.policy import intervals
from netmatrix.policy.intervals import Intervals


class Family(IntEnum):
    """The two families of addresses. A connection runs within one of them."""

    IPV4 = 4
    IPV6 = 6

    def __str__(self) -> str:
        return f"IPv{self.value}"


FAMILIES = (Family.IPV4, Family.IPV6)
_LAST = {Family.IPV4: 2**32 - 1, Family.IPV6: 2**128 - 1}
_BITS = {Family.IPV4: 32, Family.IPV6: 128}
_IPV4_IN_IPV6 = range(0xFFFF << 32, (0xFFFF << 32) + 2**32)
_PREFIX = re.compile("0|[1-9][0-9]{0,2}", re.ASCII)
_LONGEST_TEXT = 64


@dataclass(frozen=True, slots=True)
class AddressSet:
    """A set of addresses of both families."""

    ipv4: Intervals = ()
    ipv6: Intervals = ()

    @staticmethod
    def union(sets: Iterable[AddressSet]) -> AddressSet:
        """What is in any of `sets`."""
        distinct = set(sets)
        if len(distinct) == 1:
            return distinct.pop()
        return AddressSet(
            intervals.canonical(pair for addresses in distinct for pair in addresses.ipv4),
            intervals.canonical(pair for addresses in distinct for pair in addresses.ipv6),
        )

    def of_family(self, family: Family) -> Intervals:
        """The addresses of one family, as numbers."""
        return self.ipv4 if family is Family.IPV4 else self.ipv6

    def only(self, family: Family) -> AddressSet:
        """The part of the set that is of one family."""
        return AddressSet(ipv4=self.ipv4) if family is Family.IPV4 else AddressSet(ipv6=self.ipv6)

    def families(self) -> tuple[Family, ...]:
        """The families of which the set holds an address."""
        return tuple(family for family in FAMILIES if self.of_family(family))

    def ranges(self) -> Iterator[tuple[Family, int, int]]:
        """Family, first and last address of each range; no two ranges touch."""
        for family in FAMILIES:
            for first, last in self.of_family(family):
                yield family, first, last

    def cidrs(self) -> Iterator[Cidr]:
        """The fewest CIDRs that are the set together, in order."""
        return (cidr for found in self.ranges() for cidr in cidrs_of_range(*found))

    def __or__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intervals.union(self.ipv4, other.ipv4), intervals.union(self.ipv6, other.ipv6))

    def __and__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intervals.intersection(self.ipv4, other.ipv4), intervals.intersection(self.ipv6, other.ipv6))

    def __sub__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intervals.difference(self.ipv4, other.ipv4), intervals.difference(self.ipv6, other.ipv6))

    def __bool__(self) -> bool:
        return bool(self.ipv4 or self.ipv6)

    def __str__(self) -> str:
        return ",".join(range_text(*found) for found in self.ranges()) or "no address"


NO_ADDRESSES = AddressSet()
ALL_ADDRESSES = AddressSet(((0, _LAST[Family.IPV4]),), ((0, _LAST[Family.IPV6]),))


class CidrError(ValueError):
    """The text is not a CIDR that the API server accepts for a new object; `hint` offers what was probably meant."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Cidr:
    """A CIDR: the addresses that share the first `prefix` bits of `first`."""

    family: Family
    first: int
    prefix: int

    @staticmethod
    def around(addresses: AddressSet) -> Cidr:
        """The smallest CIDR that holds all of `addresses`, which are of one family."""
        (family,) = addresses.families()
        pairs = addresses.of_family(family)
        host_bits = (pairs[0][0] ^ pairs[-1][1]).bit_length()
        return Cidr(family, pairs[0][0] >> host_bits << host_bits, _BITS[family] - host_bits)

    @property
    def last(self) -> int:
        """The highest address in it."""
        return self.first + (1 << (_BITS[self.family] - self.prefix)) - 1

    def addresses(self) -> AddressSet:
        """The addresses in it."""
        pair = ((self.first, self.last),)
        return AddressSet(ipv4=pair) if self.family is Family.IPV4 else AddressSet(ipv6=pair)

    def contains(self, family: Family, address: int) -> bool:
        """Whether it holds that address."""
        return self.family is family and self.first <= address <= self.last

    def strictly_within(self, other: Cidr) -> bool:
        """Whether it is smaller than `other`, and inside it."""
        return (
            self.family is other.family
            and self.prefix > other.prefix
            and other.first <= self.first
            and self.last <= other.last
        )

    def __str__(self) -> str:
        return f"{address_text(self.family, self.first)}/{self.prefix}"


@lru_cache(maxsize=4096)
def parse_cidr(text: str) -> Cidr:
    """The CIDR that `text` says, read as the API server reads it for a new object; raises CidrError for all else.

    No leading zeros, no bits beyond the prefix, no IPv4 address inside an IPv6 one (Kubernetes enhancement 4858,
    "IP/CIDR validation improvements": other readers take such a text for something else).
    """
    address, slash, prefix_text = text.partition("/")
    if not slash:
        raise CidrError(f"{_clip(text)} has no prefix length", "write it as 10.0.0.0/8; a single address ends in /32")
    family, first = _address(address, text)
    if not _PREFIX.fullmatch(prefix_text) or int(prefix_text) > _BITS[family]:
        raise CidrError(
            f"{_clip(text)} has no prefix length between 0 and {_BITS[family]}", "write a number without leading zeros"
        )
    prefix = int(prefix_text)
    network = first >> (_BITS[family] - prefix) << (_BITS[family] - prefix)
    if network != first:
        meant = Cidr(family, network, prefix)
        raise CidrError(f"{_clip(text)} has address bits beyond its prefix length", f"did you mean {meant}?")
    return Cidr(family, first, prefix)


@lru_cache(maxsize=4096)
def parse_address(text: str) -> AddressSet:
    """The single address that `text` says; raises CidrError for all else."""
    family, number = _address(text, text)
    return Cidr(family, number, _BITS[family]).addresses()


def address_text(family: Family, number: int) -> str:
    """The address in its canonical text form."""
    if family is Family.IPV6 and number in _IPV4_IN_IPV6:  # from 3.13 on, Python writes ::ffff:10.0.0.1
        return f"::ffff:{number >> 16 & 0xFFFF:x}:{number & 0xFFFF:x}"
    return str(IPv4Address(number) if family is Family.IPV4 else IPv6Address(number))


def host_port(address: str, port: int) -> str:
    """`10.1.2.3:80`, `[fd00::1]:80`."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def cidrs_of_range(family: Family, first: int, last: int) -> Iterator[Cidr]:
    """The fewest CIDRs that are the range together, in order."""
    while first <= last:
        aligned = (first & -first).bit_length() - 1 if first else _BITS[family]
        host_bits = min(aligned, (last - first + 1).bit_length() - 1)
        yield Cidr(family, first, _BITS[family] - host_bits)
        first += 1 << host_bits


@lru_cache(maxsize=4096)
def range_text(family: Family, first: int, last: int) -> str:
    """The range as `first-last`."""
    return f"{address_text(family, first)}-{address_text(family, last)}"


def _address(text: str, whole: str) -> tuple[Family, int]:
    try:
        if len(text) > _LONGEST_TEXT or "%" in text:
            raise ValueError  # a text of megabytes, or a zone
        if ":" not in text:
            return Family.IPV4, int(IPv4Address(text))
        number = int(IPv6Address(text))
    except ValueError:
        hint = "write IPv4 as 10.0.0.0/8, without leading zeros, or IPv6 as fd00::/8"
        raise CidrError(f"{_clip(whole)} holds no IPv4 or IPv6 address", hint) from None
    if number in _IPV4_IN_IPV6:
        meant = address_text(Family.IPV4, number - _IPV4_IN_IPV6.start)
        raise CidrError(f"{_clip(whole)} is an IPv4 address inside an IPv6 one", f"write the IPv4 address {meant}")
    return Family.IPV6, number


def _clip(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…")
