"""Accounts that may do some things in the cluster and not others: Helm acts as one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_GROUP = "rbac.authorization.k8s.io"

Rule = Mapping[str, list[str]]
ANYTHING: Rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
READING: Rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}


@dataclass(frozen=True, slots=True)
class Account:
    """A service account of a namespace, and what it may do in all of the cluster and within a namespace."""

    name: str
    namespace: str
    everywhere: tuple[Rule, ...] = ()
    within: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)

    @property
    def options(self) -> list[str]:
        """What makes Helm act as this account."""
        return ["--kube-as-user", f"system:serviceaccount:{self.namespace}:{self.name}"]

    def objects(self) -> Iterator[dict[str, Any]]:
        """The account, its roles and their bindings."""
        metadata = {"name": self.name, "namespace": self.namespace}
        yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
        yield from self._granted("Cluster", {"name": self.name}, self.everywhere)
        for namespace, rules in self.within.items():
            yield from self._granted("", {"name": self.name, "namespace": namespace}, rules)

    def _granted(self, kind: str, metadata: Mapping[str, str], rules: Iterable[Rule]) -> Iterator[dict[str, Any]]:
        subject = {"kind": "ServiceAccount", "name": self.name, "namespace": self.namespace}
        role = {"apiGroup": _GROUP, "kind": f"{kind}Role", "name": self.name}
        common = {"apiVersion": f"{_GROUP}/v1", "metadata": dict(metadata)}
        yield {**common, "kind": f"{kind}Role", "rules": list(rules)}
        yield {**common, "kind": f"{kind}RoleBinding", "roleRef": role, "subjects": [subject]}
