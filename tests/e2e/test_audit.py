"""`netmatrix audit` in the cluster: clean after an install, and one run names whatever has been broken since."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.matrix.model import Matrix
from tests.e2e import release
from tests.e2e.addresses import API_PORT, NODE_IPV4
from tests.e2e.conftest import World
from tests.e2e.installation import install, uninstall
from tests.e2e.paths import ROOT, TOOLS
from tests.e2e.session import Cluster, Output
from tests.e2e.workloads import APP, ATTACKERS, JOBS

pytestmark = [pytest.mark.e2e, pytest.mark.operations]

RBAC = [*yaml.safe_load_all((ROOT / "examples/audit/rbac.yaml").read_text(encoding="utf-8"))]
GOVERNED, DNS = (APP, JOBS, "default"), "kube-system"
ATTACKING = {(item.namespace, item.name) for item in ATTACKERS if item.namespace in GOVERNED}
"""The pods that other tests need, and that no row covers."""

_API_POLICY = f"redkite-flow-orchestrator-to-kubernetes-api-egress-{API_PORT}"
_OLD = "192.168.49.99"
_JOB = "red-kite.io/component"


@pytest.fixture(scope="module")
def values(world: World, matrix: Matrix) -> Iterator[list[Path]]:
    """What was installed: prod with an exception, as the files of its values."""
    files = release.with_override(world.cluster, {"exceptions": {"somewhere": release.EXCEPTION}}, "audited")
    install(world.cluster, matrix, files)
    yield files
    uninstall(world.cluster)


def audit(cluster: Cluster, files: list[Path], *arguments: str) -> Output:
    """A run, with the project's kubectl."""
    program = ["env", f"KUBECTL={TOOLS / 'kubectl'}", sys.executable, "-m", "netmatrix", "audit", "--format", "json"]
    return cluster.run(*program, *(text for file in files for text in ("-f", str(file))), *arguments, check=False)


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


def test_the_example_role_is_enough_and_without_it_each_permission_is_named(world: World, values: list[Path]) -> None:
    cluster = world.cluster
    with ExitStack() as made:
        made.callback(cluster.kubectl, "delete", "--filename=-", "--ignore-not-found", stdin=json.dumps(_list(RBAC)))
        cluster.apply(RBAC)
        reader = ("--kubeconfig", str(_kubeconfig(cluster)))
        hold_as_installed(json.loads(audit(cluster, values, *reader).stdout))
        cluster.delete([item for item in RBAC if item["kind"].endswith("Binding")])
        refused = audit(cluster, values, *reader)
    assert refused.status == 2
    found = json.loads(refused.stdout)
    assert set(found) == {"findings", "summary"}, "what could not be read is not judged"
    assert rules_of(found) == {"NM904"}
    assert {item["message"] for item in found["findings"]} == {
        *(f"you may not list networkpolicies.networking.k8s.io in namespace {name}" for name in (*GOVERNED, DNS)),
        *(f"you may not list pods in namespace {name}" for name in GOVERNED),
        "you may not list endpointslices.discovery.k8s.io in namespace default",
        *(f"you may not get namespaces {name}" for name in (*GOVERNED, DNS)),
    }


def test_the_example_cron_job_reports_an_api_address_that_went_stale(world: World, values: list[Path]) -> None:
    """Its container's arguments, as its account; outside the cluster, which has no image with Python."""
    cluster = world.cluster
    job = yaml.safe_load((ROOT / "examples/audit/cronjob.yaml").read_text(encoding="utf-8"))
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    *_, override = values
    arguments = [text.replace("/values/override.yaml", str(override)) for text in container["args"][1:]]
    assert str(override) in arguments
    with ExitStack() as made:
        made.callback(cluster.kubectl, "delete", "--filename=-", "--ignore-not-found", stdin=json.dumps(_list(RBAC)))
        cluster.apply([*RBAC, {**job, "spec": {**job["spec"], "suspend": True}}])
        made.callback(cluster.kubectl, "delete", "cronjob", "netmatrix-audit", "--namespace", "kube-system")
        arguments += ["--kubeconfig", str(_kubeconfig(cluster))]
        hold_as_installed(json.loads(audit(cluster, [], *arguments).stdout))
        made.callback(_grant_api_server, cluster, NODE_IPV4)
        _grant_api_server(cluster, _OLD)
        output = audit(cluster, [], *arguments)
    assert output.status == 1, output.stderr
    assert rules_of(json.loads(output.stdout)) == {"NM943", "NM945"}


def _kubeconfig(cluster: Cluster) -> Path:
    """A way in as the example's service account."""
    token = cluster.kubectl("create", "token", "netmatrix-audit", "--namespace", "kube-system").stdout.strip()
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
    kubectl("wait", "--for=condition=Established", "crd/adminnetworkpolicies.policy.networking.k8s.io")
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
    group, version, kind = "policy.networking.k8s.io", "v1alpha1", "AdminNetworkPolicy"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    approved = {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/network-policy-api/pull/30"}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"adminnetworkpolicies.{group}", "annotations": approved},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {"kind": kind, "plural": "adminnetworkpolicies", "singular": "adminnetworkpolicy"},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }
    subject = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": APP}}}
    found = {"apiVersion": f"{group}/{version}", "kind": kind, "metadata": {"name": "first"}}
    return crd, found | {"spec": {"subject": subject}}


def _policy(name: str, spec: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    about = {"name": name, "namespace": APP, **metadata}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": about, "spec": dict(spec)}


def _kept(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {key: metadata[key] for key in ("name", "namespace", "labels", "annotations") if key in metadata}


def _list(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": items}
