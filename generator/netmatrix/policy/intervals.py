"""Sets of integers as intervals in one canonical form, so that two sets are equal exactly if their intervals are.

Canonical: sorted, not empty, neither overlapping nor touching. Ports and addresses are both kept this way.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

Intervals = tuple[tuple[int, int], ...]
"""First and last member of each interval, both included."""


def canonical(pairs: Iterable[tuple[int, int]]) -> Intervals:
    """The set of all integers that lie in one of `pairs`; a pair whose last is below its first holds none."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(pairs):
        if last < first:
            continue
        if merged and first <= merged[-1][1] + 1:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def union(one: Intervals, other: Intervals) -> Intervals:
    """What is in `one` or in `other`."""
    if not one or one == other:
        return other
    return canonical((*one, *other)) if other else one


def intersection(one: Intervals, other: Intervals) -> Intervals:
    """What is in both."""
    common: list[tuple[int, int]] = []
    left = right = 0
    while left < len(one) and right < len(other):
        first = max(one[left][0], other[right][0])
        last = min(one[left][1], other[right][1])
        if first <= last:
            common.append((first, last))
        if one[left][1] < other[right][1]:
            left += 1
        else:
            right += 1
    return tuple(common)


def difference(one: Intervals, other: Intervals) -> Intervals:
    """What is in `one` and not in `other`."""
    left_over: list[tuple[int, int]] = []
    right = 0
    for first, last in one:
        start = first
        while right < len(other) and other[right][1] < start:
            right += 1
        cut = right
        while cut < len(other) and other[cut][0] <= last:
            if start < other[cut][0]:
                left_over.append((start, other[cut][0] - 1))
            start = other[cut][1] + 1
            cut += 1
        if start <= last:
            left_over.append((start, last))
    return tuple(left_over)


def contains(intervals: Intervals, number: int) -> bool:
    """Whether `number` is in the set."""
    at = bisect_right(intervals, number, key=lambda pair: pair[0]) - 1
    return at >= 0 and number <= intervals[at][1]
