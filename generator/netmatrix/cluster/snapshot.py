"""What was read of a cluster: objects by kind, and what was not read, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from netmatrix.cluster.rules import NOT_KUBECTLS, DumpError
from netmatrix.cluster.wanted import Wanted
from netmatrix.document import Finding, KeyPath
from netmatrix.document.wording import found
from netmatrix.policy.rules import WHOLE_LIST
from netmatrix.policy.source import Origin, Source
from netmatrix.policy.stream import documents

_DEEPEST_LIST = 8
_HINT = "give what `kubectl get ... --output=json` prints, and nothing else"


class Reason(StrEnum):
    """Why something was not read."""

    FORBIDDEN = "forbidden"
    NOT_SERVED = "not served"  # the cluster has no such API
    FAILED = "failed"
    NOT_IN_DUMP = "not in the dump"


@dataclass(frozen=True, slots=True)
class Missing:
    """What was wanted and not read. `said` says why in a sentence, in kubectl's words where it is kubectl's reason.

    `words` are kubectl's own in any case; none of a dump.
    """

    wanted: Wanted
    reason: Reason
    said: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One object as the API server wrote it, and where it stands. Nothing inside is checked but the names here."""

    kind: str
    group: str
    namespace: str
    name: str
    data: Mapping[str, Any]
    origin: Origin

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read, in the order of kinds and names, each object once.

    `contents` are the same objects as bytes, each with the name that findings give it: the input of
    `policy.read.parse_files`. `is_live` is false for a dump, of which nothing can be concluded from what it lacks.
    """

    items: tuple[Item, ...]
    missing: tuple[Missing, ...]
    contents: tuple[tuple[str, bytes], ...]
    is_live: bool

    def all(self, kind: str, *, group: str = "", namespace: str | None = None) -> tuple[Item, ...]:
        """The objects of a kind, of all namespaces or of one."""
        return tuple(
            item
            for item in self.items
            if (item.kind, item.group) == (kind, group) and namespace in (None, item.namespace)
        )

    def one(self, kind: str, name: str, *, group: str = "", namespace: str = "") -> Item | None:
        """The object of that name, if it was read."""
        return next((item for item in self.all(kind, group=group, namespace=namespace) if item.name == name), None)

    def why_not(self, kind: str, *, group: str = "", namespace: str | None = None) -> Missing | None:
        """Why objects of a kind are not there, or not all of them; None where all were read that were wanted.

        Of a namespace it is None too where that was read by itself, instead of all namespaces.
        """
        missing = [item for item in self.missing if (item.wanted.kind, item.wanted.group) == (kind, group)]
        if namespace is None:
            return next(iter(missing), None)
        alone = next((item for item in missing if item.wanted.namespace == namespace), None)
        wide = next((item for item in missing if not item.wanted.namespace), None)
        is_covered = wide is not None and wide.reason is Reason.FORBIDDEN and namespace in wide.wanted.instead
        return alone or (None if is_covered else wide)


def items_of(file: str, content: bytes, findings: list[Finding]) -> list[Item]:
    """The objects in what kubectl printed, JSON or YAML, Lists opened; what is wrong with it goes to `findings`."""
    read: list[Item] = []
    for source, data in documents(content, file, findings):
        if data is not None:
            read += _items(source, data, (), None, findings)
    return read


def without_repeats(items: Iterable[Item]) -> tuple[Item, ...]:
    """Each object once, in order. Raises DumpError where two states of one object were read, as of two days."""
    kept: dict[tuple[str, str, str, str], Item] = {}
    findings: list[Finding] = []
    for item in items:
        before = kept.setdefault((item.kind, item.group, item.namespace, item.name), item)
        if before is not item and before.data != item.data:
            message = f"{item} stands there twice and differs; the other is at {before.origin.place}"
            hint = "take all of a dump at one time, and give each of its files once"
            findings.append(_fault(item.origin, message, hint))
    if findings:
        raise DumpError(findings)
    return tuple(item for _, item in sorted(kept.items(), key=lambda entry: entry[0]))


def _items(
    source: Source, data: Any, path: KeyPath, implied: tuple[str, str] | None, findings: list[Finding]
) -> Iterator[Item]:
    """The object, or those of a list; `implied` is what a typed list says of its items, which need not repeat it."""
    origin = Origin(source, path)
    if not isinstance(data, dict):
        findings.append(_fault(origin, f"expected a Kubernetes object; found {found(data)}"))
        return
    version, kind = data.get("apiVersion"), data.get("kind")
    if implied and version is None and kind is None:
        version, kind = implied
    if not isinstance(version, str) or not isinstance(kind, str):
        findings.append(_fault(origin, "it is no Kubernetes object: it has no apiVersion or no kind"))
    elif kind.endswith("List") and "items" in data:
        yield from _opened(origin, data, (version, kind), findings)
    else:
        item = _item(origin, data, version, kind)
        if item is None:
            findings.append(_fault(origin, "the object has no name"))
        else:
            yield item


def _opened(origin: Origin, data: Mapping[str, Any], kind: tuple[str, str], findings: list[Finding]) -> Iterator[Item]:
    items, about = data["items"], data.get("metadata")
    if isinstance(about, dict) and about.get("continue"):
        message = "the list is a part of a longer one, which the API server would continue"
        place, hint = origin.at("metadata", "continue").place, "ask for all of it: kubectl does, without --chunk-size"
        findings.append(Finding(WHOLE_LIST, message, place, (*origin.path, "metadata", "continue"), hint))
    if items is None:  # how an empty list of an API in Go is written
        return
    if not isinstance(items, list) or origin.path.count("items") >= _DEEPEST_LIST:
        findings.append(_fault(origin.at("items"), f"expected a list of objects; found {found(items)}"))
        return
    implied = None if kind[1] == "List" else (kind[0], kind[1].removesuffix("List"))
    for index, entry in enumerate(items):
        yield from _items(origin.source, entry, (*origin.path, "items", index), implied, findings)


def _item(origin: Origin, data: Mapping[str, Any], version: str, kind: str) -> Item | None:
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    namespace = metadata.get("namespace", "") if isinstance(metadata, dict) else ""
    if not isinstance(name, str) or not name or not isinstance(namespace, str):
        return None
    group = version.rpartition("/")[0]
    return Item(kind, group, namespace, name, data, origin)


def _fault(origin: Origin, message: str, hint: str = _HINT) -> Finding:
    return Finding(NOT_KUBECTLS, message, origin.place, origin.path, hint)
