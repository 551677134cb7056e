"""Asked again until it has settled: what a new pod may do is enforced a little later than it starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from netmatrix.probe.questions import Outcome, Question
from netmatrix.probe.verdict import deviating, refused_alone

Ask = Callable[[Sequence[Question], int], dict[Question, Outcome]]
"""Asks questions, with the seconds after which a connection is given up, and returns all answers."""

SHORT, LONG = 1, 3
"""Seconds. A connection within a cluster takes a few milliseconds; one more look is worth more patience."""
_PAUSE = 1.0
_SAMPLE = 40
_FEW = 200
"""Of more than this many deviations, none is a lost packet."""
_LOOKS = 2
"""How often is looked again whether a packet was lost."""


def settle(
    ask: Ask,
    asked: Sequence[Question],
    patience: float,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[dict[Question, Outcome], frozenset[Question]]:
    """The answers once they are as the matrix says, or those after `patience` seconds; and what was open before.

    Kubernetes documentation, Network Policies, "Pod lifecycle": a new pod may be open, or cut off, until the plugin has
    got to it. So some of the deviations are asked again, and when they are gone everything is: what was refused as it
    should be may have been refused because nothing was ready. After that, deviations are asked once more, and few ones
    twice. A connection that must be possible and then is was lost on the way before; one that must be refused and was
    made has been made, and the second value holds those that were refused afterwards. Where nearly nothing is refused,
    the little that is may have been lost just so, and would hide that nothing is enforced: it is asked again too.
    """
    end = now() + patience
    found = ask(asked, SHORT)
    while (wrong := deviating(found)) and now() < end:
        sleep(_PAUSE)
        again = ask(wrong[:: len(wrong) // _SAMPLE + 1], SHORT)
        found = {**found, **again} if deviating(again) else ask(asked, SHORT)
    open_before = {item for item in wrong if found[item] is Outcome.OPEN}
    if wrong:
        found = {**found, **ask(wrong, LONG)}
    if 0 < len(wrong := deviating(found)) <= _FEW:
        found = {**found, **ask(wrong, LONG)}
    for _ in range(_LOOKS):
        if alone := refused_alone(found):
            found = {**found, **ask(alone, LONG)}
    return found, frozenset(item for item in open_before if found[item] is not Outcome.OPEN)
