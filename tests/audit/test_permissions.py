"""The permissions of examples/audit/rbac.yaml are those that an audit uses: each of them, and no other."""

from __future__ import annotations

from itertools import product

import yaml

from tests.cli.conftest import Run
from tests.support.scenarios import ROOT

Permission = tuple[str, str, str, str]
"""Verb, resource with its group, namespace, name; empty where it is for all."""


def test_an_audit_needs_each_of_them_and_no_other(netmatrix: Run) -> None:
    assert granted() == used(netmatrix("audit", "--environment", "prod", "--dry-run").out)


def granted() -> set[Permission]:
    found = set()
    for item in yaml.safe_load_all((ROOT / "examples/audit/rbac.yaml").read_text(encoding="utf-8")):
        for rule in item.get("rules", ()):
            namespace = item["metadata"].get("namespace", "")
            for group, resource, verb in product(rule["apiGroups"], rule["resources"], rule["verbs"]):
                named = f"{resource}.{group}" if group else resource
                found |= {(verb, named, namespace, name) for name in rule.get("resourceNames", [""])}
    return found


def used(calls: str) -> set[Permission]:
    """By the calls of kubectl: an object by its name is got, all others are listed."""
    found = set()
    for line in calls.splitlines():
        _, _, resource, *rest = line.split()
        namespace = next((word.partition("=")[2] for word in rest if word.startswith("--namespace=")), "")
        name = rest[0] if not rest[0].startswith("--") else ""
        found.add(("get" if name else "list", resource, namespace, name))
    return found
