"""docs/e2e.md, written by the run itself: what was tried, what came of it, how long it took."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.e2e.divergences import DIVERGENCES
from tests.e2e.lifecycle import BETWEEN, Watched
from tests.e2e.packets import Pass
from tests.e2e.paths import ROOT
from tests.e2e.probing import Result
from tests.e2e.programs import RECORD

TARGET = ROOT / "docs" / "e2e.md"
_HEADER = """<!-- Written by `make e2e`. Do not edit. -->

# The chart in a real cluster

`make e2e` starts Kubernetes in namespaces of its own with no way out, installs the chart with Helm, and sends packets:
from every pod that stands for one of Red Kite's, from pods with stolen labels or none in five namespaces, and from
hosts outside, to all of the others and to the API server's node, on every port of the matrix, those that values may
retarget to among them, and one that is not in it, over TCP and UDP, IPv4 and IPv6; besides, every pod looks a name up
through the cluster's name service and asks the API server for its version. What may not arrive must be refused or stay
unanswered: a connection that is made, and then held, reset or answered by somebody else, is a disagreement too.
Each is compared with what the policy engine computes from the installed manifests, and with what the matrix grants.
A node to its own pods, ICMP and a pod to itself are outside the claim.

When all had ended, the machine was as it had been: its mounts, addresses, packet filters, sysctls and programs the
same, no process, namespace, control group or file of the run left. A run that leaves anything fails, and writes no
page.
"""

_OVERRIDES = """## Overrides

Under each, questions that stand for all of the above, and all that the override is about. What it opened and closed is
what it says, and nothing else."""

_LIFE_CYCLE = """One release changes while probes run: questions with every rule, every end and every pair of workloads,
round after round, each probe a new connection. Forbidden is what was accepted and neither the state before a change nor
the state after it allows; an interruption is what both allow and was refused or cut off; unanswered is what both allow
and nobody answered within half a second, as happens on a busy machine. The time is from the end of Helm's command to
the first round in which the network did all that the new state says.
"""

_TIMES = """Of the tests, file by file in the order of the run, with what they set up: the first that needs the cluster
which they share starts it. Then what such a start consists of, and how long the packets of each pass took.
"""


@dataclass(slots=True)
class Row:
    """One pass of all packets."""

    name: str
    endpoints: int
    packets: int
    arrived: int
    disagreements: int
    seconds: float


@dataclass(slots=True)
class Report:
    """What one run of the tests has found."""

    rows: list[Row] = field(default_factory=list)
    overrides: list[Row] = field(default_factory=list)
    broken: list[tuple[str, int, str]] = field(default_factory=list)
    """What was broken on purpose, how many packets told of it, and one of them."""
    changes: list[Watched] = field(default_factory=list)
    phases: list[tuple[str, float]] = field(default_factory=list)
    """Of the start of the cluster that the tests share."""
    files: dict[str, float] = field(default_factory=dict)
    """The seconds that each file of tests took, in the order of the run."""
    begin: float = field(default_factory=time.monotonic)

    def took(self, file: str, seconds: float) -> None:
        """Note the time of a test of a file."""
        self.files[file] = self.files.get(file, 0.0) + seconds

    def add(self, name: str, endpoints: int, found: Pass, disagreements: int) -> None:
        """Note a pass of all packets."""
        self.rows.append(_row(name, endpoints, found, disagreements))

    def add_override(self, name: str, endpoints: int, found: Pass, disagreements: int) -> None:
        """Note a pass under an override."""
        self.overrides.append(_row(name, endpoints, found, disagreements))

    def text(self) -> str:
        """The page."""
        return "\n".join(
            [
                _HEADER,
                *self._packets(),
                *life_cycle(self.changes),
                *self._broken(),
                *self._divergences(),
                *self._times(),
                *_versions(),
            ]
        )

    def _packets(self) -> list[str]:
        told = [("## Packets", self.rows), (_OVERRIDES, self.overrides)]
        return [line for heading, rows in told for line in (heading, "", *_table(rows), "")]

    def _broken(self) -> list[str]:
        lines = [
            "## Charts that are broken on purpose",
            "",
            "Each found out with a few questions that stand for all of those above.",
            "",
            "| Broken | Disagreements | One of them |",
            "|---|---|---|",
        ]
        return [*lines, *(f"| {what} | {count} | {packet} |" for what, count, packet in self.broken), ""]

    def _divergences(self) -> list[str]:
        lines = ["## Where this data plane differs from the documentation", ""]
        lines += [
            "Named in `tests/e2e/divergences.py`, each shown by a test; none touches what the chart has installed.",
            "",
        ]
        return [*lines, *(f"- `{item.name}`: {item.reason}" for item in DIVERGENCES), ""]

    def _times(self) -> list[str]:
        passes = [*self.rows, *self.overrides]
        tests = [(f"`{name}`", seconds) for name, seconds in self.files.items()]
        total = time.monotonic() - self.begin
        return [
            "## Wall time",
            "",
            _TIMES,
            *_seconds("Tests", [*tests, ("all of it", total)]),
            *_seconds("Start of the cluster", [*self.phases, ("all of it", sum(took for _, took in self.phases))]),
            *_seconds("Packets", [(row.name, row.seconds) for row in passes]),
        ]


def life_cycle(changes: Sequence[Watched]) -> list[str]:
    """Each change in the order of the run, then all that was seen between them; lines of the page."""
    quiet = [item for item in changes if item.name == BETWEEN]
    rows = [(item.name, [item], f"{item.seconds:.1f}") for item in changes if item.name != BETWEEN]
    columns = ["Change", "Probes", "Forbidden connections accepted", "Interruptions", "Unanswered"]
    columns += ["Enforced after (s)", "Unasked at most (s)"]
    lines = ["## Life cycle", "", _LIFE_CYCLE, *_resolution(changes)]
    lines += [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for name, items, seconds in [*rows, (BETWEEN, quiet, ""), ("all of it", changes, "")]:
        counts = [
            sum(item.probes for item in items),
            sum(len(item.forbidden) for item in items),
            sum(len(item.interrupted) for item in items),
            sum(len(item.unanswered) for item in items),
        ]
        unasked = max((longest for item in items for _, longest in item.pauses), default=0.0)
        lines.append(f"| {' | '.join(map(str, [name, *counts, seconds, f'{unasked:.2f}']))} |")
    return [*lines, ""]


def _resolution(changes: Iterable[Watched]) -> list[str]:
    """What it can mean that none was accepted: nobody sees what is open between two probes of one question."""
    passed = [since for item in changes for since, _ in item.pauses]
    if not passed:
        return []
    again = f"A question was asked again after {median(passed):.2f} s (median of {len(passed)} rounds), and at most"
    return [
        "What is open for less long than it takes to ask again can be missed, and *none accepted* means no more than",
        f"that. {again}",
        "after the time in the last column.",
        "",
    ]


def _seconds(what: str, phases: Iterable[tuple[str, float]]) -> list[str]:
    lines = [f"| {name} | {seconds:.1f} |" for name, seconds in phases]
    return [f"| {what} | Seconds |", "|---|---|", *lines, ""]


def _row(name: str, endpoints: int, found: Pass, disagreements: int) -> Row:
    arrived = sum(result is Result.OPEN for _, result in found.results)
    return Row(name, endpoints, len(found.results), arrived, disagreements, found.seconds)


def _table(rows: Iterable[Row]) -> list[str]:
    cells = [f"| {row.name} | {row.endpoints} | {row.packets} | {row.arrived} | {row.disagreements} |" for row in rows]
    return ["| Installed | Ends | Packets | Arrived | Disagreements |", "|---|---|---|---|---|", *cells]


def _versions() -> list[str]:
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    found = {**record["modules"], "kubectl": record["kubectl"], **record["debian"]}
    lines = ["## Versions", "", "| Part | Version |", "|---|---|"]
    return [*lines, *(f"| {name} | {version} |" for name, version in found.items()), ""]
