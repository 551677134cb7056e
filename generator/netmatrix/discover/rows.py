"""The matrix's rows beside the pods that run: which labels the application's pods really carry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from netmatrix.cluster import Item, Snapshot
from netmatrix.discover import objects
from netmatrix.discover.facts import About, Fact, Learned, Proposal, Question, counted, some
from netmatrix.matrix.model import Matrix, Pod

_PASSING = re.compile(
    r"(.*/)?(pod-template-hash|controller-revision-hash|pod-template-generation|pod-index|completion-index|version|chart"
    r"|managed-by|pod-name|controller-uid|job-name|batch-.*|replaced)"
)
"""Labels that controllers give, or that change with a version: no selector may ask for them (reference: P13)."""

_GENERATED = re.compile(r"-[0-9]+$|(-[bcdf-hj-np-tv-z0-9]{8,10})?-[bcdf-hj-np-tv-z0-9]{5}$")
"""What controllers append to a pod's name (k8s.io/apimachinery, pkg/util/rand: letters without vowels)."""


def about_rows(snapshot: Snapshot, matrix: Matrix) -> Iterator[Learned]:
    """Each row with the pods that carry its labels; where there are none, pods that look like it, as a question."""
    for id_, namespace in matrix.namespaces.items():
        rows = [row for row in matrix.pods.values() if row.namespace == id_]
        if rows:
            yield from _in_namespace(snapshot, matrix, rows, namespace.name)


def _in_namespace(snapshot: Snapshot, matrix: Matrix, rows: Sequence[Pod], name: str) -> Iterator[Learned]:
    running = [pod for pod in snapshot.all("Pod", namespace=name) if not _is_over(pod)]
    if not running:
        yield from _no_pods(snapshot, rows, name)
        return
    carried = {id(pod): objects.labels(pod, "metadata", "labels") for pod in running}
    matched = {row.id: [pod for pod in running if _matches(row, carried[id(pod)])] for row in rows}
    taken = {id(pod) for pods in matched.values() for pod in pods}
    free = [pod for pod in running if id(pod) not in taken]
    found = [f"{row.id} ({counted(len(matched[row.id]), 'pod')})" for row in rows if matched[row.id]]
    if found:
        yield Fact(About.PODS, f"Rows whose labels pods in {name} carry: {some(found, 20)}.", (f"Pods of {name}",))
    alike = {
        row.id: [pod for pod in free if _looks_like(row, pod, carried[id(pod)], matrix)]
        for row in rows
        if not matched[row.id] and not row.purpose  # the chart's own pods come and go
    }
    absent = [id_ for id_, pods in alike.items() if not pods]
    if absent:
        text = f"Rows whose labels no pod in {name} carries: {some(absent, 20)}."
        yield Fact(About.PODS, text, (f"Pods of {name}",))
    for row in rows:
        if pods := alike.get(row.id):
            yield _alike(row, [carried[id(pod)] for pod in pods], sorted({_workload(pod) for pod in pods}), name)
    looked_at = {id(pod) for pods in alike.values() for pod in pods}
    rest = sorted({_workload(pod) for pod in free if id(pod) not in looked_at})
    if rest:
        text = f"No row covers {counted(len(rest), 'workload')} of {name}, to which nothing is open: {some(rest, 8)}."
        yield Fact(About.PODS, text, (f"Pods of {name}",))


def _no_pods(snapshot: Snapshot, rows: Sequence[Pod], name: str) -> Iterator[Learned]:
    """No pod runs there: perhaps the application is in another namespace, or not there yet."""
    why = snapshot.why_not("Pod", namespace=name)
    if why is not None:
        text = f"which labels do the pods in {name} carry? {why.said[:1].upper()}{why.said[1:]}."
        yield Question(f"pods-in-{name}", About.PODS, text, f"`kubectl get pods --namespace {name} --show-labels`")
        return
    elsewhere: dict[str, set[str]] = {}
    for pod in snapshot.all("Pod"):
        labels = objects.labels(pod, "metadata", "labels")
        for row in rows:
            if len(row.labels) > 1 and _matches(row, labels):
                elsewhere.setdefault(objects.namespace(pod), set()).add(row.id)
    if elsewhere:
        other, ids = max(elsewhere.items(), key=lambda entry: (len(entry[1]), entry[0]))
        text = f"is the application in the namespace {other}? None of its pods runs in {name}; the labels of "
        text += f"{some(sorted(ids), 8)} are carried by pods in {other}."
        path = ("namespaces", rows[0].namespace, "name")
        answer = f"`kubectl get pods --namespace {other} --show-labels`"
        yield Question(f"namespace-{name}", About.PODS, text, answer, Proposal(path, other))
    else:
        who = f"No pod runs in {name}" if snapshot.is_live else f"The dump has no pod of {name}"
        text = f"{who}, so that nothing is known of labels there."
        yield Fact(About.PODS, text, (f"Pods of {name}",))


def _alike(row: Pod, carried: Sequence[Mapping[str, str]], workloads: Sequence[str], name: str) -> Question:
    told = ", ".join(f"{key}={entry}" for key, entry in row.labels.items())
    shared = sorted(set.intersection(*(set(_lasting(labels).items()) for labels in carried)))
    text = f"are the pods of {some(workloads)} those of row {row.id}? None in {name} carries its labels, {told}."
    selector = [f"{key}={entry}" for key, entry in shared]
    proposal = Proposal(("pods", row.id, "selector"), selector) if shared else None
    return Question(
        f"pods-{row.id}", About.PODS, text, f"`kubectl get pods --namespace {name} --show-labels`", proposal
    )


def _matches(row: Pod, labels: Mapping[str, str]) -> bool:
    return row.labels.items() <= labels.items()


def _looks_like(row: Pod, pod: Item, labels: Mapping[str, str], matrix: Matrix) -> bool:
    """Whether a pod's name or a label that lasts is what only this row is known by: its id, its Services' names, and
    those values of its labels that no other row's have."""
    others = {entry for other in matrix.pods.values() if other.id != row.id for entry in other.labels.values()}
    known = {row.id, *(item.service for item in matrix.access.values() if item.pod.id == row.id)}
    known |= set(row.labels.values()) - others
    return bool(known & {_workload(pod), *_lasting(labels).values()})


def _lasting(labels: Mapping[str, str]) -> dict[str, str]:
    return {key: entry for key, entry in labels.items() if entry and not _PASSING.fullmatch(key)}


def _workload(pod: Item) -> str:
    """The name of what made the pod, by the pod's own name."""
    return _GENERATED.sub("", pod.name)


def _is_over(pod: Item) -> bool:
    return objects.text(pod, "status", "phase") in ("Succeeded", "Failed")
