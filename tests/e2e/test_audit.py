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
from tests.e2e.conftest import World
from tests.e2e.installation import install, uninstall
from tests.e2e.paths import ROOT, TOOLS
from tests.e2e.session import Cluster, Output
from tests.e2e.workloads import APP, JOBS

pytestmark = pytest.mark.e2e

RBAC = [*yaml.safe_load_all((ROOT / "examples/audit/rbac.yaml").read_text(encoding="utf-8"))]
_MOVED = "192.168.49.99"
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


def test_after_an_install_no_policy_departs(world: World, values: list[Path]) -> None:
    """The addresses that Helm has looked up count as they should; the only findings are pods that other tests need."""
    output = audit(world.cluster, values)
    found = json.loads(output.stdout)
    assert found["policies"]["departures"] == []
    assert found["allowsExactlyTheMatrix"] is True
    assert found["release"] == {"name": "red-kite", "namespace": "stalker"}
    assert rules_of(found) == {"NM945"}
    assert "nobody" in [name for item in found["pods"]["withoutRow"] for name in item["names"]]


def test_one_run_names_each_planted_drift(world: World, values: list[Path]) -> None:
    cluster = world.cluster
    with ExitStack() as planted:
        _plant(cluster, planted)
        output = audit(cluster, values, "--today", "2099-01-01")
        assert output.status == 1, output.stderr
        found = json.loads(output.stdout)
    departures = {(item["state"], item["namespace"], item["name"]): item for item in found["policies"]["departures"]}
    opened = {key: [change["connection"] for change in item["opens"]] for key, item in departures.items()}
    assert "anyone -> mongo: All Connections" in opened["drifted", APP, "redkite-mongo-ingress"]
    assert (
        "anyone -> any other pod of namespace stalker-jobs: All Connections"
        in (opened["missing", JOBS, "redkite-default-deny"])
    )
    assert any(text.startswith("anyone -> ") for text in opened["foreign", APP, "allow-all"])
    assert opened["foreign", APP, "kafka"][0] == "anyone -> kafka: TCP 9092"
    assert departures["foreign", APP, "kafka"]["owner"] == "Helm release kafka in namespace stalker"
    assert opened["foreign", APP, "red-kite-own"] == []
    stale = [item for (state, _, _), item in departures.items() if state == "stale"]
    assert any(f"{_MOVED}:6443 is there now and is not granted" in item["differences"] for item in stale)
    assert found["rowsWithoutPod"] == ["jobs"]
    assert [item["kind"] for item in found["overriding"]] == ["AdminNetworkPolicy"]
    assert found["overriding"][0]["touches"] == [APP]
    assert rules_of(found) >= {"NM274", "NM940", "NM941", "NM942", "NM943", "NM945", "NM946", "NM948"}


def test_the_example_role_is_enough_and_without_it_each_permission_is_named(world: World, values: list[Path]) -> None:
    cluster = world.cluster
    cluster.apply(RBAC)
    token = cluster.kubectl("create", "token", "netmatrix-audit", "--namespace", "kube-system").stdout.strip()
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--output", "json").stdout)
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    file = cluster.folder.scratch / "audit.kubeconfig"
    file.write_text(json.dumps(config), encoding="utf-8")
    allowed = audit(cluster, values, "--kubeconfig", str(file))
    assert rules_of(json.loads(allowed.stdout)) == {"NM945"}, allowed.stderr
    bindings = [item for item in RBAC if item["kind"].endswith("Binding")]
    cluster.kubectl("delete", "--filename=-", stdin=json.dumps(_list(bindings)))
    refused = audit(cluster, values, "--kubeconfig", str(file))
    cluster.kubectl("delete", "--filename=-", stdin=json.dumps(_list([i for i in RBAC if i not in bindings])))
    assert refused.status == 2
    told = {item["message"] for item in json.loads(refused.stdout)["findings"] if item["rule"] == "NM904"}
    assert told >= {
        "you may not list networkpolicies.networking.k8s.io in namespace stalker",
        "you may not list pods in namespace stalker-jobs",
        "you may not list endpointslices.discovery.k8s.io in namespace default",
        "you may not get namespaces",
    }


def _plant(cluster: Cluster, planted: ExitStack) -> None:
    """Break the cluster in each of the ways, and have it mended at the end."""
    kubectl = cluster.kubectl
    wanted = release.policies(cluster)[JOBS, "redkite-default-deny"]
    mongo = release.specs(cluster)[APP, "redkite-mongo-ingress"]["ingress"]
    planted.callback(release.set_rules, cluster, (APP, "redkite-mongo-ingress"), mongo)
    release.add_a_rule(cluster, (APP, "redkite-mongo-ingress"))
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


def _foreign() -> list[dict[str, Any]]:
    """What somebody allows, what Bitnami's chart installs for Kafka, what Red Kite's own scripts do, and an API server.

    The second API server is not ready, so that nobody is sent there; Helm would look its address up all the same.
    """
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
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "moved",
                "namespace": "default",
                "labels": {
                    "kubernetes.io/service-name": "kubernetes",
                    "endpointslice.kubernetes.io/managed-by": "test",
                },
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": [_MOVED], "conditions": {"ready": False}}],
            "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
        },
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
