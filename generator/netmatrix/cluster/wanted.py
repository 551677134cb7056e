"""What a command would read of a cluster, and the calls of kubectl that read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from netmatrix.cluster.permissions import Permission


@dataclass(frozen=True, slots=True)
class Wanted:
    """Objects of one kind, as kubectl and RBAC name them: all of the cluster, of a namespace, or the one of a `name`.

    Where all namespaces at once may not be listed, the namespaces `instead` are asked one by one. Where what is
    `needed` is not to be had there is an error, where anything else is not, a Missing.
    """

    kind: str
    resource: str
    group: str = ""
    namespace: str = ""
    name: str = ""
    is_namespaced: bool = True
    instead: tuple[str, ...] = ()
    needed: bool = False

    def __str__(self) -> str:
        where = f" of namespace {self.namespace}" if self.namespace else ""
        return f"{self.kind} {self.name}{where}" if self.name else f"object of kind {self.kind}{where}"

    @property
    def is_wide(self) -> bool:
        """Whether it is about all namespaces."""
        return self.is_namespaced and not self.namespace

    @property
    def permission(self) -> Permission:
        """What is needed to read it, in RBAC's words."""
        return Permission("get" if self.name else "list", self.resource, self.namespace, self.group, self.name)

    def one_by_one(self) -> tuple[Wanted, ...]:
        """The same of each of the namespaces `instead`."""
        return tuple(replace(self, namespace=name, instead=()) for name in self.instead)

    def arguments(self) -> tuple[str, ...]:
        """What kubectl is given. A named object that is not there is an empty answer."""
        return tuple(self._arguments())

    def _arguments(self) -> Iterator[str]:
        yield "get"
        yield f"{self.resource}.{self.group}" if self.group else self.resource
        if self.name:
            yield self.name
        if self.namespace:
            yield f"--namespace={self.namespace}"
        elif self.is_namespaced:
            yield "--all-namespaces"
        if self.name:
            yield "--ignore-not-found"
        yield "--output=json"
