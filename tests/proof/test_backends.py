"""The objects of other APIs under `verify`: they come to the same, and each slip in them is told with a packet."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netmatrix.helm import Helm
from netmatrix.helm.arguments import SetArgument
from netmatrix.policy import ManifestError
from netmatrix.proof.backend import BackendVerdict
from netmatrix.proof.findings import findings
from netmatrix.proof.verdict_text import headline, text
from netmatrix.proof.verify import Verdict
from tests.policy.brute_cluster import arrives
from tests.policy.brute_force import Data, World
from tests.proof.case import Case, concrete, prepare, verdict_on
from tests.support.scenarios import ROOT, Scenario

CLUSTER = "ClusterNetworkPolicy"
Change = Callable[[Any], object]
"""What it does to the specification of an object; it may return another specification."""


def switched(name: str) -> SetArgument:
    return SetArgument("--set", f"backends.{name}.enabled=true")


@pytest.fixture(scope="module")
def case(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Production, with the cluster's policy."""
    scratch = tmp_path_factory.mktemp("cluster")
    return prepare(ROOT, helm, Scenario("prod").files(), scratch, sets=[switched("clusterNetworkPolicy")])


def of(verdict: Verdict) -> BackendVerdict:
    (found,) = verdict.backends
    return found


def changed(case: Case, kind: str, change: Change) -> list[Data]:
    """All objects, those of one kind with another specification."""
    objects = copy.deepcopy(case.objects)
    for item in objects:
        if item["kind"] == kind:
            replaced = change(item["spec"])
            item["spec"] = replaced if isinstance(replaced, dict) else item["spec"]
    return objects


@pytest.mark.parametrize("scenario", [Scenario("prod"), Scenario("dev", operational=True)], ids=str)
def test_the_cluster_s_policy_takes_nothing_from_the_matrix_and_closes_all_by_itself(
    helm: Helm, scenario: Scenario, tmp_path: Path
) -> None:
    found = prepare(ROOT, helm, scenario.files(), tmp_path, sets=[switched("clusterNetworkPolicy")])
    verdict = verdict_on(found, found.objects)
    assert verdict.holds
    alone, together = of(verdict).claims
    assert not together.excused
    assert {item.source for item in alone.excused} == {"addresses"}, "an ingress rule names pods alone"
    assert {item.name for item in of(verdict).backend.differences} == {"ingress-from-addresses", "host-network"}


def set_(*path: str | int, to: object) -> Change:
    """Put another value at a path."""

    def change(spec: Any) -> None:
        for key in path[:-1]:
            spec = spec[key]
        spec[path[-1]] = to

    return change


def drop(*path: str | int) -> Change:
    """Take what is at a path away."""

    def change(spec: Any) -> None:
        for key in path[:-1]:
            spec = spec[key]
        del spec[path[-1]]

    return change


SOME: Data = {"namespaces": {"matchLabels": {"team": "ours"}}}
SLIPS: dict[str, Change] = {
    "another tier": set_("tier", to="Admin"),
    "ingress accepted": set_("ingress", 0, "action", to="Accept"),
    "ingress passed": set_("ingress", 0, "action", to="Pass"),
    "egress accepted": set_("egress", 0, "action", to="Accept"),
    "no ingress": drop("ingress"),
    "no egress": drop("egress"),
    "no networks": set_("egress", 0, "to", to=[{"namespaces": {}}]),
    "half of the networks": set_("egress", 0, "to", 1, "networks", to=["0.0.0.0/0"]),
    "some peers": set_("ingress", 0, "from", to=[SOME]),
    "one port": set_("egress", 0, "protocols", to=[{"tcp": {"destinationPort": {"number": 80}}}]),
    "one namespace less": drop("subject", "namespaces", "matchExpressions", 0, "values", 0),
    "an exception before it": lambda spec: spec["ingress"].insert(0, {"action": "Accept", "from": [SOME]}),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_each_slip_in_the_cluster_s_policy_is_told_with_a_packet(case: Case, slip: str) -> None:
    objects = changed(case, CLUSTER, SLIPS[slip])
    verdict = verdict_on(case, objects)
    assert not verdict.holds
    assert not verdict.counter_examples, "the NetworkPolicies by themselves are as they were"
    failing = {claim.among: claim.counter_examples for claim in of(verdict).claims if claim.counter_examples}
    assert failing
    for among, items in failing.items():
        networked = [item for item in objects if item["kind"] == "NetworkPolicy" and among != "alone"]
        clusters = [item for item in objects if item["kind"] == CLUSTER]
        for item in items:
            packet, namespaces = concrete(item.deviation.packet)
            world = World(namespaces, [], networked, item.deviation.models[0])
            assert arrives(world, clusters, packet) == item.deviation.gained, (among, packet)
    told = findings(verdict, in_manifests=True)
    assert {finding.rule.id for finding in told} <= {"NM971", "NM972"}
    assert all(CLUSTER in finding.message for finding in told)
    assert "FAILS" in headline(verdict, "the manifests")


def test_a_back_end_without_objects_is_no_back_end(case: Case) -> None:
    verdict = verdict_on(case, [item for item in case.objects if item["kind"] != CLUSTER])
    assert not verdict.holds
    assert [finding.rule.id for finding in findings(verdict, in_manifests=True)] == ["NM970"]


def test_another_policy_of_the_same_priority_leaves_it_open_who_goes_first(case: Case) -> None:
    (own,) = [item for item in case.objects if item["kind"] == CLUSTER]
    theirs = {**own, "metadata": {"name": "theirs"}}
    verdict = verdict_on(case, [*case.objects, theirs])
    assert not verdict.holds
    assert [finding.rule.id for finding in findings(verdict, in_manifests=True)] == ["NM973"]


def test_somebody_s_policy_of_the_admin_tier_is_judged_with_the_others(case: Case) -> None:
    (own,) = [item for item in case.objects if item["kind"] == CLUSTER]
    everybody = {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}}
    open_ = {**everybody, "ingress": [{"action": "Accept", "from": [SOME]}], "egress": []}
    verdict = verdict_on(case, [*case.objects, {**own, "metadata": {"name": "monitoring"}, "spec": open_}])
    assert not verdict.holds
    assert any("monitoring (Admin tier)" in finding.hint for finding in findings(verdict, in_manifests=True))


def test_what_is_not_decided_is_refused(case: Case) -> None:
    with pytest.raises(ManifestError, match="NM976"):
        verdict_on(case, changed(case, CLUSTER, set_("egress", 0, "to", 0, to={"nodes": {}})))


def test_where_no_back_end_is_on_such_policies_leave_it_undecided(helm: Helm, case: Case, tmp_path: Path) -> None:
    without = prepare(ROOT, helm, Scenario("prod").files(), tmp_path)
    assert verdict_on(without, without.objects).holds
    assert not verdict_on(without, without.objects).backends
    assert [item.kind for item in verdict_on(without, case.objects).unjudged] == [CLUSTER]


def test_the_verdict_says_what_was_proved_and_where_the_apis_differ(case: Case) -> None:
    told = text(verdict_on(case, case.objects), "the rendered policies")
    assert "ClusterNetworkPolicy: 1 object with 2 rules" in told
    assert "with all others, exactly what the matrix grants passes\n" in told
    assert "differs: from an address outside the cluster" in told
