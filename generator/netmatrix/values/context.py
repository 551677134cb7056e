"""What the cross-field rules look at: the matrix, the merged values read with care, and a way to write findings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from netmatrix.document import Finding, KeyPath, Rule, Severity
from netmatrix.matrix.model import Flow, Matrix, Network
from netmatrix.values.cidr import CidrError, parse_cidr
from netmatrix.values.merge import Merged

Selector = Mapping[str, str]

_LABEL = re.compile(r"(?=.{3,253}$)([a-z0-9.-]+/)?[A-Za-z0-9_.-]{1,63}=[A-Za-z0-9_.-]{1,63}", re.ASCII)
"""What may be compared; the schema is stricter, and reports what is no label."""


@dataclass(frozen=True, slots=True)
class Context:
    """One set of merged values under one matrix. Values of the wrong type read as absent: the schema reports them."""

    matrix: Matrix
    values: Merged
    today: date
    files_of_environments: Mapping[str, str]

    @classmethod
    def of(
        cls,
        matrix: Matrix,
        values: Merged,
        today: date,
        files_of_environments: Mapping[str, str] = MappingProxyType({}),
    ) -> Context:
        """The values under the matrix as it is with them: what they do not switch on of the chart's own is no row."""
        whole = cls(matrix, values, today, files_of_environments)
        return whole if whole.audits else replace(whole, matrix=matrix.without_audit())

    @property
    def audits(self) -> bool:
        """Whether the chart runs its audit in the cluster."""
        return self.get("audit", "enabled") is True

    @property
    def environment(self) -> str | None:
        """The chosen environment, None where none or an unknown one is chosen."""
        chosen = self.get("environment")
        return chosen if isinstance(chosen, str) and chosen in self.matrix.environments else None

    def get(self, *path: str | int) -> Any:
        """The value at `path`, None where there is none."""
        value: Any = self.values.data
        for key in path:
            if isinstance(key, int):
                value = value[key] if isinstance(value, list) and key < len(value) else None
            else:
                value = value.get(key) if isinstance(value, dict) else None
        return value

    def mapping(self, *path: str | int) -> Mapping[str, Any]:
        """The map at `path`, empty where there is none."""
        value = self.get(*path)
        return value if isinstance(value, dict) else {}

    def items(self, *path: str | int) -> list[Any]:
        """The list at `path`, empty where there is none."""
        value = self.get(*path)
        return value if isinstance(value, list) else []

    def text(self, *path: str | int) -> str | None:
        """The string at `path`, None where there is none."""
        value = self.get(*path)
        return value if isinstance(value, str) else None

    def namespace_name(self, namespace: str) -> str | None:
        """The name that the namespace with this id has: the values' name, or the fixed one."""
        fixed = self.matrix.namespaces[namespace]
        return fixed.name if fixed.fixed else self.text("namespaces", namespace, "name")

    def selector(self, *path: str | int) -> Selector | None:
        """The labels that the list at `path` demands; None where it is empty, holds no labels or names one twice."""
        labels: dict[str, str] = {}
        for item in self.items(*path):
            if not isinstance(item, str) or not _LABEL.fullmatch(item):
                return None
            key, _, value = item.partition("=")
            if key in labels:
                return None
            labels[key] = value
        return labels or None

    def network(self, *path: str | int) -> Network | None:
        """The address range at `path`; None where there is none in the accepted form."""
        text = self.text(*path)
        try:
            return parse_cidr(text) if text is not None else None
        except CidrError:
            return None

    def enabled_flows(self) -> Iterator[Flow]:
        """The flows that the values switch on and the environment grants, in the matrix's order."""
        for flow in self.matrix.flows.values():
            is_on = self.audits if flow.purpose else self.get("flows", flow.id, "enabled") is True
            if is_on and self.environment in flow.environments:
                yield flow

    def finding(
        self,
        rule: Rule,
        message: str,
        path: KeyPath,
        hint: str = "",
        *,
        severity: Severity = Severity.ERROR,
        or_at: KeyPath | None = None,
    ) -> Finding:
        """A finding about `path`, at its place; at that of `or_at` where `path` has the chart's own value."""
        blamed = path
        if or_at is not None and self.values.is_default(path) and not self.values.is_default(or_at):
            blamed = or_at
        return Finding(rule, message, self.values.place_of(blamed), path, hint, severity)


def port_number(value: Any) -> int | None:
    """`value` as a port number; 80.0 is 80 to Helm and to JSON Schema alike. None where it is no whole number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if value == value // 1 else None


def contradict(one: Selector, other: Selector) -> bool:
    """Whether no pod can match both selectors: they demand different values of a label that they share."""
    return any(key in other and other[key] != value for key, value in one.items())


def enumeration(words: list[str] | tuple[str, ...], last: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
