"""The objects of other APIs under `verify`: they come to the same, and each slip in them is told with a packet."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netmatrix.emit.plan import plan
from netmatrix.helm import Helm
from netmatrix.helm.arguments import SetArgument
from netmatrix.matrix.load import load_matrix
from netmatrix.policy import ManifestError
from netmatrix.proof.backend import BackendVerdict
from netmatrix.proof.findings import findings
from netmatrix.proof.verdict_text import headline, text
from netmatrix.proof.verify import Verdict
from tests.policy.brute_cilium import allows, selecting
from tests.policy.brute_cluster import arrives
from tests.policy.brute_force import Data, Packet, World, applies, enters, leaves, policy_types
from tests.proof.case import Case, concrete, prepare, verdict_on
from tests.support.api_server import Cluster, serving
from tests.support.generated import write
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
    assert not together.differing
    assert {item.source for item in alone.differing} == {"addresses"}, "an ingress rule names pods alone"
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


CILIUM = "CiliumNetworkPolicy"


@pytest.fixture(scope="module")
def with_cilium(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Production, with Cilium's policies."""
    return prepare(ROOT, helm, Scenario("prod").files(), tmp_path_factory.mktemp("cilium"), sets=[switched("cilium")])


WITH_CILIUM = [
    Scenario("prod"),
    Scenario("dev", operational=True, cluster="gke"),
    Scenario("prod", cluster="with-exception"),
    Scenario("prod", operational=True, cluster="ingress-controller"),
]


@pytest.mark.parametrize("scenario", WITH_CILIUM, ids=str)
def test_cilium_s_policies_grant_exactly_the_matrix_but_for_where_the_api_server_is(
    helm: Helm, scenario: Scenario, tmp_path: Path
) -> None:
    found = prepare(ROOT, helm, scenario.files(), tmp_path, sets=[switched("cilium")])
    verdict = verdict_on(found, found.objects)
    assert verdict.holds
    for claim in of(verdict).claims:
        assert {(item.source, str(item.ports)) for item in claim.differing} == {("orchestrator", "TCP 443")}
    names = {item.name for item in of(verdict).backend.differences}
    assert names == {"api-server", "nodes", "dns", "icmp", "sctp", "without-identity", "cluster-mesh"}


def test_both_back_ends_hold_together(helm: Helm, tmp_path: Path) -> None:
    both = [switched("cilium"), switched("clusterNetworkPolicy")]
    found = prepare(ROOT, helm, Scenario("prod", operational=True).files(), tmp_path, sets=both)
    verdict = verdict_on(found, found.objects)
    assert verdict.holds
    assert [item.backend.kind for item in verdict.backends] == [CILIUM, CLUSTER]


def test_another_matrix_is_granted_exactly_in_cilium_s_words(
    helm: Helm, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shop")
    shutil.copy(ROOT / "tests" / "webshop" / "matrix.yaml", folder)
    write(plan(load_matrix(str(folder / "matrix.yaml"))), folder)
    both = folder / "backends.yaml"
    both.write_text("backends: {cilium: {enabled: true}, clusterNetworkPolicy: {enabled: true}}\n", encoding="utf-8")
    files = [*(folder / "values" / name for name in ("values-live.yaml", "operational.yaml")), both]
    found = prepare(folder, helm, files, tmp_path)
    assert verdict_on(found, found.objects).holds


def rule_of(name: str, direction: str, change: Callable[[list[Any]], object]) -> Callable[[Data], None]:
    """Change the rules of one policy."""

    def changed_(item: Data) -> None:
        if item["kind"] == CILIUM and item["metadata"]["name"] == name:
            change(item["spec"][direction])

    return changed_


EVERYBODY: Data = {"fromEntities": ["all"]}
API: Data = {"toEntities": ["kube-apiserver"], "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}


def api_rule(rules: list[Any]) -> Any:
    (found,) = [rule for rule in rules if "toEntities" in rule]
    return found


CILIUM_SLIPS: dict[str, tuple[str, str, Callable[[list[Any]], object]]] = {
    "a rule less": ("redkite-mongo-ingress", "ingress", lambda rules: rules.pop()),
    "everybody": ("redkite-mongo-ingress", "ingress", lambda rules: rules.append(EVERYBODY)),
    "no ports": ("redkite-ui-ingress", "ingress", lambda rules: rules[0].pop("toPorts")),
    "another port": (
        *("redkite-mongo-ingress", "ingress"),
        lambda rules: rules[0]["toPorts"][0]["ports"][0].update(port="27018"),
    ),
    "any protocol": (
        *("redkite-ui-ingress", "ingress"),
        lambda rules: [item.pop("protocol") for item in rules[0]["toPorts"][0]["ports"]],
    ),
    "the API server on any port": (
        "redkite-orchestrator-egress",
        "egress",
        lambda rules: api_rule(rules).pop("toPorts"),
    ),
    "the API server for jobs": ("redkite-jobs-egress", "egress", lambda rules: rules.append(API)),
    "everybody for the API server": (
        *("redkite-orchestrator-egress", "egress"),
        lambda rules: api_rule(rules).update(toEntities=["all"]),
    ),
    "no exceptions": (
        *("redkite-jobs-egress", "egress"),
        lambda rules: [item.pop("except", None) for rule in rules for item in rule.get("toCIDRSet", ())],
    ),
    "a wider range for the API server": (
        *("redkite-orchestrator-egress", "egress"),
        lambda rules: [item.update(cidr="0.0.0.0/0") for rule in rules for item in rule.get("toCIDRSet", ())],
    ),
    "the API server by address alone": (
        *("redkite-orchestrator-egress", "egress"),
        lambda rules: rules.remove(api_rule(rules)),
    ),
    "the API server by name alone": (
        *("redkite-orchestrator-egress", "egress"),
        lambda rules: rules.__delitem__(next(at for at, rule in enumerate(rules) if "toCIDRSet" in rule)),
    ),
    "another namespace": (
        *("redkite-orchestrator-ingress", "ingress"),
        lambda rules: rules[0]["fromEndpoints"][0]["matchLabels"].pop("k8s:io.kubernetes.pod.namespace"),
    ),
}


@pytest.mark.parametrize("slip", CILIUM_SLIPS)
def test_each_slip_in_cilium_s_policies_is_told_with_a_packet(with_cilium: Case, slip: str) -> None:
    objects = copy.deepcopy(with_cilium.objects)
    change = rule_of(*CILIUM_SLIPS[slip])
    for item in objects:
        change(item)
    assert objects != with_cilium.objects
    judged_as_brute_force_does(with_cilium, objects)


@pytest.mark.parametrize("number", range(19))
def test_no_policy_of_cilium_s_is_there_for_nothing(with_cilium: Case, number: int) -> None:
    """Without one, a packet differs; but for those of Deny All, which the default-deny of the namespace repeats."""
    policies = [item for item in with_cilium.objects if item["kind"] == CILIUM]
    assert len(policies) == 19
    gone = policies[number]
    objects = [item for item in with_cilium.objects if item is not gone]
    nothing = [gone["spec"].get(end, [{}]) == [{}] for end in ("ingress", "egress")]
    if all(nothing) and not gone["metadata"]["name"].endswith("default-deny"):
        assert verdict_on(with_cilium, objects).holds
    else:
        judged_as_brute_force_does(with_cilium, objects)


def judged_as_brute_force_does(case: Case, objects: list[Data]) -> None:
    """The claim fails, and brute force says of each packet what `verify` says, wherever the API server is."""
    verdict = verdict_on(case, objects)
    assert not verdict.holds
    assert not verdict.counter_examples, "the NetworkPolicies by themselves are as they were"
    alone, together = of(verdict).claims
    assert alone.counter_examples
    ciliums = [item for item in objects if item["kind"] == CILIUM]
    networked = [item for item in objects if item["kind"] == "NetworkPolicy"]
    for items, beside in ((alone.counter_examples, []), (together.counter_examples, networked)):
        for item in items:
            packet, namespaces = concrete(item.deviation.packet)
            world = World(namespaces, [], beside, item.deviation.models[0])
            passing = {passes(world, ciliums, packet, at) for at in (nowhere, anywhere)}
            assert item.deviation.gained in passing, packet
    told = findings(verdict, in_manifests=True)
    assert {finding.rule.id for finding in told} <= {"NM971", "NM972"}


def nowhere(_ip: str) -> bool:
    return False


def anywhere(_ip: str) -> bool:
    return True


def passes(world: World, ciliums: list[Data], packet: Packet, server: Callable[[str], bool]) -> bool:
    """Of both kinds, what either allows passes, at an end that either closes."""
    source, destination = (packet.source, packet.source_ip), (packet.destination, packet.destination_ip)
    return one_end(world, ciliums, packet, "egress", source, destination, leaves, server) and one_end(
        world, ciliums, packet, "ingress", destination, source, enters, server
    )


def one_end(
    world: World,
    ciliums: list[Data],
    packet: Packet,
    end: str,
    own: tuple[Data | None, str],
    other: tuple[Data | None, str],
    plain: Callable[[World, Packet], bool],
    server: Callable[[str], bool],
) -> bool:
    pod, _ = own
    if pod is None:
        return True
    by_cilium = bool(selecting(world, ciliums, end, pod))
    by_others = any(applies(item, pod) and end.title() in policy_types(item) for item in world.policies)
    allowed = [allows(world, ciliums, packet, end, pod, other, server)] if by_cilium else []
    return any([*allowed, *([plain(world, packet)] if by_others else [])]) or not (by_cilium or by_others)


def test_where_values_leave_the_api_server_no_address_its_name_is_no_excuse(helm: Helm, tmp_path: Path) -> None:
    closed = tmp_path / "closed.yaml"
    closed.write_text("endpoints: {kubernetes-api: {cidrs: [], discover: false}}\n", encoding="utf-8")
    files = [*Scenario("prod").files(), closed]
    found = prepare(ROOT, helm, files, tmp_path, sets=[switched("cilium")])
    assert "kube-apiserver" not in str(found.objects)
    assert verdict_on(found, found.objects).holds
    objects = copy.deepcopy(found.objects)
    for item in objects:
        rule_of("redkite-orchestrator-egress", "egress", lambda rules: rules.append(API))(item)
    judged_as_brute_force_does(found, objects)


def test_what_a_cluster_was_found_to_have_is_granted_on_its_own_ports_in_cilium_s_words_too(
    helm: Helm, tmp_path: Path
) -> None:
    cluster = Cluster()
    for name in ("apps", "stalker"):
        cluster.add_namespace(name)
    slice_ = {"service": "kubernetes", "addresses": ["192.0.2.10"], "ports": [6443], "addressType": "IPv4"}
    cluster.set_slices("default", [slice_])
    with serving(cluster, tmp_path / "kubeconfig") as kubeconfig:
        server = ["--dry-run=server", "--disable-openapi-validation", "--kubeconfig", str(kubeconfig)]
        found = prepare(
            *(ROOT, helm, Scenario("prod").files(), tmp_path),
            sets=[switched("cilium")],
            discovered=(("192.0.2.10", 6443),),
            arguments=server,
        )
    verdict = verdict_on(found, found.objects)
    assert verdict.holds
    excused = {(item.source, str(item.ports)) for claim in of(verdict).claims for item in claim.differing}
    assert {source for source, _ in excused} == {"orchestrator"}
    assert {ports for _, ports in excused} <= {"TCP 443", "TCP 6443", "TCP 443,6443"}
