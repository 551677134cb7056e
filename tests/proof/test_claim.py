"""The whole claim, judged by brute force: what Helm renders allows exactly what the matrix grants, packet by packet.

`verify` holds where no packet differs, fails where one does, and the packets that it names do differ.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netmatrix.helm import Helm
from tests.parity import cases as corpus
from tests.parity.overrides import override
from tests.policy.brute_force import Data
from tests.policy.worlds import policies
from tests.proof.case import Case, Refused, confirmed, differing, prepare, verdict_on
from tests.support import scenarios
from tests.support.api_server import Cluster, serving
from tests.support.rendering import objects_of
from tests.support.scenarios import ROOT, Scenario

QUICK = [
    Scenario("prod", operational=True),
    Scenario("prod", cluster="ingress-controller"),
    Scenario("dev", cluster="with-exception"),
]
OTHERS = [item for item in scenarios.ALL if item not in QUICK]
SEEDS = range(120)
FOUND = (("192.0.2.10", 6443), ("2001:db8::10", 8443))
CARTS = json.loads('{"a": "cart", "b": "database", "blue": "shop-back"}')


def agree(case: Case) -> None:
    """Brute force and `verify` both find that the claim holds."""
    assert next(differing(case, case.objects), None) is None
    assert verdict_on(case, case.objects).holds


@pytest.mark.parametrize(
    "scenario", [*QUICK, *(pytest.param(item, marks=pytest.mark.oracle) for item in OTHERS)], ids=str
)
def test_what_is_shipped_grants_exactly_the_matrix(scenario: Scenario, helm: Helm, tmp_path: Path) -> None:
    agree(prepare(ROOT, helm, scenario.files(), tmp_path))


@pytest.mark.oracle
@pytest.mark.parametrize("good", corpus.cases("good"), ids=str)
def test_values_that_hold_grant_exactly_the_matrix(good: corpus.Case, helm: Helm, tmp_path: Path) -> None:
    agree(prepare(ROOT, helm, [*good.base, good.file], tmp_path, sets=good.sets))


@pytest.mark.oracle
@pytest.mark.parametrize("environment", scenarios.ENVIRONMENTS)
def test_random_values_that_hold_grant_exactly_the_matrix(environment: str, helm: Helm, tmp_path: Path) -> None:
    schema = json.loads((ROOT / "schema" / "values.schema.json").read_text(encoding="utf-8"))
    file, held = tmp_path / "override.yaml", 0
    for seed in SEEDS:
        file.write_text(json.dumps(override(schema, seed)), encoding="utf-8")
        try:
            case = prepare(ROOT, helm, [*Scenario(environment).files(), file], tmp_path)
        except Refused:
            continue
        agree(case)
        held += 1
    assert held > len(SEEDS) / 20


def test_what_is_discovered_is_granted_on_its_own_ports(helm: Helm, tmp_path: Path) -> None:
    cluster = Cluster()
    for name in ("apps", "stalker"):
        cluster.add_namespace(name)
    slices = [{"service": "kubernetes", "addresses": [ip], "ports": [port]} for ip, port in FOUND]
    kinds = ["IPv6" if ":" in ip else "IPv4" for ip, _ in FOUND]
    cluster.set_slices("default", [{**item, "addressType": kind} for item, kind in zip(slices, kinds, strict=True)])
    with serving(cluster, tmp_path / "kubeconfig") as kubeconfig:
        server = ["--dry-run=server", "--disable-openapi-validation", "--kubeconfig", str(kubeconfig)]
        case = prepare(ROOT, helm, Scenario("prod").files(), tmp_path, discovered=FOUND, arguments=server)
    agree(case)
    without = Case(case.granted, case.matrix, case.values, case.objects)
    assert next(differing(without, without.objects), None) is not None, "brute force must see what was discovered"


def test_every_packet_that_verify_names_in_the_shipped_policies_differs(helm: Helm, tmp_path: Path) -> None:
    case = prepare(ROOT, helm, Scenario("prod", operational=True).files(), tmp_path)
    shipped = objects_of((ROOT / "tests" / "proof" / "shipped" / "prod.yaml").read_bytes())
    named = verdict_on(case, shipped).counter_examples
    assert len(named) > 100
    for item in named:
        confirmed(case, shipped, item)


def test_another_matrix_is_granted_exactly(shop: Case) -> None:
    agree(shop)


@st.composite
def of_others(draw: st.DrawFn) -> list[Data]:
    """Policies of somebody else, that speak of the shop's namespaces and labels."""
    homes = st.sampled_from(["shop-front", "shop-back", "default", "kube-system"])
    drawn = [draw(policies(f"theirs-{number}", draw(homes))) for number in range(draw(st.integers(1, 2)))]
    translated: list[Data] = json.loads(json.dumps(drawn), object_hook=in_the_shop)
    return translated


def in_the_shop(item: Data) -> Data:
    """Values of labels as the shop's pods have them."""
    return {key: in_words_of_the_shop(value) for key, value in item.items()}


def in_words_of_the_shop(value: object) -> object:
    if isinstance(value, list):
        return [in_words_of_the_shop(item) for item in value]
    return CARTS.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize("count", [15, pytest.param(300, marks=pytest.mark.oracle)])
def test_verify_fails_on_policies_of_others_where_a_packet_differs_and_nowhere_else(shop: Case, count: int) -> None:
    verdicts = set()

    @settings(
        max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(of_others())
    def compare(theirs: list[Data]) -> None:
        objects = [*shop.objects, *theirs]
        verdict = verdict_on(shop, objects)
        found = next(differing(shop, objects), None)
        assert verdict.holds == (found is None), found
        for item in verdict.counter_examples:
            confirmed(shop, objects, item)
        verdicts.add(verdict.holds)

    compare()
    assert verdicts == {True, False}
