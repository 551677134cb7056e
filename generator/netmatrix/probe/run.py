"""A run in the cluster: pods made, asked, and removed again, however it ends."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from netmatrix.cluster import ClusterError, Kubectl
from netmatrix.cluster.kubectl import TIMEOUT
from netmatrix.document.interrupts import interrupts_held_back
from netmatrix.probe import asking
from netmatrix.probe.cast import Actor
from netmatrix.probe.manifests import CONTAINER, LABEL, PREFIX, Image, pod, pod_name, run_namespace
from netmatrix.probe.questions import Addresses, Outcome, Question, by_family, to_itself
from netmatrix.probe.rules import NO_ANSWER, NOT_REMOVED, NOT_RUNNING, ProbeError
from netmatrix.probe.settling import SHORT

_HOPELESS = ("ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError")
"""Reasons for which a container waits, and will go on waiting."""
_ENDED = ("Failed", "Succeeded")
_POLL = 0.5
_REMOVAL = 90.0
_LISTENING = 30.0
_UNKNOWN = "it cannot be told what is left"


def new_run() -> str:
    """The name of a run, which nobody else has."""
    return secrets.token_hex(3)


@dataclass(frozen=True, slots=True)
class Stage:
    """A run's pods in the cluster, while it lasts."""

    kubectl: Kubectl
    run: str
    actors: tuple[Actor, ...]

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Where its pods are."""
        return tuple(dict.fromkeys(actor.namespace for actor in self.actors))

    def wait(self, patience: float) -> Mapping[str, Addresses]:
        """The addresses of the pods by the ids of the actors, once all of them run and listen. Raises ProbeError."""
        deadline = time.monotonic() + patience
        while True:
            found = {item["metadata"]["name"]: item for item in self._pods()}
            late = [actor for actor in self.actors if not _runs(found.get(pod_name(actor, self.run)))]
            if not late:
                break
            for actor in late:
                if (reason := _hopeless(found.get(pod_name(actor, self.run)))) is not None:
                    raise self._not_running(actor, reason)
            if time.monotonic() > deadline:
                raise self._not_running(late[0], _reason(found.get(pod_name(late[0], self.run))))
            time.sleep(_POLL)
        addresses = {
            actor.id: by_family(entry["ip"] for entry in found[pod_name(actor, self.run)]["status"]["podIPs"])
            for actor in self.actors
        }
        self._wait_until_they_listen(addresses)
        return addresses

    def ask(self, asked: Sequence[Question], timeout: int) -> dict[Question, Outcome]:
        """Ask all questions, each pod its own, all pods at the same time. Raises ProbeError where one says nothing."""
        found: dict[Question, Outcome] = {}
        for _ in range(2):
            left = [item for item in asked if item not in found]
            if not left:
                break
            said = self._ask(left, timeout, found)
        missing = [item for item in asked if item not in found]
        if missing:
            hint = f"the image must have /agnhost and /bin/sh; the pod's exec said: {said or 'nothing'}"
            message = f"no answer to {len(missing)} questions, such as {missing[0]}"
            raise ProbeError([self.kubectl.finding(NO_ANSWER, message, hint)])
        return found

    def _ask(self, asked: Sequence[Question], timeout: int, found: dict[Question, Outcome]) -> str:
        actors = {actor.title: actor for actor in self.actors}
        groups = asking.by_source(asked)
        calls = [(self._exec(actors[title], timeout), asking.written(group)) for title, group in groups.items()]
        most = max(asking.most_seconds(group, timeout) for group in groups.values())
        said = ""
        outputs = self.kubectl.run_together(calls, timeout=most)
        for group, output in zip(groups.values(), outputs, strict=True):
            found |= asking.answers(group, output.stdout.decode("utf-8", errors="replace"))
            said = said or output.stderr.strip()
        return said

    def _exec(self, actor: Actor, timeout: int) -> list[str]:
        where = [f"--namespace={actor.namespace}", pod_name(actor, self.run), f"--container={CONTAINER}"]
        return ["exec", "--stdin", *where, "--", "/bin/sh", "-c", asking.script(timeout)]

    def _wait_until_they_listen(self, addresses: Mapping[str, Addresses]) -> None:
        deadline = time.monotonic() + _LISTENING
        left = [item for actor in self.actors for item in to_itself(actor, addresses[actor.id])]
        while left:
            answers = self.ask(left, SHORT)
            left = [item for item in left if answers[item] is not Outcome.OPEN]
            if left and time.monotonic() > deadline:
                actor = next(actor for actor in self.actors if actor.title == left[0].source)
                raise self._not_running(actor, f"it does not answer itself on {left[0].protocol} {left[0].port}")

    def _pods(self) -> Iterator[Mapping[str, Any]]:
        for namespace in self.namespaces:
            found = self.kubectl.get("pods", f"--namespace={namespace}", f"--selector={LABEL}={self.run}")
            yield from found["items"]

    def _not_running(self, actor: Actor, reason: str) -> ProbeError:
        message = f"pod {actor.namespace}/{pod_name(actor, self.run)} does not run: {reason}"
        hint = "where the image cannot be pulled, name another with --image; --timeout waits longer"
        return ProbeError([self.kubectl.finding(NOT_RUNNING, message, hint)])


@contextmanager
def stage(kubectl: Kubectl, run: str, actors: Sequence[Actor], image: Image) -> Iterator[Stage]:
    """The pods of a run, which are removed at the end of the block, whatever ends it. Raises ClusterError, ProbeError.

    An interrupt waits while something is being created or removed: half of it would be left, or come later.
    """
    made = Stage(kubectl, run, tuple(actors))
    try:
        with interrupts_held_back():
            uid = kubectl.create([run_namespace(run, made.namespaces)])[0]["metadata"]["uid"]
            kubectl.create([pod(actor, run, uid, image) for actor in made.actors])
        yield made
    finally:
        remove(kubectl, run, made.namespaces)


def remove(
    kubectl: Kubectl,
    run: str,
    namespaces: Sequence[str],
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Remove a run's namespace, and with it, by garbage collection, its pods; then see that nothing is left.

    The pods in `namespaces` are removed by themselves, which is quicker. What the API server does not do is asked of it
    again: it may be away for a moment. Raises ProbeError where something is left at the end.
    """
    to_do = [
        *(("pods", f"--namespace={namespace}", f"--selector={LABEL}={run}", "--now") for namespace in namespaces),
        ("namespace", f"{PREFIX}-{run}"),
    ]
    with interrupts_held_back():
        deadline = now() + _REMOVAL
        while True:
            to_do, refused = _delete(kubectl, to_do)
            try:
                left = _left(kubectl, run, namespaces)
            except ClusterError as error:
                left, refused = _UNKNOWN, error.findings[0].message
            if not left:
                return
            if now() > deadline:
                hint = "`netmatrix probe --clean-up` tries again; the pods end by themselves"
                message = f"{left} after {_REMOVAL:.0f} seconds{f': {refused}' if refused else ''}"
                raise ProbeError([kubectl.finding(NOT_REMOVED, message, hint)])
            sleep(_POLL)


def _delete(kubectl: Kubectl, to_do: Sequence[tuple[str, ...]]) -> tuple[list[tuple[str, ...]], str]:
    """Have everything deleted, at the same time: what was not, and the first reason, as kubectl says it."""
    calls = [("delete", *item, "--wait=false", "--ignore-not-found") for item in to_do]
    try:
        outputs = kubectl.ask_together(calls, timeout=TIMEOUT)
    except ClusterError as error:  # of one that could not run; what became of the others is not told
        return list(to_do), error.findings[0].message
    failed = [(item, output) for item, output in zip(to_do, outputs, strict=True) if output.status != 0]
    refused = next((kubectl.refusal(("delete",), output).findings[0].message for _, output in failed), "")
    return [item for item, _ in failed], refused


def _left(kubectl: Kubectl, run: str, namespaces: Sequence[str]) -> str:
    """What there still is of a run, in words; empty where nothing is. Raises ClusterError where it is not told."""
    selector = f"--selector={LABEL}={run}"
    for namespace in namespaces:
        if found := kubectl.get("pods", f"--namespace={namespace}", selector)["items"]:
            return f"pod {namespace}/{found[0]['metadata']['name']} is still there"
    return f"namespace {PREFIX}-{run} is still there" if kubectl.get("namespaces", selector)["items"] else ""


def _runs(item: Mapping[str, Any] | None) -> bool:
    if item is None:
        return False
    status = item["status"]
    states = [entry.get("state", {}) for entry in status.get("containerStatuses", [])]
    return bool(status.get("podIPs")) and bool(states) and all("running" in state for state in states)


def _hopeless(item: Mapping[str, Any] | None) -> str | None:
    """Why a pod will never run; None where it still may."""
    if item is None:
        return None
    reason = _reason(item)
    return reason if item["status"].get("phase") in _ENDED or reason.startswith(_HOPELESS) else None


def _reason(item: Mapping[str, Any] | None) -> str:
    """Why a pod does not run, as the cluster says it."""
    if item is None:
        return "it is gone"
    status = item["status"]
    for entry in status.get("containerStatuses", []):
        for state in entry.get("state", {}).values():
            if "reason" in state:
                return f"{state['reason']}: {state.get('message', '')}".rstrip(": ")
    for entry in status.get("conditions", []):
        if entry["type"] == "PodScheduled" and entry["status"] == "False":
            return f"it is not scheduled: {entry.get('message', '')}".rstrip(": ")
    said = f"{status.get('reason', '')} {status.get('message', '')}".strip()
    return said or f"its phase is {status.get('phase', 'unknown')}"
