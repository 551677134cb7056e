"""The one way to read a cluster: through kubectl, or from what kubectl printed earlier."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO

from netmatrix.cluster.kubectl import Kubectl
from netmatrix.cluster.rules import FORBIDDEN, NOT_IN_DUMP, NOT_SERVED, ClusterError, DumpError
from netmatrix.cluster.snapshot import Item, Missing, Reason, Snapshot, items_of, without_repeats
from netmatrix.cluster.wanted import Wanted
from netmatrix.document import Finding, Place
from netmatrix.document.program import Output
from netmatrix.policy.collection import without_collection
from netmatrix.policy.stream import read_bytes

Progress = Callable[[str], AbstractContextManager[None]]

_AT_A_TIME = 4
"""How many kubectls run together: each takes tens of megabytes, and API servers queue a user's requests anyway."""
_TIMEOUT = 180.0
"""Seconds for a call: a list of a big cluster comes in pages, and each page has kubectl's own limit."""


def calls(wanted: Iterable[Wanted], options: Sequence[str] = ()) -> list[str]:
    """The command lines that `read_cluster` runs first, to be shown; `options` choose the cluster."""
    return [shlex.join(["kubectl", *options, *item.arguments()]) for item in dict.fromkeys(wanted)]


def read_cluster(kubectl: Kubectl, wanted: Iterable[Wanted], progress: Progress = lambda _: nullcontext()) -> Snapshot:
    """Read what is wanted through kubectl, which only gets and lists.

    Raises ClusterError: a finding for each permission that is missing for what is needed, or why the cluster does not
    answer. What is needed is asked first, so that a cluster that is not there costs one wait.
    """
    reader = _Reader(kubectl)
    all_of_it = list(dict.fromkeys(wanted))
    with progress("reading the cluster"), without_collection():
        reader.read([item for item in all_of_it if item.needed])
        reader.refuse()
        reader.read([item for item in all_of_it if not item.needed])
    # What two calls had in common may have changed between them; the later one is the truth.
    items = {(item.kind, item.group, item.namespace, item.name): item for item in reader.items}
    ordered = tuple(item for _, item in sorted(items.items(), key=lambda entry: entry[0]))
    return Snapshot(ordered, tuple(reader.missing), tuple(reader.contents), is_live=True)


def read_dump(paths: Sequence[str], wanted: Iterable[Wanted], *, stdin: BinaryIO | None = None) -> Snapshot:
    """Read files, folders and `-` with what `kubectl get --output=json` printed: objects, or Lists of them.

    Objects that are not wanted are kept too. Raises DumpError with every part that cannot be read, or for what is
    needed and is not in the dump.
    """
    findings: list[Finding] = []
    with without_collection():
        contents = read_bytes(paths, findings, stdin=stdin)
        items = [item for file, content in contents for item in items_of(file, content, findings)]
    if findings:
        raise DumpError(findings)
    missing = [
        Missing(item, Reason.NOT_IN_DUMP, f"there is no {item} in the dump")
        for item in dict.fromkeys(wanted)
        if not any(_is_of(found, item) for found in items)
    ]
    place = Place(contents[0][0] if contents else "-", 0, 0)
    needed = [
        Finding(NOT_IN_DUMP, item.said, place, hint=f"add what this prints: {calls([item.wanted])[0]}")
        for item in missing
        if item.wanted.needed
    ]
    if needed:
        raise DumpError(needed)
    return Snapshot(without_repeats(items), tuple(missing), tuple(contents), is_live=False)


class _Reader:
    """Collects what kubectl answers."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl
        self.items: list[Item] = []
        self.missing: list[Missing] = []
        self.contents: list[tuple[str, bytes]] = []

    def read(self, wanted: Sequence[Wanted]) -> None:
        """Ask for all of it; then, of what may not be listed in all namespaces, for one namespace after the other."""
        again: list[Wanted] = []
        for item, output in self._ask(wanted):
            if output.status == 0:
                self._keep(item, output.stdout)
                continue
            missing = self._missing(item, output)
            self.missing.append(missing)
            if missing.reason is Reason.FORBIDDEN:
                again += item.one_by_one()
        if again:
            self.read(again)

    def refuse(self) -> None:
        """Raise ClusterError where something that is needed is missing, and was not to be had piece by piece either."""
        findings = [
            self._finding(missing)
            for missing in self.missing
            if missing.wanted.needed and not (missing.reason is Reason.FORBIDDEN and missing.wanted.instead)
        ]
        if findings:
            raise ClusterError(findings)

    def _ask(self, wanted: Sequence[Wanted]) -> Iterator[tuple[Wanted, Output]]:
        for start in range(0, len(wanted), _AT_A_TIME):
            batch = wanted[start : start + _AT_A_TIME]
            asked = [item.arguments() for item in batch]
            yield from zip(batch, self._kubectl.ask_together(asked, timeout=_TIMEOUT), strict=True)

    def _keep(self, wanted: Wanted, content: bytes) -> None:
        if not content.strip():
            return  # a named object that is not there
        file, findings = calls([wanted])[0], list[Finding]()
        self.items += items_of(file, content, findings)
        if findings:
            raise ClusterError(findings)
        self.contents.append((file, content))

    def _missing(self, wanted: Wanted, output: Output) -> Missing:
        """Why kubectl failed, by what it says: its exit status is 1 whatever the reason.

        "Error from server (REASON): ..." is how kubectl reports an API server's Status (k8s.io/kubectl,
        pkg/cmd/util/helpers.go, StandardErrorMessage). Raises RefusedError where what is needed fails otherwise.
        """
        refusal = self._kubectl.refusal(wanted.arguments(), output)
        said = refusal.findings[0].message
        if "(Forbidden)" in output.stderr:
            return Missing(wanted, Reason.FORBIDDEN, f"you may not {_permission(wanted)}", said)
        if "doesn't have a resource type" in output.stderr or "could not find the requested resource" in output.stderr:
            group = wanted.group or "v1"
            absent = f"the cluster has no {wanted.resource} of the API group {group}"
            return Missing(wanted, Reason.NOT_SERVED, absent, said)
        if wanted.needed:
            raise refusal
        return Missing(wanted, Reason.FAILED, said, said)

    def _finding(self, missing: Missing) -> Finding:
        permission = missing.wanted.permission
        if missing.reason is Reason.FORBIDDEN:
            return self._kubectl.finding(FORBIDDEN, missing.said, permission.hint(is_wide=missing.wanted.is_wide))
        hint = "is it a Kubernetes cluster, and not too old a one? `kubectl api-resources` lists what it has"
        return self._kubectl.finding(NOT_SERVED, missing.said, hint)


def _permission(wanted: Wanted) -> str:
    return f"{wanted.permission} in all namespaces" if wanted.is_wide else str(wanted.permission)


def _is_of(item: Item, wanted: Wanted) -> bool:
    return (
        (item.kind, item.group) == (wanted.kind, wanted.group)
        and wanted.namespace in ("", item.namespace)
        and wanted.name in ("", item.name)
    )
