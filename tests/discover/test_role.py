"""The role that the documentation offers allows what is read, and nothing more."""

from __future__ import annotations

import yaml

from netmatrix.discover.wanted import wanted
from netmatrix.matrix.model import Matrix
from tests.support.scenarios import ROOT


def test_the_role_is_least_privilege(matrix: Matrix) -> None:
    role = yaml.safe_load((ROOT / "examples/discover/cluster-role.yaml").read_text(encoding="utf-8"))
    allowed = {
        (verb, group, resource, name)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [""])
        for verb in rule["verbs"]
    }
    asked = {("get" if item.name else "list", item.group, item.resource, item.name) for item in wanted(matrix)}
    assert allowed == asked
