"""What the chart lets its audit do is what an audit uses: each permission, and no other, whatever values say."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Run
from tests.support.rendering import objects_of

Permission = tuple[str, str, str, str]
"""Verb, resource with its group, namespace, name; empty where it is for all."""

AUDIT = ("--environment", "prod", "-f", "values/clusters/with-audit.yaml")
END = {"ports": [{"protocol": "TCP", "port": 443}], "reason": "why", "owner": "who", "expires": "2099-12-31"}
OVERRIDES: dict[str, Any] = {
    "what the chart's defaults say": {},
    "other namespaces": {"namespaces": {"app": {"name": "kite"}, "jobs": {"name": "kite-jobs"}}},
    "another name service": {
        "endpoints": {"dns": {"peers": {"kube-dns": None, "own": {"namespace": "dns", "selector": ["a=b"]}}}}
    },
    "sources by name, one of them among our own": {
        "endpoints": {
            "outside": {
                "anyone": False,
                "peers": {
                    "ingress": {"namespace": "ingress", "selector": ["a=b"]},
                    "mine": {"namespace": "stalker-jobs", "selector": ["c=d"]},
                    "office": {"cidr": "203.0.113.0/24"},
                },
            }
        }
    },
    "exceptions": {
        "exceptions": {
            "metrics": {"from": {"namespace": "metrics", "selector": ["a=b"]}, "to": {"pod": "kafka"}, **END},
            "away": {"from": {"pod": "cron"}, "to": {"namespace": "away", "selector": ["a=b"]}, **END},
            "twice": {"from": {"pod": "ui"}, "to": {"namespace": "away", "selector": ["c=d"]}, **END},
            "near": {"from": {"pod": "cron"}, "to": {"pod": "ui"}, **END},
        }
    },
    "nothing is looked up": {"endpoints": {"kubernetes-api": {"discover": False}}},
}


@pytest.mark.parametrize("override", OVERRIDES.values(), ids=OVERRIDES)
def test_an_audit_needs_each_of_them_and_no_other(override: Any, netmatrix: Run, tmp_path: Path) -> None:
    file = tmp_path / "override.yaml"
    file.write_text(yaml.safe_dump(override), encoding="utf-8")
    values = (*AUDIT, "-f", str(file))
    rendered = netmatrix("template", *values)
    assert rendered.status == 0, rendered.err
    objects = objects_of(rendered.out.encode())
    assert granted(objects) == used(netmatrix("audit", *values, "--dry-run").out)
    assert bound(objects)


def granted(objects: Iterable[Any]) -> set[Permission]:
    """By the rules of all roles."""
    found = set()
    for item in objects:
        for rule in item.get("rules", ()):
            namespace = item["metadata"].get("namespace", "")
            for group, resource, verb in product(rule["apiGroups"], rule["resources"], rule["verbs"]):
                named = f"{resource}.{group}" if group else resource
                found |= {(verb, named, namespace, name) for name in rule.get("resourceNames", [""])}
    return found


def bound(objects: list[Any]) -> bool:
    """Whether each role is given to the audit's account, and to nobody else."""
    (account,) = (item["metadata"] for item in objects if item["kind"] == "ServiceAccount")
    subjects = [{"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}]
    roles = {_identity(item) for item in objects if item["kind"] in ("Role", "ClusterRole")}
    bindings = [item for item in objects if item["kind"].endswith("Binding")]
    assert all(item["subjects"] == subjects for item in bindings)
    assert {
        (item["roleRef"]["kind"], item["metadata"].get("namespace"), item["roleRef"]["name"]) for item in bindings
    } == roles
    return len(roles) == len(bindings)


def used(calls: str) -> set[Permission]:
    """By the calls of kubectl: an object by its name is got, all others are listed."""
    found = set()
    for line in calls.splitlines():
        _, _, resource, *rest = line.split()
        namespace = next((word.partition("=")[2] for word in rest if word.startswith("--namespace=")), "")
        name = rest[0] if not rest[0].startswith("--") else ""
        found.add(("get" if name else "list", resource, namespace, name))
    return found


def _identity(item: Any) -> tuple[str, str | None, str]:
    return item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]
