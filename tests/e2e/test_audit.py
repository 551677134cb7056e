"""`netmatrix audit` in the cluster: clean after an install, and one run names whatever has been broken since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from netmatrix.audit.overriding import APIS, Api
from netmatrix.matrix.model import Matrix
from tests.e2e import audit_image, release
from tests.e2e.addresses import API_PORT, NODE_IPV4
from tests.e2e.auditing import audit
from tests.e2e.conftest import World
from tests.e2e.installation import install, uninstall
from tests.e2e.session import Cluster, Output
from tests.e2e.workloads import APP, ATTACKERS, JOBS

pytestmark = [pytest.mark.e2e, pytest.mark.operations]

GOVERNED, DNS = (APP, JOBS, "default"), "kube-system"
ATTACKING = {(item.namespace, item.name) for item in ATTACKERS if item.namespace in GOVERNED}
"""The pods that other tests need, and that no row covers."""

_API_POLICY = f"redkite-flow-orchestrator-to-kubernetes-api-egress-{API_PORT}"
_OLD = "192.168.49.99"
_NAME, _OURS = "redkite-audit", "app.kubernetes.io/component=audit"
_VERSION = "v1alpha1"
_NEVER = "0 0 29 2 *"
"""A schedule that does not come in between."""
_JOB = "red-kite.io/component"


@pytest.fixture(scope="module")
def values(world: World, matrix: Matrix) -> Iterator[list[Path]]:
    """What was installed: prod with an exception and the audit, as the files of its values."""
    on = {"enabled": True, "image": audit_image.IMAGE, "pullPolicy": "Never", "schedule": _NEVER}
    override = {"exceptions": {"somewhere": release.EXCEPTION}, "audit": on}
    files = release.with_override(world.cluster, override, "audited")
    install(world.cluster, matrix, files)
    yield files
    uninstall(world.cluster)


def rules_of(found: Mapping[str, Any]) -> set[str]:
    return {item["rule"] for item in found["findings"]}


def pods_of_no_row(found: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(item["namespace"], name) for item in found["pods"]["withoutRow"] for name in item["names"]}


def hold_as_installed(found: Mapping[str, Any]) -> None:
    """The only findings are the attackers among the stand-ins."""
    assert found["policies"]["departures"] == []
    assert found["allowsExactlyTheMatrix"] is True
    assert pods_of_no_row(found) == ATTACKING
    assert rules_of(found) == {"NM945"}
    assert len(found["findings"]) == len(ATTACKING)


def test_after_an_install_no_policy_departs(world: World, values: list[Path]) -> None:
    """The address that Helm has looked up counts as it should."""
    found = json.loads(audit(world.cluster, values).stdout)
    hold_as_installed(found)
    assert found["release"] == {"name": "red-kite", "namespace": "stalker"}
    assert found["addresses"] == [{"endpoint": "kubernetes-api", "now": [f"{NODE_IPV4}:{API_PORT}"]}]


def test_one_run_names_each_planted_drift(world: World, values: list[Path]) -> None:
    cluster = world.cluster
    with ExitStack() as planted:
        _plant(cluster, planted)
        output = audit(cluster, values, "--today", "2099-01-01")
        assert output.status == 1, output.stderr
        found = json.loads(output.stdout)
    departures = {(item["state"], item["namespace"], item["name"]): item for item in found["policies"]["departures"]}
    opened = {key: [change["connection"] for change in item["opens"]] for key, item in departures.items()}
    closed = {key: [change["connection"] for change in item["closes"]] for key, item in departures.items()}
    allowed, bitnami, harmless = (("foreign", APP, name) for name in ("allow-all", "kafka", "red-kite-own"))
    drifted, missing = ("drifted", APP, "redkite-mongo-ingress"), ("missing", JOBS, "redkite-default-deny")
    stale = ("stale", APP, _API_POLICY)
    assert set(departures) == {allowed, bitnami, harmless, drifted, missing, stale}
    assert opened[drifted] == ["anyone -> mongo: All Connections"]
    other = f"any other pod of namespace {JOBS}"
    assert opened[missing] == [f"anyone -> {other}: All Connections", f"{other} -> anyone: All Connections"]
    assert {f"anyone -> {name}: All Connections" for name in ("mongo", "orchestrator")} <= set(opened[allowed])
    assert opened[bitnami] == ["anyone -> kafka: TCP 9092", "kafka -> anyone: All Connections"]
    assert departures[bitnami]["owner"] == "Helm release kafka in namespace stalker"
    assert (opened[harmless], closed[harmless]) == ([], [])
    assert opened[stale] == [f"orchestrator -> {_OLD}: TCP {API_PORT}"]
    assert closed[stale] == [f"orchestrator -> {NODE_IPV4}: TCP {API_PORT}"]
    assert not any(closed[key] for key in set(departures) - {stale})
    assert {name.rpartition("-")[0] for _, name in pods_of_no_row(found) - ATTACKING} == {"job-1", "job-2"}
    assert found["rowsWithoutPod"] == ["jobs"]
    assert [(item["kind"], item["touches"]) for item in found["overriding"]] == [("AdminNetworkPolicy", [APP])]
    assert rules_of(found) == {"NM274", "NM940", "NM941", "NM942", "NM943", "NM945", "NM946", "NM948"}
    hold_as_installed(json.loads(audit(cluster, values).stdout))  # nothing of it is left


def test_the_chart_s_roles_are_enough_and_without_them_each_permission_is_named(
    world: World, values: list[Path]
) -> None:
    """In a cluster that serves every API that an audit asks of. What is needed is asked first: hence twice."""
    cluster = world.cluster
    with ExitStack() as made:
        made.callback(
            cluster.kubectl, "delete", "crd", "--ignore-not-found", *(_crd(api)["metadata"]["name"] for api in APIS)
        )
        _serve_all(cluster)
        reader = ("--kubeconfig", str(_kubeconfig(cluster)))
        hold_as_installed(json.loads(audit(cluster, values, *reader).stdout))
        bindings = _bindings(cluster)
        wide = [item for item in bindings if item["kind"] == "ClusterRoleBinding"]
        made.callback(cluster.apply, bindings)
        cluster.delete(bindings)
        assert _refused(audit(cluster, values, *reader)) == {
            *(f"you may not list networkpolicies.networking.k8s.io in namespace {name}" for name in (*GOVERNED, DNS)),
            *(f"you may not list pods in namespace {name}" for name in GOVERNED),
            "you may not list endpointslices.discovery.k8s.io in namespace default",
            *(f"you may not get namespaces {name}" for name in (*GOVERNED, DNS)),
        }
        part = _part_of(cluster.get("clusterrole", _NAME), wide[0])
        made.callback(cluster.kubectl, "delete", "--filename=-", "--ignore-not-found", stdin=json.dumps(_list(part)))
        cluster.apply([*(item for item in bindings if item not in wide), *part])
        everywhere = {True: " in all namespaces", False: ""}
        assert _refused(audit(cluster, values, *reader)) == {
            f"you may not list {api.resource}.{api.group}{everywhere[api.namespaced]}" for api in APIS
        }


def test_the_account_may_do_nothing_else(world: World, values: list[Path]) -> None:
    """By what the API server says of it, beside what it says of an account to which nobody has given anything."""
    cluster = world.cluster
    granted = {"": cluster.get("clusterrole", _NAME)["rules"]}
    for name in (*GOVERNED, DNS):
        granted[name] = cluster.get("role", _NAME, "--namespace", name)["rules"]
    for namespace in (*GOVERNED, DNS, "kube-public"):
        own, others = (_rules(cluster, namespace, account) for account in (_NAME, "default"))
        assert own - others == {_as_text(rule) for rule in [*granted[""], *granted.get(namespace, [])]}


def test_the_cron_job_runs_in_the_cluster_and_names_an_api_address_that_went_stale(
    world: World, values: list[Path]
) -> None:
    """From an image without a kubeconfig, under the release's own policies. The attackers are found in each run."""
    cluster = world.cluster
    audit_image.load(cluster)
    told = _run_job(cluster, "as-installed")
    assert told.count(": error NM") == told.count(": error NM945 ") == len(ATTACKING)
    assert "proof        the cluster's policies together allow exactly what the matrix grants" in told
    with ExitStack() as planted:
        planted.callback(_grant_api_server, cluster, NODE_IPV4)
        _grant_api_server(cluster, _OLD)
        told = _run_job(cluster, "stale")
    assert f"{_OLD}:{API_PORT} is granted and is no longer there, {NODE_IPV4}:{API_PORT} is there now" in told
    assert told.count(": error NM") == len(ATTACKING) + 1


def _run_job(cluster: Cluster, name: str) -> str:
    """What a Job of the CronJob prints, which ends with findings."""
    here = ("--namespace", APP)
    with ExitStack() as made:
        made.callback(cluster.kubectl, "delete", "job", name, *here)
        cluster.kubectl("create", "job", name, f"--from=cronjob/{_NAME}", *here)
        cluster.kubectl("wait", "--for=condition=Failed", f"job/{name}", "--timeout=60s", *here)
        (pod,) = cluster.get("pods", *here, f"--selector=batch.kubernetes.io/job-name={name}")["items"]
        told = cluster.kubectl("logs", pod["metadata"]["name"], *here).stdout
    (status,) = pod["status"]["containerStatuses"]
    assert status["state"]["terminated"]["exitCode"] == 1, told
    return told


def _refused(output: Output) -> set[str]:
    """The permissions that are missing, where that is all that is said."""
    assert output.status == 2, output.stderr
    found = json.loads(output.stdout)
    assert set(found) == {"findings", "summary"}, "what could not be read is not judged"
    assert rules_of(found) == {"NM904"}
    return {item["message"] for item in found["findings"]}


def _bindings(cluster: Cluster) -> list[dict[str, Any]]:
    """What gives the roles to the account, as the chart installs it."""
    found = cluster.get("rolebindings,clusterrolebindings", "--all-namespaces", f"--selector={_OURS}")["items"]
    return [{**item, "metadata": _kept(item["metadata"])} for item in found]


def _part_of(role: Mapping[str, Any], binding: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A role with the first rule of another, which is about namespaces, and its binding."""
    metadata = {"name": "part-of-the-audit"}
    made = {"apiVersion": role["apiVersion"], "kind": "ClusterRole", "metadata": metadata, "rules": role["rules"][:1]}
    return [made, {**binding, "metadata": metadata, "roleRef": {**binding["roleRef"], **metadata}}]


def _rules(cluster: Cluster, namespace: str, account: str) -> set[str]:
    """What an account may do in a namespace, as the API server tells it."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    who = (f"--as=system:serviceaccount:{APP}:{account}", "--as-group=system:serviceaccounts")
    groups = ("--as-group=system:authenticated", f"--as-group=system:serviceaccounts:{APP}")
    asked = ("create", "--filename=-", "--output=json", "--validate=false", *who, *groups)
    status = json.loads(cluster.kubectl(*asked, stdin=json.dumps(review)).stdout)["status"]
    assert not status["incomplete"]
    return {_as_text(rule) for rule in (*status["resourceRules"], *status["nonResourceRules"])}


def _as_text(rule: Mapping[str, Any]) -> str:
    return json.dumps({key: sorted(rule[key]) for key in sorted(rule)})


def _kubeconfig(cluster: Cluster) -> Path:
    """A way in as the chart's service account."""
    token = cluster.kubectl("create", "token", _NAME, "--namespace", APP).stdout.strip()
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--output", "json").stdout)
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    file = cluster.folder.scratch / "audit.kubeconfig"
    file.write_text(json.dumps(config), encoding="utf-8")
    return file


def _plant(cluster: Cluster, planted: ExitStack) -> None:
    """Break the cluster in each of the ways, and have it mended at the end."""
    kubectl = cluster.kubectl
    wanted = release.policies(cluster)[JOBS, "redkite-default-deny"]
    mongo = release.specs(cluster)[APP, "redkite-mongo-ingress"]["ingress"]
    planted.callback(release.set_rules, cluster, (APP, "redkite-mongo-ingress"), mongo)
    release.add_a_rule(cluster, (APP, "redkite-mongo-ingress"))
    planted.callback(_grant_api_server, cluster, NODE_IPV4)
    _grant_api_server(cluster, _OLD)
    planted.callback(cluster.apply, [{**wanted, "metadata": _kept(wanted["metadata"])}])
    kubectl("delete", "networkpolicy", "redkite-default-deny", "--namespace", JOBS)
    planted.callback(kubectl, "label", "pods", "--namespace", JOBS, "--selector=red-kite.io/jobid", f"{_JOB}=job")
    kubectl("label", "pods", "--namespace", JOBS, f"--selector={_JOB}=job,batch.kubernetes.io/job-name", f"{_JOB}-")
    kubectl("label", "pods", "--namespace", JOBS, f"--selector={_JOB}=job", f"{_JOB}-")
    objects = _list(_foreign())
    planted.callback(kubectl, "delete", "--filename=-", "--ignore-not-found", stdin=json.dumps(objects))
    crd, admin = _admin()
    cluster.apply([*objects["items"], crd])
    cluster.await_established("adminnetworkpolicies.policy.networking.k8s.io")
    planted.callback(kubectl, "delete", "crd", "adminnetworkpolicies.policy.networking.k8s.io")
    cluster.apply([admin])


def _grant_api_server(cluster: Cluster, address: str) -> None:
    """As if Helm had looked that address up."""
    patch = [{"op": "replace", "path": "/spec/egress/0/to/0/ipBlock/cidr", "value": f"{address}/32"}]
    where = (_API_POLICY, "--namespace", APP)
    cluster.kubectl("patch", "networkpolicy", *where, "--type=json", "--patch", json.dumps(patch))


def _foreign() -> list[dict[str, Any]]:
    """What somebody allows, what Bitnami's chart installs for Kafka, and a default-deny as Red Kite's own."""
    kafka = {"matchLabels": {"app.kubernetes.io/name": "kafka", "app.kubernetes.io/instance": "kafka"}}
    both = ["Ingress", "Egress"]
    helm = {"meta.helm.sh/release-name": "kafka", "meta.helm.sh/release-namespace": "stalker"}
    return [
        _policy("allow-all", {"podSelector": {}, "policyTypes": both, "ingress": [{}], "egress": [{}]}),
        _policy(
            "kafka",
            {"podSelector": kafka, "policyTypes": both, "ingress": [{"ports": [{"port": 9092}]}], "egress": [{}]},
            annotations=helm,
        ),
        _policy("red-kite-own", {"podSelector": {}, "policyTypes": both}),
    ]


def _admin() -> tuple[dict[str, Any], dict[str, Any]]:
    """The API of AdminNetworkPolicy, as far as an audit needs it, and an object of it."""
    api = next(item for item in APIS if item.kind == "AdminNetworkPolicy")
    subject = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": APP}}}
    found = {"apiVersion": f"{api.group}/{_VERSION}", "kind": api.kind, "metadata": {"name": "first"}}
    return _crd(api), found | {"spec": {"subject": subject}}


def _serve_all(cluster: Cluster) -> None:
    """Every API that an audit asks of, without objects."""
    definitions = [_crd(api) for api in APIS]
    cluster.apply(definitions)
    cluster.await_established(*(item["metadata"]["name"] for item in definitions))


def _crd(api: Api) -> dict[str, Any]:
    """An API, with objects of any form."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    approved = {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/network-policy-api/pull/30"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{api.resource}.{api.group}", "annotations": approved},
        "spec": {
            "group": api.group,
            "scope": "Namespaced" if api.namespaced else "Cluster",
            "names": {"kind": api.kind, "plural": api.resource, "singular": api.kind.lower()},
            "versions": [{"name": _VERSION, "served": True, "storage": True, "schema": schema}],
        },
    }


def _policy(name: str, spec: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    about = {"name": name, "namespace": APP, **metadata}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": about, "spec": dict(spec)}


def _kept(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {key: metadata[key] for key in ("name", "namespace", "labels", "annotations") if key in metadata}


def _list(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": items}
