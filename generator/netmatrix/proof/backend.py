"""What a back end is to the proof: the objects of another API that say the same matrix, and how far they can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from netmatrix.document import Finding
from netmatrix.policy.objects import Foreign
from netmatrix.policy.open_world import Mentioned
from netmatrix.policy.tiers.together import Policies
from netmatrix.proof.deviations import Deviation
from netmatrix.proof.exactly import CounterExample
from netmatrix.proof.grants import Grant

Excuse = Callable[[Deviation], bool]
"""Whether a deviation is one on which the APIs themselves differ."""


def nothing(_deviation: Deviation) -> bool:
    """Excuses none."""
    return False


@dataclass(frozen=True, slots=True)
class ApiDifference:
    """A class of packets on which two APIs differ, whatever is written in them; and why, with the source."""

    name: str
    packets: str
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What the objects say, in one of the ways in which they may have to be read, and what is granted in it besides."""

    policies: Policies
    besides: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class Backend:
    """The objects of one API, decoded.

    `name` is the key of the values. `grants` tells whether they grant the matrix by themselves, or nothing at all;
    `excused_alone` is what they cannot say by themselves. Every one of `readings` must hold.
    """

    name: str
    kind: str
    versions: tuple[str, ...]
    objects: int
    readings: tuple[Reading, ...]
    differences: tuple[ApiDifference, ...]
    grants: bool = True
    excused_alone: Excuse = nothing

    @property
    def rules(self) -> int:
        """How many rules they have together."""
        return self.readings[0].policies.rules

    def reads(self, item: Foreign) -> bool:
        """Whether objects of that kind and version are among these."""
        return item.kind == self.kind and item.api_version in self.versions

    def mentioned(self) -> Mentioned:
        """All that they select, and all ranges that they name, in whatever reading."""
        found = self.readings[0].policies.mentioned()
        for reading in self.readings[1:]:
            found |= reading.policies.mentioned()
        return found


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """Whether a claim holds: the ways in which it fails, and the packets on which the APIs themselves differ.

    `among` tells whether the objects are judged alone, and `said` what is claimed of them.
    """

    among: str
    said: str
    counter_examples: tuple[CounterExample, ...]
    differing: tuple[Deviation, ...]


@dataclass(frozen=True, slots=True)
class BackendVerdict:
    """What was proved of the objects of one API; `problems` are what kept it from being judged."""

    backend: Backend
    claims: tuple[ClaimVerdict, ...] = ()
    problems: tuple[Finding, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether all claims do."""
        return not self.problems and not any(claim.counter_examples for claim in self.claims)
