"""All that a cluster says about itself, put together."""

from __future__ import annotations

from collections.abc import Iterator

from netmatrix.cluster import Reason, Snapshot
from netmatrix.discover.api import about_api
from netmatrix.discover.dns import about_dns
from netmatrix.discover.facts import About, Discovery, Entry, Fact, Learned, Question
from netmatrix.discover.platform import about_cluster
from netmatrix.discover.plugin import about_plugin
from netmatrix.discover.ranges import about_ranges
from netmatrix.discover.rows import about_rows
from netmatrix.discover.settings import unreadable
from netmatrix.matrix.model import Matrix


def learn(snapshot: Snapshot, matrix: Matrix, source: str) -> Discovery:
    """Facts, values and questions; `source` says what was read. Raises MalformedError."""
    learned = list(_learned(snapshot, matrix))
    order = list(About)
    facts = sorted((item for item in learned if isinstance(item, Fact)), key=lambda item: order.index(item.about))
    questions = {item.id: item for item in reversed(learned) if isinstance(item, Question)}
    return Discovery(
        source,
        tuple(dict.fromkeys(facts)),
        tuple(item for item in learned if isinstance(item, Entry)),
        tuple(sorted(questions.values(), key=lambda item: order.index(item.about))),
    )


def _learned(snapshot: Snapshot, matrix: Matrix) -> Iterator[Learned]:
    yield from about_cluster(snapshot)
    yield from about_plugin(snapshot)
    yield from about_dns(snapshot, matrix)
    yield from about_api(snapshot, matrix)
    yield from about_ranges(snapshot, matrix)
    yield from about_rows(snapshot, matrix)
    yield from _not_read(snapshot)


def _not_read(snapshot: Snapshot) -> Iterator[Learned]:
    """What may not be read, told once: a question may have it for a reason, or nobody may need it."""
    for missing in snapshot.missing:
        if missing.reason in (Reason.FORBIDDEN, Reason.FAILED):
            yield Fact(About.CLUSTER, f"Not read: {missing.said}.", ())
    for item in unreadable(snapshot):
        yield Fact(
            About.CLUSTER, f"Not read: what {item} holds is no YAML that is read alike everywhere.", (str(item),)
        )
