"""What else an audit finds: pods and rows, namespaces, exceptions, policies of other APIs; and how it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netmatrix.audit.overriding import APIS
from tests.audit.cluster import Cluster, definition, pod, policy
from tests.audit.conftest import Audit
from tests.cli.conftest import TODAY, Run

PROD = ("--environment", "prod")


def test_pods_of_no_row_are_named_once_for_each_owner(cluster: Cluster, audit: Audit) -> None:
    for number in range(3):
        item = pod(f"web-{number}", "stalker", {"app": "web"})
        item["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "web", "controller": True}]
        cluster.add(item)
    result = audit(cluster)
    assert result.status == 1
    assert result.out.count("NM945") == 1
    assert "error NM945 stalker/web-0 and 2 more of ReplicaSet web with app=web is no row of the matrix" in result.out


def test_pods_that_have_ended_and_pods_elsewhere_are_nobodys_concern(cluster: Cluster, audit: Audit) -> None:
    done = pod("done", "stalker", {"app": "web"})
    done["status"]["phase"] = "Succeeded"
    cluster.add(done, pod("theirs", "shop", {"app": "web"}))
    assert audit(cluster).status == 0


def test_a_pod_on_the_hosts_network_is_outside_of_the_claim(cluster: Cluster, audit: Audit) -> None:
    cluster.add(pod("exporter", "default", {"app": "exporter"}, host_network=True))
    result = audit(cluster)
    assert result.status == 0
    assert "warning NM947 default/exporter is on the host's network" in result.out
    assert "NM945" not in result.out


def test_a_row_that_no_pod_is_is_named_where_its_flows_are_on(
    cluster: Cluster, cluster_with: Callable[..., Cluster], audit: Audit
) -> None:
    cluster.remove(cluster.one("Pod", "jobs-0", "stalker-jobs"))
    result = audit(cluster, "--format", "json")
    assert (result.status, json.loads(result.out)["rowsWithoutPod"]) == (0, ["jobs"])
    values = (*PROD, "-f", "values/operational.yaml")
    assert "NM946 no pod in the cluster is the row jobs-consumer" in audit(cluster_with(*values), values=values).out


def test_a_namespace_that_is_not_there_is_named(cluster: Cluster, audit: Audit) -> None:
    cluster.objects = [
        item
        for item in cluster.objects
        if "stalker-jobs" not in (item["metadata"].get("namespace"), item["metadata"]["name"])
    ]
    result = audit(cluster)
    assert result.status == 1
    assert "error NM949 the namespace stalker-jobs is not in the cluster" in result.out


def test_an_expired_exception_is_named_at_its_line(cluster_with: Callable[..., Cluster], audit: Audit) -> None:
    values = (*PROD, "-f", "values/clusters/with-exception.yaml")
    cluster = cluster_with(*values)
    assert audit(cluster, values=values).status == 0
    result = audit(cluster, "--today", "2099-01-01", values=values)
    assert result.status == 1
    assert "values/clusters/with-exception.yaml:" in result.out
    assert "error NM274" in result.out
    assert result.err == "", "told once"


def other(group: str, kind: str, spec: dict[str, Any], namespace: str = "") -> dict[str, Any]:
    home = {"namespace": namespace} if namespace else {}
    return {"apiVersion": group, "kind": kind, "metadata": {"name": "theirs", **home}, "spec": spec}


NAMED = "kubernetes.io/metadata.name"


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (
            other(
                "policy.networking.k8s.io/v1alpha1",
                "AdminNetworkPolicy",
                {"subject": {"namespaces": {"matchLabels": {NAMED: "stalker"}}}},
            ),
            "error NM948 AdminNetworkPolicy theirs (policy.networking.k8s.io) touches stalker:",
        ),
        (
            other(
                "policy.networking.k8s.io/v1alpha1",
                "BaselineAdminNetworkPolicy",
                {"subject": {"pods": {"namespaceSelector": {}, "podSelector": {}}}},
            ),
            "error NM948 BaselineAdminNetworkPolicy theirs (policy.networking.k8s.io) touches stalker, stalker-jobs, ",
        ),
        (
            other(
                "policy.networking.k8s.io/v1alpha2",
                "ClusterNetworkPolicy",
                {"subject": {"namespaces": {"matchLabels": {NAMED: "kube-system"}}}},
            ),
            "note NM948 ClusterNetworkPolicy theirs (policy.networking.k8s.io) selects none of the governed namespaces",
        ),
        (
            other("cilium.io/v2", "CiliumNetworkPolicy", {"endpointSelector": {}}, "stalker"),
            "error NM948 CiliumNetworkPolicy stalker/theirs (cilium.io) touches stalker:",
        ),
        (
            other("cilium.io/v2", "CiliumClusterwideNetworkPolicy", {"endpointSelector": {}}),
            "error NM948 CiliumClusterwideNetworkPolicy theirs (cilium.io) may touch stalker, stalker-jobs, default:",
        ),
        (
            other("crd.projectcalico.org/v1", "GlobalNetworkPolicy", {"selector": "all()"}),
            "error NM948 GlobalNetworkPolicy theirs (crd.projectcalico.org) may touch stalker, stalker-jobs, default:",
        ),
        (
            other("projectcalico.org/v3", "NetworkPolicy", {"selector": "all()"}, "stalker"),
            "error NM948 NetworkPolicy stalker/theirs (projectcalico.org) touches stalker:",
        ),
        (
            other("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", {"tier": "securityops"}),
            "error NM948 ClusterNetworkPolicy theirs (crd.antrea.io) may touch stalker, stalker-jobs, default:",
        ),
        (
            other(
                "networking.k8s.aws/v1alpha1",
                "ClusterNetworkPolicy",
                {"tier": "Admin", "subject": {"namespaces": {}}, "ingress": [{"action": "Accept"}]},
            ),
            "error NM948 ClusterNetworkPolicy theirs (networking.k8s.aws) touches stalker, stalker-jobs, default:",
        ),
        (
            other("networking.k8s.aws/v1alpha1", "ApplicationNetworkPolicy", {"podSelector": {}}, "stalker"),
            "error NM948 ApplicationNetworkPolicy stalker/theirs (networking.k8s.aws) touches stalker:",
        ),
        (
            other("networking.gke.io/v1alpha1", "FQDNNetworkPolicy", {"podSelector": {}}, "stalker-jobs"),
            "error NM948 FQDNNetworkPolicy stalker-jobs/theirs (networking.gke.io) touches stalker-jobs:",
        ),
        (
            other("k8s.ovn.org/v1", "EgressFirewall", {"egress": []}, "stalker"),
            "error NM948 EgressFirewall stalker/theirs (k8s.ovn.org) touches stalker:",
        ),
        (
            other("network.openshift.io/v1", "EgressNetworkPolicy", {"egress": []}, "stalker"),
            "error NM948 EgressNetworkPolicy stalker/theirs (network.openshift.io) touches stalker:",
        ),
        (
            other("acme.example.com/v1", "ZoneNetworkPolicy", {}),
            "error NM948 ZoneNetworkPolicy theirs (acme.example.com) may touch stalker, stalker-jobs, default:",
        ),
        (
            other("acme.example.com/v1", "Firewall", {}, "stalker"),
            "error NM948 Firewall stalker/theirs (acme.example.com) may touch stalker:",
        ),
    ],
)
def test_policies_of_other_apis_are_named_with_what_they_may_touch(
    item: dict[str, Any], told: str, cluster: Cluster, audit: Audit
) -> None:
    cluster.add(item)
    result = audit(cluster)
    assert told in result.out
    assert result.status == (1 if told.startswith("error") else 0)


def test_what_only_previews_a_policy_overrules_nothing(cluster: Cluster, audit: Audit) -> None:
    cluster.add(other("projectcalico.org/v3", "StagedGlobalNetworkPolicy", {"selector": "all()"}))
    result = audit(cluster)
    assert (result.status, "NM948" in result.out) == (0, False)


def test_a_policy_that_calico_gives_in_both_of_its_groups_is_told_once(cluster: Cluster, audit: Audit) -> None:
    for group in ("crd.projectcalico.org/v1", "projectcalico.org/v3"):
        cluster.add(other(group, "GlobalNetworkPolicy", {"selector": "all()"}))
    assert audit(cluster).out.count("NM948") == 1


OTHERS = "what policies of other APIs decide, of which the dump has none and does not tell that none are: "


def told_as_not_claimed(audit: Audit, cluster: Cluster) -> str:
    """What the text says is not claimed; held to what JSON says."""
    (line,) = [line for line in audit(cluster).out.splitlines() if line.startswith("  not claimed")]
    found = json.loads(audit(cluster, "--format", "json").out)
    assert line.endswith("; ".join(found["notClaimed"]))
    assert all(item["kind"] in line and f"({item['group']})" in line for item in found["notInDump"])
    assert (OTHERS in line) == bool(found["notInDump"])
    return line.partition(OTHERS)[2]


def test_kinds_that_a_dump_does_not_tell_of_are_not_claimed(cluster: Cluster, audit: Audit) -> None:
    """`kubectl get` prints the same whether there are none, or nobody asked."""
    assert audit(cluster).status == 0
    told = told_as_not_claimed(audit, cluster)
    assert all(f"({api.group})" in told and api.kind in told for api in APIS)
    cluster.add(other("cilium.io/v2", "CiliumNetworkPolicy", {"endpointSelector": {}}, "shop"))
    assert "CiliumNetworkPolicy" not in told_as_not_claimed(audit, cluster), "it was asked for"


def test_kinds_that_a_cluster_does_not_have_hold_nothing(cluster: Cluster, audit: Audit) -> None:
    cluster.add(
        definition("certificates", "cert-manager.io", "Certificate"),
        definition("adminnetworkpolicies", "policy.networking.k8s.io", "AdminNetworkPolicy"),
        definition("zonenetworkpolicies", "acme.example.com", "ZoneNetworkPolicy"),
        definition("stagednetworkpolicies", "projectcalico.org", "StagedNetworkPolicy"),
    )
    expected = "AdminNetworkPolicy (policy.networking.k8s.io), ZoneNetworkPolicy (acme.example.com)"
    assert told_as_not_claimed(audit, cluster) == expected
    cluster.objects = [item for item in cluster.objects if "networkpolicies" not in item["metadata"]["name"]]
    assert told_as_not_claimed(audit, cluster) == ""


def test_those_of_other_namespaces_are_not(cluster: Cluster, audit: Audit) -> None:
    cluster.add(other("cilium.io/v2", "CiliumNetworkPolicy", {"endpointSelector": {}}, "shop"))
    result = audit(cluster)
    assert (result.status, "NM948" in result.out) == (0, False)


@pytest.mark.parametrize("format_", ["json", "github", "sarif", "junit"])
def test_every_format_names_the_departure(format_: str, cluster: Cluster, audit: Audit) -> None:
    cluster.add(policy("allow-all", {"podSelector": {}, "ingress": [{}]}))
    result = audit(cluster, "--format", format_)
    assert result.status == 1
    assert "NM942" in result.out
    assert "stalker/allow-all" in result.out


def test_json_says_what_the_audit_rests_on(cluster: Cluster, audit: Audit) -> None:
    found = json.loads(audit(cluster, "--format", "json").out)
    assert found["holds"] is True
    assert found["allowsExactlyTheMatrix"] is True
    assert found["release"] == {"name": "red-kite", "namespace": "stalker"}
    assert found["pods"]["rows"]["mongo"] == 1
    assert found["addresses"] == [{"endpoint": "kubernetes-api", "now": ["172.18.0.2:6443"]}]
    assert len(found["digests"]["manifests"]) == 2


def test_a_dump_is_told_by_its_lines(cluster: Cluster, netmatrix: Run, tmp_path: Path) -> None:
    cluster.add(policy("allow-all", {"podSelector": {}, "ingress": [{}]}))
    dump = tmp_path / "cluster.json"
    dump.write_text(json.dumps(json.loads(cluster.dump()), indent=1), encoding="utf-8")
    out = netmatrix("audit", *PROD, *TODAY, "--dump", dump).out
    line = int(out.split(f"{dump}:")[1].split(":")[0])
    assert '"name": "allow-all"' in "".join(dump.read_text(encoding="utf-8").splitlines()[line : line + 6])


# The calls of kubectl.


def test_a_dry_run_prints_what_would_be_read_and_reads_nothing(netmatrix: Run) -> None:
    result = netmatrix("audit", *PROD, "--dry-run", "--context", "staging", env={"KUBECTL": "/nowhere"})
    assert result.status == 0, result.err
    lines = result.out.splitlines()
    assert all(line.startswith("kubectl --context=staging get ") for line in lines)
    assert "kubectl --context=staging get pods --namespace=stalker-jobs --output=json" in lines
    assert not any("secrets" in line for line in lines)


@pytest.mark.parametrize("resource", ["pods", "networkpolicies.networking.k8s.io", "adminnetworkpolicies"])
def test_a_permission_that_is_missing_is_named(resource: str, netmatrix: Run, tmp_path: Path) -> None:
    """A script stands for a kubectl whose user may read all but one resource; tests/e2e asks a real API server."""
    script = tmp_path / "kubectl"
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *"get {resource}"*) echo "Error from server (Forbidden): no" >&2; exit 1;;\n'
        '*) echo \'{"apiVersion": "v1", "kind": "List", "items": []}\';; esac\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    result = netmatrix("audit", *PROD, *TODAY, env={"KUBECTL": str(script)})
    assert (result.status, result.out) == (2, "")
    assert f"NM904 you may not list {resource}" in result.err
    assert "kubectl auth can-i list" in result.err


@pytest.mark.parametrize(
    ("said", "served", "status"),
    [
        ('networkpolicies.projectcalico.org is forbidden: cannot list in tier "default" (user cannot get tier)', "", 1),
        ('networkpolicies.projectcalico.org is forbidden: cannot list resource "networkpolicies"', "", 2),
        (
            'networkpolicies.projectcalico.org is forbidden: cannot list in tier "default" (user cannot get tier)',
            "networkpolicies.crd.projectcalico.org",
            2,
        ),
    ],
    ids=["Calico's API server refuses", "the cluster refuses", "nor is it read elsewhere"],
)
def test_calicos_tiers_need_no_permission_where_its_policies_were_read_as_they_are_kept(
    said: str, served: str, status: int, netmatrix: Run, tmp_path: Path
) -> None:
    """Its API server gives them once more, and asks for permissions on tiers (Calico, RBAC for tiered policies)."""
    script = tmp_path / "kubectl"
    refused = f"echo 'Error from server (Forbidden): {said}' >&2; exit 1"
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *"get networkpolicies.projectcalico.org"*) {refused};;\n'
        f'*"get {served or "nothing"} "*) {refused};;\n'
        '*) echo \'{"apiVersion": "v1", "kind": "List", "items": []}\';; esac\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    result = netmatrix("audit", *PROD, *TODAY, env={"KUBECTL": str(script)})
    assert result.status == status, result.err
    assert ("you may not list networkpolicies.projectcalico.org in all namespaces" in result.err) == (status == 2)


def test_a_dump_is_instead_of_a_cluster(cluster: Cluster, audit: Audit) -> None:
    result = audit(cluster, "--context", "staging")
    assert result.status == 2
    assert "--dump is instead of a running cluster" in result.err


def test_what_is_rendered_for_other_apis_is_no_policy_of_others(
    cluster_with: Callable[..., Cluster], audit: Audit
) -> None:
    """And the verdict on the NetworkPolicies of the cluster does not wait for it."""
    switched = "backends.cilium.enabled=true,backends.clusterNetworkPolicy.enabled=true"
    values = ("--environment", "prod", "--set", switched)
    assert audit(cluster_with(*values), values=values).status == 0
