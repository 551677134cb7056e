"""Install, upgrade, roll back, fail, uninstall: no forbidden connection is accepted at any time, and no edit is kept.

The tests share one cluster and one release, and follow one another. Probes run from the first to the last of them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from netmatrix.matrix.model import Matrix
from tests.e2e import divergences, lifecycle, packets, release, workloads
from tests.e2e.accounts import ANYTHING, READING, Account
from tests.e2e.choosing import chosen
from tests.e2e.comparison import disagreements
from tests.e2e.conftest import questions_of
from tests.e2e.editing import EDITED, edited, upgrade_takes_edits_away
from tests.e2e.endpoints import endpoints
from tests.e2e.enforcement import enforced_anew
from tests.e2e.expectation import Engine, Expectation
from tests.e2e.inside import dns
from tests.e2e.installation import NAMESPACE, RELEASE, arguments, grants, installed_policies, rendered, uninstall
from tests.e2e.lifecycle import LifeCycle, Policies, Watched
from tests.e2e.packets import Packet
from tests.e2e.paths import ROOT
from tests.e2e.patience import patient
from tests.e2e.programs import HELM3
from tests.e2e.release import DEV, OPERATIONAL, PROD
from tests.e2e.report import Report
from tests.e2e.session import Cluster, Hosts, Output
from tests.e2e.workloads import APP, JOBS

pytestmark = pytest.mark.e2e

CHART = ROOT / "chart"
_TRIES = 6
_PATIENCE = patient(30.0)


@dataclass(frozen=True)
class First:
    """An empty cluster into which the chart was installed, and what was seen meanwhile."""

    cluster: Cluster
    namespaces: tuple[set[str], set[str]]
    """Before, and after."""

    watched: Watched


@pytest.fixture(scope="module")
def first(empty: Cluster, outside: Hosts, report: Report) -> Iterator[First]:
    """Nothing of Red Kite is there, but others are, in `default` and elsewhere. At the end nothing of the chart is."""
    cluster = empty
    others = [item for item in workloads.ALL if item.namespace not in (APP, JOBS)]
    cluster.apply(workloads.objects(outside.ports, others))
    found = endpoints(cluster, outside, workloads.pods(others) + dns.REPLICAS)
    closed = Engine(rendered(cluster, [PROD]))
    with lifecycle.watching(cluster, chosen(questions_of(cluster, found, outside.ports), [closed])) as life:
        before = _namespaces(cluster)
        watched = life.change("install into an empty cluster", partial(release.install, cluster))
        report.changes += life.watched
    yield First(cluster, (before, _namespaces(cluster)), watched)
    uninstall(cluster)
    release.forget(cluster)


@pytest.fixture(scope="module")
def life(first: First, outside: Hosts, report: Report) -> Iterator[LifeCycle]:
    """The release, with all of Red Kite's pods started under its policies, and under watch from then on."""
    cluster = first.cluster
    cluster.apply(workloads.objects(outside.ports))
    found = endpoints(cluster, outside, workloads.pods() + dns.REPLICAS)
    states = [
        Engine(rendered(cluster, files))
        for files in ([PROD], release.everything(cluster), [DEV], [DEV, OPERATIONAL], release.narrowed(cluster))
    ]
    with lifecycle.watching(cluster, chosen(questions_of(cluster, found, outside.ports), states)) as running:
        yield running
        report.changes += running.watched


def test_installed_into_an_empty_cluster_it_makes_the_namespaces_and_lets_nobody_through(first: First) -> None:
    before, after = first.namespaces
    assert not {APP, JOBS} & before
    assert after - before == {APP, JOBS}
    assert first.watched.forbidden == ()
    assert first.watched.probes


def test_what_starts_under_the_policies_is_segmented(life: LifeCycle, matrix: Matrix) -> None:
    expected = Expectation(installed_policies(life.cluster), grants(matrix, [PROD]))
    asked = _asked(life)
    found = packets.send(life.cluster, asked, expected.engine)
    assert list(map(str, disagreements(found, expected))) == []


def test_every_end_and_every_rule_is_in_what_is_asked_all_the_time(life: LifeCycle) -> None:
    asked = _asked(life)
    stand_ins = {(item["metadata"]["namespace"], item["metadata"]["name"]) for item in _stand_ins(life.cluster)}
    for ends in ([question.source for question in asked], [question.destination for question in asked]):
        assert stand_ins <= {(end.namespace, end.name) for end in ends}
    for files in ([PROD], [DEV], release.everything(life.cluster)):
        state = Engine(rendered(life.cluster, files))
        rules = {
            f"{direction.lower()} rule {index} of policy {policy}"
            for policy in state.policies
            for direction in policy.types
            for index in range(1, len(policy.rules(direction)) + 1)
        }
        admitting = {str(rule) for question in asked for end in state.ends(question) for rule in end.admitted_by}
        # The API server's Service address, which is translated before a policy sees it.
        to_the_api = f"{APP}/redkite-flow-orchestrator-to-kubernetes-api-egress"
        assert rules - admitting == {f"egress rule 1 of policy {to_the_api}"}


@pytest.mark.parametrize("how", ["allow everything to the database", "delete a policy"])
def test_the_monitor_sees_a_hole_of_half_a_second(life: LifeCycle, how: str) -> None:
    """Or of a round, where the machine is so busy that one takes longer."""
    hole: Mapping[str, Any] = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}
    cluster = life.cluster

    def pass_by() -> None:
        opened = time.monotonic()
        time.sleep(0.5)
        first = next(life.monitor.rounds_since(opened, _PATIENCE))
        next(life.monitor.rounds_since(first.end, _PATIENCE))

    def open_and_close() -> None:
        if how == "delete a policy":
            with enforced_anew(cluster):
                cluster.kubectl("delete", "networkpolicy", "redkite-default-deny", "redkite-mongo-ingress", "-n", APP)
            pass_by()
            release.upgrade(cluster, PROD)
        else:
            with enforced_anew(cluster):
                cluster.apply(divergences.objects({"hole": hole}, APP))
            pass_by()
            cluster.kubectl("delete", "networkpolicy", "hole", "--namespace", APP)

    seen = life.aside(how, open_and_close)
    assert any("unrelated/nobody -> stalker/mongo" in packet for packet in seen.forbidden)


def test_a_flow_that_is_switched_off_and_on_lets_nothing_else_through(life: LifeCycle) -> None:
    """Not even where the other end has no policy, and the data plane counts rules: see `tests/support/places.py`."""
    cluster = life.cluster
    to_dns = [item for item in _asked(life) if "kafka" in item.source.name and item.destination.name == "kube-dns"]
    without = release.with_override(cluster, {"flows": {"kafka-to-dns": {"enabled": False}}})
    forbidden: list[str] = []

    def switch_off_and_on() -> None:
        with lifecycle.watching(cluster, to_dns) as closely:
            for _ in range(_TRIES):
                forbidden.extend(closely.aside("off", partial(release.upgrade, cluster, *without)).forbidden)
                forbidden.extend(closely.aside("on", partial(release.upgrade, cluster, PROD)).forbidden)

    seen = life.aside("switched off and on", switch_off_and_on)
    assert any("TCP 909" in str(packet) for packet in to_dns)
    assert forbidden == []
    # Prod stands before and after, and what stands in between allows less.
    assert seen.forbidden == ()


def test_an_exception_that_changes_its_peers_and_its_ports_at_once_lets_nothing_else_through(
    life: LifeCycle, outside: Hosts
) -> None:
    """Other ports are another policy: else the new peer would be let through on the old port for a moment."""
    cluster = life.cluster
    found = endpoints(cluster, outside, workloads.pods() + dns.REPLICAS)
    asked = [
        item
        for item in questions_of(cluster, found, outside.ports)
        if (item.source.name.partition("-")[0], item.source.namespace) == ("cron", APP)
        and item.destination.namespace == workloads.UNRELATED
        and item.target.port in (80, 3000)
    ]
    one, other = (release.with_exception(cluster, **ends) for ends in ({"port": 3000}, {"port": 80, "of": "as-job"}))
    forbidden: list[str] = []

    def there_and_back() -> None:
        release.upgrade(cluster, *one)
        with lifecycle.watching(cluster, asked) as closely:
            for _ in range(_TRIES):
                forbidden.extend(closely.aside("there", partial(release.upgrade, cluster, *other)).forbidden)
                forbidden.extend(closely.aside("back", partial(release.upgrade, cluster, *one)).forbidden)
        release.upgrade(cluster, PROD)

    def stood() -> list[Policies]:
        return [rendered(cluster, files) for files in (one, other)]

    seen = life.aside("an exception, elsewhere and on another port", there_and_back, stood)
    told = [str(packet) for packet in asked]
    for wrong in (r"-> unrelated/as-job at \S+ TCP 3000\b", r"-> unrelated/as-dns at \S+ TCP 80\b"):
        assert any(re.search(wrong, packet) for packet in told)
    assert forbidden == []
    assert seen.forbidden == ()


def test_an_upgrade_with_nothing_changed_changes_no_spec(life: LifeCycle) -> None:
    before = release.policies(life.cluster)
    assert life.change("upgrade with nothing changed", partial(release.upgrade, life.cluster, PROD)).forbidden == ()
    after = release.policies(life.cluster)
    assert {name: item["spec"] for name, item in after.items()} == {name: item["spec"] for name, item in before.items()}
    # The API server stores an empty list as none, and takes one that is sent again for a change of the object.
    renewed = {
        name for name in after if after[name]["metadata"]["generation"] != before[name]["metadata"]["generation"]
    }
    assert renewed <= {name for name, item in after.items() if not release.rules(item["spec"])}


def test_helm_4_applies_on_the_server_side(life: LifeCycle) -> None:
    for name, item in release.policies(life.cluster, "--show-managed-fields").items():
        managers = {(entry["manager"], entry["operation"]) for entry in item["metadata"]["managedFields"]}
        assert managers == {("helm", "Apply")}, name


@pytest.mark.parametrize("take_ownership", [(), ("--take-ownership",)], ids=["plainly", "taking ownership"])
def test_a_second_release_is_refused_and_told_of_the_first(life: LifeCycle, take_ownership: tuple[str, ...]) -> None:
    before = release.policies(life.cluster)
    values = ["--values", str(PROD), "--namespace", "unrelated", *take_ownership]
    refused = life.cluster.helm("install", "second", str(CHART), *values, check=False)
    assert refused.status != 0
    assert f"already segmented by release {RELEASE} in namespace {NAMESPACE}" in refused.stderr
    assert f"helm uninstall {RELEASE} --namespace {NAMESPACE}" in refused.stderr
    assert release.policies(life.cluster) == before


def test_upgrades_with_overrides(life: LifeCycle) -> None:
    cluster = life.cluster
    for name, files in {
        "upgrade with the operational overlay and an exception": release.everything(cluster),
        "upgrade without them": [PROD],
        "upgrade with the example of minikube": [PROD, ROOT / "values" / "clusters" / "minikube.yaml"],
        "upgrade with an override that narrows": release.narrowed(cluster),
    }.items():
        assert life.change(name, partial(release.upgrade, cluster, *files)).forbidden == ()
        assert _stand_as_sent(life)


def test_from_prod_to_dev_and_back(life: LifeCycle) -> None:
    for name, file in {"prod to prod": PROD, "prod to dev": DEV, "dev to prod": PROD}.items():
        assert life.change(name, partial(release.upgrade, life.cluster, file)).forbidden == ()
        assert _stand_as_sent(life)


def test_a_rollback_brings_the_last_revision_back(life: LifeCycle) -> None:
    before = release.specs(life.cluster)
    to_dev = life.change("upgrade, to be rolled back", partial(release.upgrade, life.cluster, DEV, OPERATIONAL))
    assert to_dev.forbidden == ()
    assert release.specs(life.cluster) != before
    assert life.change("rollback", partial(release.roll_back, life.cluster)).forbidden == ()
    assert release.specs(life.cluster) == before


_HALF_ALLOWED = Account("deployer", APP, everywhere=(READING,), within={APP: (ANYTHING,)})
"""Who may change the policies of one namespace, and not those of the next."""


def test_an_upgrade_that_fails_half_way_accepts_nothing_forbidden_and_is_rolled_back(life: LifeCycle) -> None:
    cluster = life.cluster
    before = release.specs(cluster)
    account = list(_HALF_ALLOWED.objects())
    cluster.apply(account)
    failed: list[Output] = []

    def upgrade() -> None:
        failed.append(cluster.helm("upgrade", *arguments([DEV, OPERATIONAL]), *_HALF_ALLOWED.options, check=False))

    # Judged by what stood before and by what the server holds of it: the rest of its manifest never stood.
    seen = life.change("upgrade that fails half-way", upgrade)
    assert failed[0].status != 0
    assert "forbidden" in failed[0].stderr
    between = release.specs(cluster)
    assert between != before, "it failed before it changed anything, and shows nothing"
    assert seen.forbidden == ()
    assert life.change("rollback of it", partial(release.roll_back, cluster)).forbidden == ()
    assert release.specs(cluster) == before
    cluster.delete(account)


def test_an_upgrade_that_the_chart_refuses_changes_nothing(life: LifeCycle) -> None:
    before = release.policies(life.cluster)
    refused = life.cluster.helm("upgrade", *arguments([PROD]), "--set", "environment=staging", check=False)
    assert refused.status != 0
    assert release.policies(life.cluster) == before


def test_an_upgrade_with_all_kinds_of_policies(life: LifeCycle) -> None:
    files = release.everything(life.cluster)
    assert life.change("upgrade with everything on", partial(release.upgrade, life.cluster, *files)).forbidden == ()
    assert set(EDITED.values()) <= release.policies(life.cluster).keys()


@pytest.mark.parametrize("kind", EDITED)
def test_helm_4_reports_a_rule_that_was_added_by_hand(life: LifeCycle, kind: str) -> None:
    reported = edited(life, kind)
    assert reported.status != 0
    assert 'conflict with "kubectl-patch"' in reported.stderr
    assert EDITED[kind][1] in reported.stderr


def test_helm_4_takes_rules_that_were_added_by_hand_away_when_told_to(life: LifeCycle) -> None:
    upgrade_takes_edits_away(life, "--force-conflicts")


def test_uninstalled_the_policies_go_and_the_jobs_namespace_and_a_running_job_stay(life: LifeCycle) -> None:
    cluster = life.cluster
    namespace, jobs = cluster.get("namespace", JOBS), _stand_ins(cluster, JOBS)
    life.change("uninstall", partial(release.uninstall, cluster))
    assert release.policies(cluster) == {}
    assert cluster.get("networkpolicies", "--all-namespaces")["items"] == []
    assert cluster.get("namespace", JOBS)["metadata"]["uid"] == namespace["metadata"]["uid"]
    assert "deletionTimestamp" not in cluster.get("namespace", JOBS)["metadata"]
    left = _stand_ins(cluster, JOBS)
    assert [item["metadata"]["uid"] for item in left] == [item["metadata"]["uid"] for item in jobs]
    assert {item["status"]["phase"] for item in left} == {"Running"}
    assert any(item["metadata"]["ownerReferences"][0]["kind"] == "Job" for item in left if _is_owned(item))


@pytest.mark.parametrize("whose", ["kept by an uninstall", "made by hand"])
def test_installed_where_the_jobs_namespace_is_there_already(life: LifeCycle, whose: str) -> None:
    cluster = life.cluster
    if whose == "made by hand":
        life.change("uninstall again", partial(release.uninstall, cluster))
        owner = [f"meta.helm.sh/release-{key}-" for key in ("name", "namespace")]
        cluster.kubectl("annotate", "namespace", JOBS, *owner, "helm.sh/resource-policy-")
        cluster.kubectl("label", "namespace", JOBS, "app.kubernetes.io/managed-by-")
    before = cluster.get("namespace", JOBS)["metadata"]
    assert life.change(f"install where {JOBS} is there, {whose}", partial(release.install, cluster)).forbidden == ()
    after = cluster.get("namespace", JOBS)["metadata"]
    assert after["uid"] == before["uid"]
    assert (after.get("annotations"), after["labels"]) == (before.get("annotations"), before["labels"])
    assert _stand_as_sent(life)


def test_an_install_with_helm_3(life: LifeCycle) -> None:
    cluster = life.cluster
    install = ("install", *arguments(release.everything(cluster)))
    life.change("uninstall once more", partial(release.uninstall, cluster))
    assert life.change("install with Helm 3", lambda: cluster.helm(*install, program=HELM3)).forbidden == ()
    assert _stand_as_sent(life)


@pytest.mark.parametrize("program", [HELM3, None], ids=["Helm 3", "Helm 4 after Helm 3"])
def test_rules_that_were_added_by_hand_to_a_release_of_helm_3_are_taken_away(
    life: LifeCycle, program: Path | None
) -> None:
    """Without a word. So does Helm 4 with such a release, until it is told to apply on the server's side."""
    upgrade_takes_edits_away(life, program=program)


def test_helm_4_takes_a_release_of_helm_3_over_and_reports_edits_from_then_on(life: LifeCycle) -> None:
    cluster = life.cluster
    before = release.specs(cluster)
    takeover = ("upgrade", *arguments(release.everything(cluster)), "--server-side=true")
    assert life.change("Helm 4 takes over from Helm 3", lambda: cluster.helm(*takeover)).forbidden == ()
    assert release.specs(cluster) == before
    reported = edited(life, "a pod's rules")
    assert reported.status != 0
    assert 'conflict with "kubectl-patch"' in reported.stderr
    assert life.change("upgrade after it", partial(release.upgrade, cluster, PROD)).forbidden == ()
    assert _stand_as_sent(life)


def test_nothing_forbidden_was_accepted_between_the_changes_either(life: LifeCycle) -> None:
    quiet = [item for item in life.watched if item.name == lifecycle.BETWEEN]
    assert sum(item.probes for item in quiet)
    assert [packet for item in quiet for packet in item.forbidden] == []
    assert all(item.pauses for item in life.watched if item.name != lifecycle.BETWEEN)


def _stand_as_sent(life: LifeCycle) -> bool:
    """What stands in the cluster means what Helm says that it has sent."""
    return life.stands_as(installed_policies(life.cluster))


def _asked(life: LifeCycle) -> list[Packet]:
    return [question for questions in life.questions for question in questions]


def _namespaces(cluster: Cluster) -> set[str]:
    return {item["metadata"]["name"] for item in cluster.get("namespaces")["items"]}


def _stand_ins(cluster: Cluster, *namespaces: str) -> list[Mapping[str, Any]]:
    """Pods with a stand-in in them."""
    found = cluster.get("pods", "--all-namespaces")["items"]
    return [
        item
        for item in found
        if item["spec"]["containers"][0]["name"] == "standin"
        and (not namespaces or item["metadata"]["namespace"] in namespaces)
    ]


def _is_owned(item: Mapping[str, Any]) -> bool:
    return bool(item["metadata"].get("ownerReferences"))
