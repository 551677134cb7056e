"""What is said of selectors without pods holds for every set of labels."""

from __future__ import annotations

from itertools import product

from hypothesis import strategies as st

from netmatrix.lint.selection import impossible_key, may_share, selects_all_of
from netmatrix.policy.labels import Operator, Requirement, Selector
from tests.support.shares import examples

VALUES = ("a", "b", "c", "d")
OBJECTS = [
    {key: value for key, value in (("app", app), ("tier", tier)) if value is not None}
    for app, tier in product((*VALUES, "other", None), repeat=2)
]
"""Every object that requirements over two keys and these values can tell apart."""

_values = st.lists(st.sampled_from(VALUES), min_size=1, max_size=3, unique=True).map(lambda found: tuple(sorted(found)))
_keys = st.sampled_from(["app", "tier"])
_requirements = st.one_of(
    st.builds(Requirement, _keys, st.sampled_from([Operator.IN, Operator.NOT_IN]), _values),
    st.builds(Requirement, _keys, st.sampled_from([Operator.EXISTS, Operator.DOES_NOT_EXIST])),
)
selectors = st.lists(_requirements, max_size=4).map(lambda found: Selector(tuple(found)))


@examples(150, 500, selectors)
def test_a_selector_is_impossible_exactly_if_no_object_matches(selector: Selector) -> None:
    assert (impossible_key(selector) is not None) == (not any(selector.matches(item) for item in OBJECTS))


@examples(150, 500, selectors, selectors)
def test_two_selectors_share_something_exactly_if_some_object_matches_both(one: Selector, other: Selector) -> None:
    assert may_share(one, other) == any(one.matches(item) and other.matches(item) for item in OBJECTS)


@examples(150, 500, selectors, selectors)
def test_one_selects_all_of_another_exactly_if_every_object_says_so(wide: Selector, narrow: Selector) -> None:
    within = all(wide.matches(item) for item in OBJECTS if narrow.matches(item))
    if impossible_key(narrow) is None:
        assert selects_all_of(wide, narrow) == within
    else:
        assert within
