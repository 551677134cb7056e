"""`netmatrix graph`: any values layer of any matrix as a picture, and text that stays text."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import TODAY, Run, replace_in
from tests.graph.geometry import SVG, faults, inside, read
from tests.support.scenarios import ROOT

PROD = ("-f", "values/values-prod.yaml", *TODAY)
WEBSHOP = ("--matrix", "tests/webshop/matrix.yaml")
EXCEPTION = """\
exceptions:
  look:
    from: {pod: cron}
    to: {cidr: 203.0.113.20/32}
    ports: [{protocol: TCP, port: 8443}]
    reason: '<script>alert("]]>")</script> & %N; -->'
    owner: '"quoted" <b>'
    expires: "2027-06-30"
"""


def test_a_layer_shows_what_is_on(netmatrix: Run) -> None:
    plain, more = (flows(netmatrix("graph", *PROD, *extra).out) for extra in ((), ("-f", "values/operational.yaml")))
    assert "jobs-to-dns" not in plain
    assert more["jobs-to-dns"].attrib["class"] == "flow operational"
    assert plain.keys() < more.keys()


def test_what_is_off_is_drawn_where_it_is_asked_for(netmatrix: Run) -> None:
    off = ("--set", "flows.cron-to-mongo.enabled=false", "--with-off")
    found = flows(netmatrix("graph", *PROD, *off).out)
    assert found["cron-to-mongo"].attrib["class"] == "flow documented off"
    assert found["jobs-to-dns"].attrib["class"] == "flow operational off"


@pytest.mark.parametrize("format_", ["svg", "dot", "mermaid"])
def test_names_ports_and_peers_are_those_of_the_values(format_: str, netmatrix: Run) -> None:
    override = ROOT / "values" / "clusters" / "ingress-controller.yaml"
    sets = ("--set", "namespaces.app.name=kite", "--set", "pods.orchestrator.ports.http=8080")
    text = netmatrix("graph", *PROD, "-f", override, *sets, "--format", format_).out
    for words in ("namespace kite", "8080", "pods of ingress-nginx"):
        assert words in text
    assert "namespace stalker<" not in text


def test_an_exception_has_a_style_and_names_its_day_and_owner(netmatrix: Run) -> None:
    result = netmatrix("graph", *PROD, "-f", "values/clusters/with-exception.yaml")
    group = flows(result.out)["orchestrator-to-registry"]
    assert group.attrib["class"] == "flow exception"
    assert [text.text for text in group.iter(f"{SVG}text")] == ["443", "until", "2027-06-30"]
    assert "platform-team@example.org" in (group.findtext(f"{SVG}title") or "")
    assert faults(result.out) == []
    assert result.err == ""


@pytest.mark.parametrize("format_", ["svg", "dot", "mermaid"])
def test_a_foreign_matrix_is_drawn_without_an_engine(format_: str, netmatrix: Run, tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "webshop" / "matrix.yaml", tmp_path)
    assert netmatrix("generate", cwd=tmp_path).status == 0
    result = netmatrix("graph", "--environment", "staging", "--with-off", "--format", format_, cwd=tmp_path)
    assert result.status == 0, result.err
    assert "Storefront" in result.out
    if format_ == "svg":
        assert faults(result.out) == []
        assert "NM802 there is no file of coordinates: every party is drawn on a step of its own" in result.err
        assert faults((tmp_path / "docs" / "network-live.svg").read_text(encoding="utf-8")) == []
    else:
        assert result.err == ""


def test_text_that_means_something_to_a_format_stays_text(netmatrix: Run, tmp_path: Path) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_text(EXCEPTION, encoding="utf-8")
    result = netmatrix("graph", *PROD, "-f", file)
    assert result.status == 0, result.err
    root = ElementTree.fromstring(result.out)
    assert {item.tag.removeprefix(SVG) for item in root.iter()} == {
        *("svg", "title", "desc", "style", "rect", "text", "g", "path", "polygon")
    }
    assert """<script>alert("]]>")</script> & %N; -->""" in (flows(result.out)["look"].findtext(f"{SVG}title") or "")


@pytest.mark.parametrize("format_", ["dot", "mermaid"])
def test_a_title_cannot_end_its_string(format_: str, netmatrix: Run, copy: Path) -> None:
    replace_in(copy / "matrix.yaml", "title: Kafka", "title: '];<b>#x & | --> end'")
    assert netmatrix("generate", cwd=copy).status == 0
    result = netmatrix("graph", "--environment", "prod", "--format", format_, cwd=copy)
    assert result.status == 0, result.err
    if format_ == "dot":
        assert '"kafka" [label="];<b>#x & | --> end"' in result.out
    else:
        assert "#93;#59;#60;b#62;#35;x #38; #124; --#62; end" in result.out


def test_a_pod_that_is_new_is_drawn_without_the_engine_and_a_note_says_how_to_do_better(
    netmatrix: Run, copy: Path
) -> None:
    pod = "  ledger: {title: Ledger, namespace: app, labels: {app.kubernetes.io/name: ledger}, ports: {http: 8090}}\n"
    replace_in(copy / "matrix.yaml", "\nendpoints:\n", f"{pod}\nendpoints:\n")
    flow = "  ledger-to-mongo: {from: ledger, to: mongo, ports: [mongodb], basis: operation, reason: Books}\n"
    replace_in(copy / "matrix.yaml", "\nnever:\n", f"{flow}\nnever:\n")
    result = netmatrix("generate", cwd=copy)
    assert result.status == 0, result.err
    assert (
        "note NM802 there is no place for ledger, ledger > mongo: operational, off: put beside the rest" in result.out
    )
    assert netmatrix("generate", "--check", cwd=copy).status == 0
    for environment in ("prod", "dev"):
        text = (copy / "docs" / f"network-{environment}.svg").read_text(encoding="utf-8")
        assert faults(text) == []
        assert "Ledger" in text


def test_a_pod_that_has_moved_is_not_drawn_in_its_old_namespace(netmatrix: Run, copy: Path) -> None:
    replace_in(copy / "matrix.yaml", "title: Kafka\n    namespace: app", "title: Kafka\n    namespace: default")
    assert netmatrix("generate", cwd=copy).status == 0
    picture = netmatrix("graph", "--environment", "prod", cwd=copy).out
    assert faults(picture) == []
    shapes = read(picture)
    frames = [name.split(",")[0] for name, frame in shapes.frames.items() if inside(shapes.boxes["kafka"], frame)]
    assert frames == ["namespace default"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("\nnodes:\n", "\nboxes:\n", "NM801 nodes: these are no coordinates: there must be a map"),
        ("  'cron': [", "  'cron': [x, ", "NM801 nodes.cron: these are no coordinates: there must be 4 numbers"),
        ("groups:", "groups: [", "error NM0"),
    ],
)
def test_damaged_coordinates_are_told_with_their_place(
    old: str, new: str, told: str, netmatrix: Run, copy: Path
) -> None:
    replace_in(copy / "docs" / "network-layout.yaml", old, new)
    result = netmatrix("graph", "--environment", "prod", cwd=copy)
    assert result.status == 2
    assert "docs/network-layout.yaml:" in result.err
    assert told in result.err
    assert result.out == ""


def test_values_that_do_not_hold_are_not_drawn(netmatrix: Run, tmp_path: Path) -> None:
    result = netmatrix("graph", *PROD, "--set", "flows.cron-to-mongo.enabld=true", "--output", tmp_path / "x.svg")
    assert result.status == 1
    assert "did you mean" in result.err
    assert not (tmp_path / "x.svg").exists()


def test_a_file_is_written_whole_and_nothing_is_printed(netmatrix: Run, tmp_path: Path) -> None:
    result = netmatrix("graph", *PROD, "--output", tmp_path / "x.svg")
    assert (result.status, result.out) == (0, "")
    assert (tmp_path / "x.svg").read_text(encoding="utf-8") == netmatrix("graph", *PROD).out


def flows(svg: str) -> dict[str, ElementTree.Element]:
    """The drawn connections by the flows and exceptions that they rest on."""
    groups = (item for item in ElementTree.fromstring(svg).iter(f"{SVG}g") if "data-flow" in item.attrib)
    return {flow: group for group in groups for flow in group.attrib["data-flow"].split()}
