"""What came of one cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from netmatrix.document import Finding
from netmatrix.fleet.clusters import Cluster


class Verdict(StrEnum):
    """What can be said of a cluster: that what Helm renders for it grants exactly the matrix, or does not; that its
    values do not hold, so that nothing was rendered; or nothing, as something could not be read or rendered."""

    HOLDS = "holds"
    FAILS = "fails"
    INVALID = "invalid"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof is about: digests of the merged values and of the manifests, and how many classes of connections."""

    values: str
    manifests: str
    connections: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on a cluster, with what was found. `proved` is there where it holds; `recorded` tells of a record."""

    cluster: Cluster
    environment: str | None
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    proved: Proved | None = None
    recorded: bool = False


def counts(outcomes: Iterable[Outcome]) -> dict[Verdict, int]:
    """How many there are of each verdict."""
    found = Counter(outcome.verdict for outcome in outcomes)
    return {verdict: found[verdict] for verdict in Verdict}
