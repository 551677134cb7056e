"""Any matrix gives a complete chart: unusual matrices, each an edit of a small one, rendered in every scenario."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from netmatrix.document.reader import parse_mapping
from netmatrix.emit.plan import plan
from netmatrix.helm import Helm
from netmatrix.matrix.load import parse_matrix
from tests.support.connections import ANY, ANYONE, Connection, connections
from tests.support.generated import write
from tests.support.kubernetes import VERSIONS, assert_accepted_by_the_api
from tests.support.rendering import Chart
from tests.support.scenarios import ROOT
from tests.support.shares import long_but

Edits = list[tuple[str, str]]

MINIMAL = (ROOT / "tests" / "matrix" / "minimal.yaml").read_text(encoding="utf-8")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
FLOWS, NEVER = "\nflows:\n", "\nnever:\n"

MATRICES: dict[str, Edits] = {
    "as it is": [],
    "pods alone": [
        (MINIMAL[MINIMAL.index("\nendpoints:") : MINIMAL.index(FLOWS)], ""),
        (MINIMAL[MINIMAL.index("\nnever:") :], ""),
        (MINIMAL[MINIMAL.index("  web-to-dns") : MINIMAL.index("\nnever:")], ""),
        ("from: outside, to: web", "from: web, to: web"),
    ],
    "one environment": [
        ("[prod, dev]", "[prod]"),
        (", dev: Test store", ""),
    ],
    "an environment without documented flows": [
        (f"{ports}, basis: table", f"{ports}, environments: [prod], basis: table")
        for ports in ("to: web, ports: [http]", "to: dns, ports: [dns]", "to: bank, ports: [https]")
    ],
    "anyone as destination": [
        (FLOWS, f"{FLOWS}  web-to-anyone: {{from: web, to: outside, ports: [25, 53/UDP], basis: table}}\n"),
        (NEVER, f"  store-to-anyone: {{from: store, to: outside, ports: any, basis: table}}\n{NEVER}"),
    ],
    "anyone as source, on any port": [("to: web, ports: [http]", "to: web, ports: any")],
    "other pods as source": [(FLOWS, f"{FLOWS}  dns-to-web: {{from: dns, to: web, ports: [https], basis: table}}\n")],
    "other pods on any port": [("to: dns, ports: [dns]", "to: dns, ports: any")],
    "addresses as source": [
        (FLOWS, f"{FLOWS}  bank-to-web: {{from: bank, to: web, ports: [https], basis: table}}\n"),
        (NEVER, f"  internet: {{from: internet, to: web, ports: any, basis: operation, reason: Look}}\n{NEVER}"),
    ],
    "labels that look like other types": [("labels: {app: web}", 'labels: {app: "true", "1": "0x1F", "null": "null"}')],
    "text that means something to Helm, YAML or Markdown": [
        ("title: Kiosk", 'title: "Kiosk\'s: 100 % of | */ <b> # all --> "'),
        ("description: A kiosk", "description: \"Ends */ here: - 'x' # <!-- --> %\""),
        ("{title: Web, ", '{title: "W | e*b: \'1\' # */", short: "*/ | #", description: "Ends */ here # and: there", '),
        ("kind: anyone", 'kind: anyone, description: "Every */ one # : - |"'),
        ("reason: Maps are drawn elsewhere", "reason: \"Maps */ are | drawn: 'else' # where\""),
        ("reason: Data stay inside", "reason: \"Data */ stay: % # 'inside' | %s\""),
    ],
    "no namespace of Kubernetes": [("  default: {name: default, defaultDeny: true}\n", "")],
    "a long version": [("version: 1.0.0", "version: 202511231011121314.202511231011121314.202511231011121314")],
}
QUICK = {
    "pods alone",
    "an environment without documented flows",
    "labels that look like other types",
    "text that means something to Helm, YAML or Markdown",
}
"""Those whose charts `make test` renders: the furthest from the project's own; `make test-long` renders the others."""


@pytest.mark.parametrize("name", long_but(QUICK.__contains__, MATRICES))
def test_its_chart_passes_strict_lint_and_the_api_accepts_what_it_renders(
    helm: Helm, tmp_path: Path, name: str
) -> None:
    chart = chart_of(helm, MATRICES[name], tmp_path)
    scenarios = sorted((chart.folder / "ci").iterdir())
    for file in scenarios:
        lint = helm.run(["lint", "--strict", str(chart.folder), "--values", str(file)])
        assert lint.status == 0, lint.stdout
        objects = chart.objects(file)
        for version in VERSIONS:
            assert_accepted_by_the_api(objects, version)
        for item in objects:
            assert [
                value for value in item["metadata"].get("labels", {}).values() if not LABEL_VALUE.fullmatch(value)
            ] == []


@pytest.mark.parametrize("edits", MATRICES.values(), ids=MATRICES.keys())
def test_its_values_files_are_read_alike_by_strict_and_by_lenient_readers(edits: Edits) -> None:
    matrix = parse_matrix(parse_mapping(edited(edits).encode(), "matrix.yaml"))
    files = {
        path: text for path, text in plan(matrix).files.items() if "values" in path.name and path.suffix == ".yaml"
    }
    for path, text in files.items():
        assert parse_mapping(text.encode(), str(path)).data == yaml.safe_load(text)


def test_a_version_with_build_metadata_still_gives_labels_that_the_api_accepts(helm: Helm, tmp_path: Path) -> None:
    chart = chart_of(helm, [], tmp_path)
    version = f"1.0.0-rc.1+{'0123456789abcdef' * 3}"
    packed = helm.run(["package", str(chart.folder), "--version", version, "--destination", str(tmp_path)])
    assert packed.status == 0, packed.stderr
    (archive,) = tmp_path.glob("*.tgz")
    for item in Chart(helm, archive, chart.scratch).objects(chart.folder / "values-prod.yaml"):
        assert [
            value for value in item["metadata"].get("labels", {}).values() if not LABEL_VALUE.fullmatch(value)
        ] == []


def test_any_port_of_anyone_is_a_rule_that_says_nothing_and_narrows_to_its_peers(helm: Helm, tmp_path: Path) -> None:
    chart = chart_of(helm, MATRICES["anyone as source, on any port"], tmp_path)
    narrow = {"endpoints": {"outside": {"anyone": False, "peers": {"office": {"cidr": "203.0.113.0/24"}}}}}
    prod = chart.folder / "values-prod.yaml"
    for layers, peer in (([prod], ANYONE), ([prod, narrow], "203.0.113.0/24")):
        opened = connections(chart.objects(*layers), {})
        assert Connection("kiosk/app=web", "ingress", peer, ANY, ANY) in opened


def chart_of(helm: Helm, edits: Edits, folder: Path) -> Chart:
    matrix = parse_matrix(parse_mapping(edited(edits).encode(), "matrix.yaml"))
    scratch = folder / "scratch"
    scratch.mkdir()
    return Chart(helm, write(plan(matrix), folder / "out"), scratch)


def edited(edits: Edits) -> str:
    text = MINIMAL
    for before, after in edits:
        assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times in minimal.yaml"
        text = text.replace(before, after)
    return text


def test_no_template_of_the_chart_is_defined_twice(project_root: Path) -> None:
    """A pod called `endpoint` beside an endpoint called `egress` once made one name of two: the later one won."""
    text = (project_root / "tests/matrix/minimal.yaml").read_text(encoding="utf-8")
    text = text.replace("outside", "ingress").replace("bank", "egress")
    text = text.replace("  web:", "  endpoint:").replace(": web,", ": endpoint,").replace("web-", "endpoint-")
    matrix = parse_matrix(parse_mapping(text.encode(), "matrix.yaml"))
    defined = [
        name
        for path, content in plan(matrix).files.items()
        if path.parts[:2] == ("chart", "templates")
        for name in re.findall(r'define "([^"]+)"', content)
    ]
    assert len(defined) == len(set(defined))
    assert "endpoint" in matrix.pods
    assert "egress" in matrix.endpoints
