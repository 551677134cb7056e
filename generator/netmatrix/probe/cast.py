"""Who takes part: a pod for each row of the matrix, and pods that are nobody's, in governed namespaces and outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from netmatrix.policy.labels import NAMESPACE_NAME
from netmatrix.policy.ports import PortSet, Protocol
from netmatrix.proof.grants import Granted, Row
from netmatrix.proof.parties import labels_of

STRANGER, THIEF = "stranger", "thief"
_UNLISTED = range(8888, 65536)
"""Where the port is looked for that the matrix does not name."""
MOST_PORTS = 32
"""Of the matrix's, on how many a pod of no row listens at most: a process of a few MiB listens on each."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A pod that the run makes. It listens on all of `ports`, over TCP and UDP.

    `title` is its name in the table. One that `asks` nothing is another pod of a row whose pods may reach each other:
    nobody but the first one of the row asks it, and a pod would always reach itself.
    """

    id: str
    title: str
    namespace: str
    labels: Mapping[str, str]
    ports: tuple[int, ...]
    asks: bool = True
    twin: str | None = None
    """The row's first pod, where this is its second."""


@dataclass(frozen=True, slots=True)
class Service:
    """A Service, as far as it may take a pod of the run for one of its own."""

    name: str
    namespace: str
    selector: Mapping[str, str]
    publishes_not_ready: bool

    def would_name(self, actor: Actor) -> bool:
        """Whether the pod would be an endpoint although it is never ready.

        Service API, `publishNotReadyAddresses`: "any agent which deals with endpoints for this Service should disregard
        any indications of ready/not-ready". Headless Services of databases have it, so that members find each other.
        """
        return (
            self.publishes_not_ready
            and self.namespace == actor.namespace
            and bool(self.selector)
            and self.selector.items() <= actor.labels.items()
        )


def cast(granted: Granted, namespace: str) -> tuple[Actor, ...]:
    """Everybody; `namespace` is the run's own, which the matrix does not govern.

    There, one pod has no labels, and one has those of as many rows as one pod can carry. Pods of no row listen on every
    port that the matrix names: what a row may open to somebody must not be open to anybody.
    """
    unlisted = next(port for port in _UNLISTED if port not in known_ports(granted))
    rows = [actor for row in granted.rows for actor in _of_row(granted, row, unlisted)]
    others = (*sorted(known_ports(granted))[:MOST_PORTS], unlisted)
    governed = [Actor(f"nobody-{name}", f"(no labels in {name})", name, {}, others) for name in granted.governed]
    return (
        *rows,
        *governed,
        Actor(THIEF, "(stolen labels elsewhere)", namespace, stolen_labels(granted), others),
        Actor(STRANGER, "(no labels elsewhere)", namespace, {}, others),
    )


def published(actors: Iterable[Actor], services: Sequence[Service]) -> dict[str, str]:
    """The Service, by the id of each pod that it would send clients to although that is never ready."""
    found = ((actor, service) for actor in actors for service in services if service.would_name(actor))
    return {actor.id: f"{service.namespace}/{service.name}" for actor, service in found}


def stolen_labels(granted: Granted) -> dict[str, str]:
    """The labels of as many rows as one pod can carry, those first that are granted most as sources."""
    as_source = {row.pod.id: sum(grant.source.row == row.pod.id for grant in granted.grants) for row in granted.rows}
    labels: dict[str, str] = {}
    for row in sorted(granted.rows, key=lambda row: -as_source[row.pod.id]):
        own = labels_of(row.selection.pods)
        if all(labels.get(key, value) == value for key, value in own.items()):
            labels |= own
    return labels


def known_ports(granted: Granted) -> set[int]:
    """Every port that the matrix, the values or an exception name."""
    named = {number for row in granted.rows for _, number in row.ports.values()}
    return named | {port for grant in (*granted.grants, *granted.off) for _, port in single_ports(grant.ports)}


def single_ports(ports: PortSet) -> Iterator[tuple[Protocol, int]]:
    """The ports that are named one by one, of which neighbours have become a range; not those of `any`."""
    for protocol in (Protocol.TCP, Protocol.UDP):
        for first, last in ports.of_protocol(protocol):
            yield from ((protocol, port) for port in range(first, last + 1) if last - first < MOST_PORTS)


def endpoint_ports(granted: Granted, endpoint: str) -> tuple[tuple[Protocol, int], ...]:
    """The ports that flows to an endpoint name, those among them that are off too."""
    flows = (grant for grant in (*granted.grants, *granted.off) if grant.destination.name == endpoint)
    return tuple(sorted(set(chain.from_iterable(single_ports(grant.ports) for grant in flows))))


def _of_row(granted: Granted, row: Row, unlisted: int) -> Iterator[Actor]:
    namespace, labels = labels_of(row.selection.namespaces)[NAMESPACE_NAME], labels_of(row.selection.pods)
    flows = [grant for grant in (*granted.grants, *granted.off) if grant.destination.row == row.pod.id]
    named = {number for _, number in row.ports.values()}
    named |= {port for grant in flows for _, port in single_ports(grant.ports)}
    ports = (*sorted(named), unlisted)
    yield Actor(row.pod.id, row.pod.id, namespace, labels, ports)
    if any(grant.source.row == row.pod.id for grant in flows):
        twin = f"{row.pod.id}-2"
        yield Actor(twin, f"{row.pod.id} (another pod)", namespace, labels, ports, asks=False, twin=row.pod.id)
