"""A second matrix, of an application that has nothing to do with the first: its chart passes the same checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from netmatrix.emit.plan import plan
from netmatrix.helm import Helm
from netmatrix.matrix.load import load_matrix
from netmatrix.matrix.model import Matrix
from netmatrix.matrix.tables import table
from tests.support.connections import ANYONE, Connection, Names, connections, names
from tests.support.generated import write
from tests.support.kubernetes import VERSIONS, assert_accepted_by_the_api
from tests.support.rendering import Chart, policies

CI_FILES = [f"{environment}{kind}-values.yaml" for environment in ("live", "staging") for kind in ("", ".everything")]
EACH_CI_FILE = pytest.mark.parametrize("file", CI_FILES)

TABLES = {
    "live": [
        ("Storefront", "8080, 9100", "53 (DNS), 50051 (Cart)"),
        ("Cart", "50051", "443 (Payments), 5432 (DB), 8443 (Payments)"),
        ("Database (cluster)", "5432, 5433", "5433 (DB)"),
    ],
    "staging": [
        ("Storefront", "8080, 9100", "53 (DNS), 50051 (Cart)"),
        ("Cart", "50051", "443 (Payments), 5432 (DB), 8443 (Payments)"),
        ("Database", "5432", "Deny All"),
    ],
}

PODS = {
    "storefront": ("shop-front", {"app": "storefront"}),
    "cart": ("shop-back", {"app": "cart"}),
    "database": ("shop-back", {"app": "database", "tier": "data"}),
    "mailer": ("shop-back", {"app": "mailer"}),
    "dns": ("kube-system", {"k8s-app": "kube-dns"}),
    "prometheus": ("monitoring", {"app.kubernetes.io/name": "prometheus"}),
}
PAYMENTS = ("198.51.100.0/24 except 198.51.100.128/25", "2001:db8:77::/48")
LIVE = [
    ("storefront", "ingress", ANYONE, "TCP", "8080"),
    ("storefront", "ingress", "prometheus", "TCP", "9100"),
    ("storefront", "egress", "dns", "TCP", "53"),
    ("storefront", "egress", "dns", "UDP", "53"),
    ("storefront", "egress", "cart", "TCP", "50051"),
    ("cart", "ingress", "storefront", "TCP", "50051"),
    ("cart", "egress", "database", "TCP", "5432"),
    *(("cart", "egress", range_, "TCP", port) for range_ in PAYMENTS for port in ("443", "8443")),
    ("database", "ingress", "cart", "TCP", "5432"),
    ("database", "ingress", "database", "TCP", "5433"),
    ("database", "egress", "database", "TCP", "5433"),
]
OPERATIONAL = [
    ("cart", "egress", "mailer", "UDP", "514"),
    ("cart", "egress", "mailer", "SCTP", "3868"),
    ("mailer", "ingress", "cart", "UDP", "514"),
    ("mailer", "ingress", "cart", "SCTP", "3868"),
    ("mailer", "egress", "203.0.113.25/32", "TCP", "587"),
]


@pytest.fixture(scope="module")
def webshop() -> Matrix:
    return load_matrix(str(Path(__file__).parent / "matrix.yaml"))


@pytest.fixture(scope="module")
def shop(helm: Helm, webshop: Matrix, tmp_path_factory: pytest.TempPathFactory) -> Chart:
    folder = tmp_path_factory.mktemp("webshop")
    scratch = tmp_path_factory.mktemp("values")
    return Chart(helm, write(plan(webshop), folder), scratch)


@pytest.fixture(scope="module")
def shop_names() -> Names:
    return names(PODS)


@pytest.mark.parametrize("environment", TABLES)
def test_its_tables_are_what_its_matrix_says(webshop: Matrix, environment: str) -> None:
    assert [row.cells() for row in table(webshop, environment)] == TABLES[environment]


def test_it_opens_its_connections_and_no_other(shop: Chart, shop_names: Names) -> None:
    values = shop.folder.parent / "values"
    live = shop.objects(values / "values-live.yaml")
    whole = shop.objects(values / "values-live.yaml", values / "operational.yaml")
    assert connections(live, shop_names) == sorted(Connection(*line) for line in LIVE)
    assert connections(whole, shop_names) == sorted(Connection(*line) for line in LIVE + OPERATIONAL)
    assert {name for name in policies(live) if "default-deny" in name} == {
        "shop-default-deny/shop-front",
        "shop-default-deny/shop-back",
    }


@EACH_CI_FILE
def test_its_chart_passes_strict_lint(shop: Chart, file: str) -> None:
    output = shop.helm.run(["lint", "--strict", str(shop.folder), "--values", str(shop.folder / "ci" / file)])
    assert output.status == 0, output.stdout


@EACH_CI_FILE
def test_the_api_server_accepts_its_objects(shop: Chart, file: str) -> None:
    objects = shop.objects(shop.folder / "ci" / file)
    assert {item["kind"] for item in objects} == {"NetworkPolicy", "Namespace", "Pod"}
    for version in VERSIONS:
        assert_accepted_by_the_api(objects, version)


def test_helm_3_renders_the_same_objects(shop: Chart, helm3: Helm) -> None:
    for file in CI_FILES:
        values = shop.folder / "ci" / file
        other = Chart(helm3, shop.folder, shop.scratch).objects(values)
        assert sorted(other, key=str) == sorted(shop.objects(values), key=str)


def test_its_chart_without_an_environment_names_its_own_files(shop: Chart) -> None:
    output = shop.template()
    assert output.status != 0
    assert "values/values-live.yaml" in output.stderr
    assert "values/values-staging.yaml" in output.stderr
