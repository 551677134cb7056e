"""A key that values had once is refused by name, by Helm without Python too, and its successor is told."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.document import key_path_text
from netmatrix.document.reader import parse_mapping
from netmatrix.emit.plan import plan
from netmatrix.emit.reference import values_markdown
from netmatrix.emit.schema import values_schema
from netmatrix.emit.values_files import values_yaml
from netmatrix.helm import Helm
from netmatrix.matrix.load import load_matrix, parse_matrix
from netmatrix.matrix.model import Matrix
from netmatrix.matrix.rules import MatrixError
from netmatrix.values.schema import Schemas
from netmatrix.values.validate import validate_values
from tests.support.generated import write
from tests.support.rendering import Chart
from tests.support.scenarios import ROOT

MATRIX = (Path(__file__).parent / "matrix.yaml").read_text(encoding="utf-8")
UNTIL = {
    "from": {"pod": "cart"},
    "to": {"cidr": "198.51.100.200/32"},
    "ports": [{"protocol": "TCP", "port": 443}],
    "reason": "why",
    "owner": "who",
}
GIVEN: dict[str, tuple[dict[str, Any], str]] = {
    "pods.cart.port": ({"pods": {"cart": {"port": 50052}}}, "pods.cart.ports.grpc"),
    "endpoints.coredns": ({"endpoints": {"coredns": {"cidrs": []}}}, "endpoints.resolver"),
    "flows.cart-to-db": ({"flows": {"cart-to-db": {"enabled": True}}}, "flows.cart-to-database"),
    "namespaces.shop": ({"namespaces": {"shop": "x"}}, "namespaces.back.name"),
    "exceptions.probe.until": ({"exceptions": {"probe": {**UNTIL, "until": "x"}}}, "exceptions.*.expires"),
    "debug": ({"debug": True}, "nothing took its place: The chart logs nothing"),
}


@pytest.fixture(scope="module")
def webshop() -> Matrix:
    return load_matrix(str(Path(__file__).parent / "matrix.yaml"))


@pytest.fixture(scope="module")
def shop(helm: Helm, webshop: Matrix, tmp_path_factory: pytest.TempPathFactory) -> Chart:
    folder = write(plan(webshop), tmp_path_factory.mktemp("webshop"))
    return Chart(helm, folder, tmp_path_factory.mktemp("values"))


@pytest.mark.parametrize("key", GIVEN)
@pytest.mark.parametrize("arguments", [(), ("--skip-schema-validation",)], ids=["schema", "no schema"])
def test_helm_alone_names_the_successor(shop: Chart, key: str, arguments: tuple[str, ...]) -> None:
    values, successor = GIVEN[key]
    output = shop.template(shop.folder / "values-live.yaml", values, arguments=arguments)
    assert output.status != 0
    assert output.stdout == b""
    (told,) = re.findall(r"NM291 (.*)\n", output.stderr)
    assert told.startswith(f"{key}: was removed in 2.")
    assert successor in told
    assert re.findall(r"NM\d{3}", output.stderr) == ["NM291"]


@pytest.mark.parametrize("value", [1, "x", True, None, [], [1], {}, {"a": {"b": [None]}}], ids=repr)
def test_whatever_it_holds(shop: Chart, webshop: Matrix, value: Any) -> None:
    values = {"pods": {"cart": {"port": value}}}
    output = shop.template(shop.folder / "values-live.yaml", values)
    by_helm = re.findall(r"(NM\d{3}) (\S+):", output.stderr)
    assert by_helm == judged(webshop, shop, values) == [("NM291", "pods.cart.port")]


@pytest.mark.parametrize("key", GIVEN)
def test_python_says_the_same_at_its_line(webshop: Matrix, shop: Chart, key: str) -> None:
    assert judged(webshop, shop, GIVEN[key][0]) == [("NM291", key)]


def judged(webshop: Matrix, shop: Chart, values: dict[str, Any]) -> list[tuple[str, str]]:
    defaults = parse_mapping(values_yaml(webshop, "defaults").encode(), "values.yaml")
    live = parse_mapping((shop.folder / "values-live.yaml").read_bytes(), "values-live.yaml")
    layer = parse_mapping(yaml.safe_dump(values).encode(), "a.yaml")
    schemas = Schemas.of(values_schema(webshop))
    found = validate_values(webshop, schemas, defaults, [live, layer], today=date(2026, 1, 1)).findings
    assert all(finding.place == layer.key_place(finding.path) and finding.hint for finding in found)
    return [(finding.rule.id, key_path_text(finding.path)) for finding in found]


def test_the_schema_lets_it_pass_untyped_and_marked(webshop: Matrix) -> None:
    marked = values_schema(webshop)["properties"]["pods"]["properties"]["cart"]["properties"]["port"]
    assert marked == {
        "title": "was removed in 2.1.0; its successor is pods.cart.ports.grpc",
        "description": "Was removed in 2.1.0; its successor is pods.cart.ports.grpc.",
        "deprecated": True,
    }
    assert "port" not in values_schema(webshop)["properties"]["pods"]["properties"]["cart"]["required"]


def test_the_reference_tells_it_apart_from_the_keys_that_there_are(webshop: Matrix) -> None:
    page, _, removed = values_markdown(webshop).partition("## Removed")
    assert "coredns`" not in page
    assert "| `endpoints.coredns` | 2.0.0 | `endpoints.resolver` |" in removed
    assert "| `debug` | 2.3.1 | nothing: The chart logs nothing |" in removed


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("pods.cart.port:", "pods.cart.ports:", "pods.cart.ports is a key of the values"),
        ("pods.cart.port:", "pods.basket.port:", "pods.basket.port has no place"),
        ("pods.cart.port:", "pods.cart.ports.grpc.x:", "pods.cart.ports.grpc.x has no place"),
        ("exceptions.*.until:", "exceptions.*:", "exceptions.* has no place"),
        ("now: pods.cart.ports.grpc", "now: pods.cart.ports.http", "is no key of the values"),
        ("now: exceptions.*.expires", "now: debug", "is no key of the values"),
        ("now: exceptions.*.expires", "now: namespaces.back.name", "do not stand for the same ids"),
    ],
)
def test_a_removed_key_that_cannot_be_is_refused_at_its_line(old: str, new: str, told: str) -> None:
    assert old in MATRIX
    text = MATRIX.replace(old, new, 1)
    matrix = parse_matrix(parse_mapping(text.encode(), "matrix.yaml"))
    with pytest.raises(MatrixError) as refused:
        plan(matrix)
    (finding,) = refused.value.findings
    assert finding.rule.id == "NM305"
    assert told in finding.message
    assert finding.hint
    assert new in text.splitlines()[finding.place.line - 1]


def test_every_version_that_took_a_key_away_has_a_section_in_upgrade_md() -> None:
    removed = load_matrix(str(ROOT / "matrix.yaml")).removed
    upgrade = (ROOT / "UPGRADE.md").read_text(encoding="utf-8")
    assert [item.since for item in removed if f"## {item.since}" not in upgrade] == []
