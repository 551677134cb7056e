"""What the page says, as plain words and numbers: all of it is decided here, and the template only lays it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from netmatrix.document import Finding
from netmatrix.page.connections import Network, network
from netmatrix.page.details import Detail, details, ports_lines
from netmatrix.page.exceptions import DeclaredException, exceptions
from netmatrix.page.nodes import Kind, Node, nodes
from netmatrix.policy import Manifests
from netmatrix.proof.change_text import reasons
from netmatrix.proof.changes import Change, Changes
from netmatrix.proof.difference import Difference
from netmatrix.proof.findings import findings
from netmatrix.proof.verdict_text import backend_lines, covered, headline, not_claimed, summarised
from netmatrix.proof.verify import Verdict
from netmatrix.report.wording import place_text, said
from netmatrix.values.context import Context


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs from the values in the files `against`."""

    against: tuple[str, ...]
    difference: Difference
    changes: Changes


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a page rests on.

    `what` are the policies that were judged, in words; `in_files` tells whether their lines can be looked up. `values`
    are the merged ones, judged on their `today`; `told_today` tells whether the page may say which day that was, so
    that without it the page is the same on any other.
    """

    verdict: Verdict
    manifests: Manifests
    values: Context
    digests: Mapping[str, Any]
    what: str
    in_files: bool
    told_today: bool
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A counter-example, or what could not be judged."""

    rule: str
    place: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Told:
    """A connection that is gained or lost: what kind of gain it is, and what each end said and says."""

    kind: str
    connection: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangeList:
    """The differences from other values."""

    against: tuple[str, ...]
    gained: tuple[Told, ...]
    lost: tuple[Told, ...]
    undecided: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a row meets a column: what is open there, a `never` line that forbids it, or neither.

    `state` tells why there is neither: `closed`, or `not-claimed` where the matrix has no say.
    """

    state: str
    detail: Detail | None = None
    never: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A source, and a cell for each destination."""

    node: Node
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Who reaches a node, and whom it reaches; None where nobody was asked about that direction."""

    node: Node
    reached_by: tuple[Detail, ...] | None
    reaches: tuple[Detail, ...] | None


@dataclass(frozen=True, slots=True)
class Never:
    """What no flow and no exception may open."""

    id: str
    source: str
    destination: str
    reason: str
    place: str


@dataclass(frozen=True, slots=True)
class Off:
    """A flow of this environment that is not on."""

    id: str
    source: str
    destination: str
    ports: tuple[str, ...]
    kind: str
    reason: str
    place: str


@dataclass(frozen=True, slots=True)
class Input:
    """Something that the verdict rests on, with its SHA-256."""

    what: str
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Access:
    """How a person reaches a pod."""

    command: str
    url: str


@dataclass(frozen=True, slots=True)
class Contents:
    """The whole page."""

    title: str
    description: str
    environment: str
    outcome: str
    headline: str
    today: date | None
    problems: tuple[Problem, ...]
    changes: ChangeList | None
    columns: tuple[Node, ...]
    rows: tuple[Row, ...]
    details: tuple[Detail, ...]
    neighbourhoods: tuple[Neighbourhood, ...]
    exceptions: tuple[DeclaredException, ...]
    never: tuple[Never, ...]
    off: tuple[Off, ...]
    conditional: tuple[str, ...]
    covered: tuple[tuple[str, str], ...]
    not_claimed: tuple[str, ...]
    inputs: tuple[Input, ...]
    access: tuple[Access, ...]

    @property
    def pods(self) -> int:
        """How many rows of the matrix there are."""
        return sum(row.node.kind is Kind.POD for row in self.rows)

    @property
    def expired(self) -> int:
        """How many exceptions should not be there any more."""
        return sum(item.expired for item in self.exceptions)


def contents(evidence: Evidence) -> Contents:
    """Gather all that the page says."""
    verdict, granted = evidence.verdict, evidence.verdict.granted
    found = network(granted, evidence.manifests.policies, verdict, nodes(granted, evidence.manifests.namespaces))
    told = details(found, granted, evidence.values, with_place=evidence.in_files)
    _, _, line = headline(verdict, evidence.what).partition(": ")
    state, _, rest = line.partition(": ")
    return Contents(
        title=granted.matrix.title,
        description=granted.matrix.description,
        environment=granted.environment,
        outcome=state.lower(),
        headline=rest,
        today=evidence.values.today if evidence.told_today else None,
        problems=tuple(map(_problem, findings(verdict, in_manifests=evidence.in_files))),
        changes=_changes(evidence),
        columns=found.nodes.destinations,
        rows=tuple(_rows(found, told)),
        details=tuple(told.values()),
        neighbourhoods=tuple(_neighbourhoods(found, told)),
        exceptions=exceptions(granted, evidence.values, told_today=evidence.told_today),
        never=tuple(
            Never(line.id, line.source.id, line.destination.id, line.reason, str(line.place)) for line in granted.never
        ),
        off=tuple(_off(evidence)),
        conditional=tuple(summarised(verdict.model_dependent)),
        covered=(*covered(verdict.coverage), *_backends(verdict)),
        not_claimed=not_claimed(granted),
        inputs=tuple(_inputs(evidence.digests)),
        access=tuple(_access(evidence)),
    )


def _backends(verdict: Verdict) -> Iterator[tuple[str, str]]:
    return (("back end", "; ".join(backend_lines(item))) for item in verdict.backends)


def _problem(finding: Finding) -> Problem:
    return Problem(finding.rule.id, place_text(finding.place), said(finding), finding.hint)


def _changes(evidence: Evidence) -> ChangeList | None:
    comparison = evidence.comparison
    if comparison is None:
        return None
    found, changes = comparison.difference, comparison.changes
    gained, lost = (tuple(_told(found, item) for item in side) for side in (changes.gained, changes.lost))
    return ChangeList(comparison.against, gained, lost, undecided=bool(found.unjudged))


def _told(difference: Difference, item: Change) -> Told:
    return Told(str(item.kind) if item.gained else "", item.text, tuple(reasons(difference, item)))


def _rows(found: Network, told: Mapping[tuple[str, str], Detail]) -> Iterator[Row]:
    for source in found.nodes.sources:
        yield Row(source, tuple(_cell(found, told, source, destination) for destination in found.nodes.destinations))


def _cell(found: Network, told: Mapping[tuple[str, str], Detail], source: Node, destination: Node) -> Cell:
    pair = source.anchor, destination.anchor
    if pair in told:
        return Cell(told[pair].state, told[pair])
    if pair in found.never:
        return Cell("never", never=found.never[pair][0])
    return Cell("closed" if found.is_claimed(source, destination) else "not-claimed")


def _neighbourhoods(found: Network, told: Mapping[tuple[str, str], Detail]) -> Iterator[Neighbourhood]:
    for node in found.nodes.all():
        reached_by = tuple(item for (_, end), item in told.items() if end == node.anchor)
        reaches = tuple(item for (end, _), item in told.items() if end == node.anchor)
        yield Neighbourhood(
            node,
            reached_by if node in found.nodes.destinations else None,
            reaches if node in found.nodes.sources else None,
        )


def _off(evidence: Evidence) -> Iterator[Off]:
    granted = evidence.verdict.granted
    for grant in granted.off:
        if granted.environment in grant.environments:
            flow = granted.matrix.flows[grant.name]
            ports = ports_lines(grant.ports)
            yield Off(flow.id, flow.source.id, flow.destination.id, ports, grant.kind, flow.reason, str(flow.place))


def _inputs(digests: Mapping[str, Any]) -> Iterator[Input]:
    for what in ("matrix", "values"):
        yield from (Input(what, name, digest) for name, digest in digests[what].items())
    yield from (Input("argument", text, "") for text in digests["set"])
    yield Input("values, merged", "as JSON with sorted keys", digests["mergedValues"])
    yield from (Input("manifests", "", digest) for digest in digests["manifests"])


def _access(evidence: Evidence) -> Iterator[Access]:
    granted, values = evidence.verdict.granted, evidence.values
    for line in granted.matrix.access.values():
        if granted.environment in line.environments:
            namespace = values.namespace_name(line.pod.namespace)
            ports = f"{line.local_port}:{line.service_port}"
            yield Access(f"kubectl port-forward --namespace {namespace} service/{line.service} {ports}", line.url)
