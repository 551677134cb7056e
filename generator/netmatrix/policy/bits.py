"""Sets of small numbers as Python integers: bit n stands for the number n."""

from __future__ import annotations

from collections.abc import Iterator

Bits = int

_FEW = 32


def members(bits: Bits) -> Iterator[int]:
    """The numbers in the set, in ascending order."""
    if bits.bit_count() <= _FEW:
        while bits:
            lowest = bits & -bits
            yield lowest.bit_length() - 1
            bits ^= lowest
        return
    digits = bin(bits)[:1:-1]
    at = digits.find("1")
    while at >= 0:
        yield at
        at = digits.find("1", at + 1)


def without(bits: Bits, other: Bits) -> Bits:
    """What is in `bits` and not in `other`."""
    return bits & ~other
