"""A share of the work in `make test`, all of it in `make test-long`: of cases that are alike, of random examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

Test = Callable[..., None]


def quick_and_long(name: str, quick: int, long: int) -> pytest.MarkDecorator:
    """A test's parameter `name`: the number `quick`, and in the long run `long`."""
    return pytest.mark.parametrize(name, [quick, pytest.param(long, marks=pytest.mark.long)])


def long_but(quick: Callable[[Any], bool], cases: Iterable[Any], ids: Sequence[str] | None = None) -> list[Any]:
    """The `cases` as parameters, in the long run alone but for those that `quick` holds of."""
    found = list(cases)
    marked = [() if quick(case) else pytest.mark.long for case in found]
    names = ids or [str(case) for case in found]
    return [pytest.param(case, marks=marks, id=name) for case, marks, name in zip(found, marked, names, strict=True)]


def examples(quick: int, long: int, *strategies: SearchStrategy[Any]) -> Callable[[Test], Test]:
    """Try a test on that many random examples of `strategies`, and in the long run on `long`."""

    def decorate(test: Test) -> Test:
        @quick_and_long("count", quick, long)
        def run(count: int) -> None:
            how = settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), database=None)
            how(given(*strategies)(test))()

        run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
        return run

    return decorate
