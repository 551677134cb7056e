"""The cluster's pods beside the rows of the matrix: pods of no row, rows of no pod, pods that no policy reaches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from netmatrix.audit.live import Live
from netmatrix.policy.objects import Namespace, Workload
from netmatrix.policy.packet import Party
from netmatrix.proof.grants import Granted
from netmatrix.proof.judge import rows_of
from netmatrix.proof.names import labels_text


@dataclass(frozen=True, slots=True)
class Alike:
    """Pods of one namespace with one owner and the same labels; the first by name stands for them."""

    namespace: str
    labels: str
    owner: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        who = f"{self.namespace}/{self.names[0]}"
        others = f" and {len(self.names) - 1} more of {self.owner or 'the same labels'}" if len(self.names) > 1 else ""
        made = f" ({self.owner})" if self.owner and not others else ""
        return f"{who}{others}{made}"


@dataclass(frozen=True, slots=True)
class Pods:
    """What of the pods does not fit. `matched` counts those of each row that has a flow on.

    The chart's own row is none of them while it has no pod: a CronJob's pods come and go.
    """

    uncovered: tuple[Alike, ...]
    on_host_network: tuple[Alike, ...]
    matched: dict[str, int]

    @property
    def empty_rows(self) -> tuple[str, ...]:
        """The rows that have a flow on, and no pod."""
        return tuple(row for row, count in self.matched.items() if count == 0)


def judge_pods(live: Live, granted: Granted) -> Pods:
    """Sort the pods of the governed namespaces into the rows of the matrix; pods that have ended are none any more."""
    matched = {row.pod.id: 0 for row in granted.rows if _is_used(row.pod.id, granted)}
    uncovered, on_host_network = [], []
    for pod in live.pods:
        rows = rows_of(granted, _party(pod, live))
        for row in rows:
            if row in matched:
                matched[row] += 1
        if pod.host_network:
            on_host_network.append(pod)
        elif not rows:
            uncovered.append(pod)
    passing = {row.pod.id for row in granted.rows if row.pod.purpose}
    matched = {row: count for row, count in matched.items() if count or row not in passing}
    return Pods(_alike(uncovered), _alike(on_host_network), matched)


def _is_used(row: str, granted: Granted) -> bool:
    return any(row in (grant.source.row, grant.destination.row) for grant in granted.grants)


def _party(pod: Workload, live: Live) -> Party:
    unknown = Namespace(pod.namespace, {"kubernetes.io/metadata.name": pod.namespace}, declared=False)
    return Party(0, live.namespaces.get(pod.namespace, unknown), pod.labels)


def _alike(pods: Iterable[Workload]) -> tuple[Alike, ...]:
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for pod in pods:
        owner = f"{pod.owners[0].kind} {pod.owners[0].name}" if pod.owners else ""
        found[pod.namespace, labels_text(pod.labels), owner].append(pod.name)
    return tuple(
        Alike(namespace, labels, owner, tuple(sorted(names)))
        for (namespace, labels, owner), names in sorted(found.items())
    )
