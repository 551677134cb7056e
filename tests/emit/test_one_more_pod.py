"""Adding one pod and two flows to the matrix changes only what those lines mean."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from netmatrix.emit.plan import Plan, plan
from netmatrix.helm import Helm
from netmatrix.matrix.load import load_matrix
from netmatrix.matrix.tables import table
from tests.chart.expected import PODS
from tests.support.generated import write
from tests.support.kubernetes import VERSIONS, assert_accepted_by_the_api
from tests.support.rendering import Chart, Object, policies
from tests.support.scenarios import ENVIRONMENTS

POD = """\
  ledger:
    title: Ledger
    namespace: app
    labels: {app.kubernetes.io/name: devspace-app, app.kubernetes.io/component: ledger}
    ports: {http: 8090}
"""
FLOWS = """\
  ledger-to-mongo: {from: ledger, to: mongo, ports: [mongodb], basis: table}
  cron-to-ledger: {from: cron, to: ledger, ports: [http], environments: [prod], basis: table}
"""
NEW_FILES = {PurePosixPath("chart/templates/ledger.yaml"), PurePosixPath("chart/templates/cilium-ledger.yaml")}
DIGEST = "chart/templates/audit-values.yaml"
"""Says which chart this is, as one number."""
TOUCHED = {
    DIGEST,
    *(f"values/values-{environment}.yaml" for environment in ENVIRONMENTS),
    *(f"chart/values-{environment}.yaml" for environment in ENVIRONMENTS),
    *(f"chart/ci/{environment}{kind}-values.yaml" for environment in ENVIRONMENTS for kind in ("", ".everything")),
    "chart/README.md",
    "chart/values.yaml",
    "chart/values.schema.json",
    "schema/override.schema.json",
    "schema/values.schema.json",
    "chart/templates/_matrix.tpl",
    "chart/tests/widening_test.yaml",
    "chart/templates/_values.tpl",
    "chart/templates/cron.yaml",
    "chart/templates/mongo.yaml",
    "chart/templates/cilium-cron.yaml",
    "chart/templates/cilium-mongo.yaml",
    "docs/tables.md",
    "docs/values.md",
}


@pytest.fixture(scope="module")
def before(project_root: Path) -> Plan:
    return plan(load_matrix(str(project_root / "matrix.yaml")))


@pytest.fixture(scope="module")
def enlarged(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the matrix with the lines added."""
    text = (project_root / "matrix.yaml").read_text(encoding="utf-8")
    text = text.replace("\nendpoints:\n", f"{POD}\nendpoints:\n").replace("\nnever:\n", f"{FLOWS}\nnever:\n")
    file = tmp_path_factory.mktemp("enlarged") / "matrix.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def after(enlarged: Path) -> Plan:
    return plan(load_matrix(str(enlarged)))


def test_the_pod_s_files_are_new_and_those_that_name_a_pod_or_flow_of_the_lines_change(
    before: Plan, after: Plan
) -> None:
    assert after.files.keys() - before.files.keys() == NEW_FILES
    assert before.files.keys() <= after.files.keys()
    assert {str(path) for path, text in before.files.items() if after.files[path] != text} == TOUCHED


def test_the_change_of_the_limits_that_the_chart_carries_can_be_read(before: Plan, after: Plan) -> None:
    path = PurePosixPath("chart/templates/_matrix.tpl")
    old, new = (files.files[path].splitlines() for files in (before, after))
    gone, come = [line for line in old if line not in new], [line for line in new if line not in old]
    assert len(gone) < 10
    assert max(map(len, gone + come)) <= 200
    assert [line for line in gone if not any(line[:60] in other for other in come)] == []


@pytest.mark.parametrize(
    "name", sorted(name for name in TOUCHED - {DIGEST} if "values" in name and not name.endswith((".tpl", ".md")))
)
def test_values_and_schema_are_the_old_ones_and_the_new_lines(before: Plan, after: Plan, name: str) -> None:
    old, new = (yaml.safe_load(files.files[PurePosixPath(name)]) for files in (before, after))
    assert new != old
    assert without_new_ids(new) == old


@pytest.mark.parametrize(
    ("environment", "touched"),
    [("prod", {"redkite-mongo-ingress", "redkite-cron-egress"}), ("dev", {"redkite-mongo-ingress"})],
)
def test_the_new_pod_has_its_policies_and_the_others_only_the_new_rules(
    helm: Helm, before: Plan, after: Plan, tmp_path: Path, environment: str, touched: set[str]
) -> None:
    old = policies(rendered(helm, before, tmp_path / "before", environment))
    objects = rendered(helm, after, tmp_path / "after", environment)
    new = policies(objects)
    assert new.keys() - old.keys() == {"redkite-ledger-ingress", "redkite-ledger-egress"}
    assert {name for name, policy in old.items() if new[name] != policy} == touched
    for name in touched:
        assert without_rules_about(new[name], "ledger", 27017, 8090) == old[name]
    assert new["redkite-ledger-egress"]["spec"]["egress"] == [
        {"to": [{"podSelector": {"matchLabels": PODS["mongo"][1]}}], "ports": [{"protocol": "TCP", "port": 27017}]}
    ]
    assert [rule["ports"] for rule in new["redkite-ledger-ingress"]["spec"]["ingress"]] == (
        [[{"protocol": "TCP", "port": 8090}]] if environment == "prod" else []
    )
    for version in VERSIONS:
        assert_accepted_by_the_api(objects, version)


def test_the_tables_gain_a_row_and_a_cell(project_root: Path, enlarged: Path) -> None:
    old, new = (
        {row.cells()[0]: row.cells() for row in table(load_matrix(str(file)), "prod")}
        for file in (project_root / "matrix.yaml", enlarged)
    )
    assert list(new) == [*old, "Ledger"]
    assert new["Ledger"] == ("Ledger", "8090", "27017 (Mongo)")
    assert [title for title, row in old.items() if new[title] != row] == ["Cron Service"]
    assert new["Cron Service"][1] == old["Cron Service"][1]
    before, after = (set(rows["Cron Service"][2].split(", ")) for rows in (old, new))
    assert (after - before, before - after) == ({"8090 (Ledger)"}, set())


def rendered(helm: Helm, files: Plan, folder: Path, environment: str) -> list[Object]:
    chart = Chart(helm, write(files, folder), folder)
    return chart.objects(folder / "values" / f"values-{environment}.yaml")


def without_new_ids(value: Any) -> Any:
    """The data without the keys and list items that name the new pod or a new flow."""
    if isinstance(value, dict):
        return {key: without_new_ids(item) for key, item in value.items() if "ledger" not in key}
    if isinstance(value, list):
        return [without_new_ids(item) for item in value if item != "ledger"]
    return value


def without_rules_about(policy: Object, pod: str, *ports: int) -> Object:
    """The policy without the rules that name `pod` as their peer, each of which opens one of `ports` and no other."""
    spec = dict(policy["spec"])
    for direction in ("ingress", "egress"):
        if direction in spec:
            about = [rule for rule in spec[direction] if f"'{pod}'" in str(rule)]
            assert [[port["port"] in ports for port in rule["ports"]] for rule in about] == [[True]]
            spec[direction] = [rule for rule in spec[direction] if rule not in about]
    return {**policy, "spec": spec}
