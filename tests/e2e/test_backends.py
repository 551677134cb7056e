"""The objects of other APIs before a real API server: nothing without their CRDs, and with them what was proved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netmatrix.matrix.model import Matrix
from netmatrix.policy import parse_manifests
from netmatrix.proof.verify import verify
from tests.e2e.auditing import audit
from tests.e2e.conftest import World
from tests.e2e.installation import NAMESPACE, arguments, grants, install
from tests.e2e.release import PROD
from tests.e2e.session import Cluster
from tests.fleet.crds import FOLDER

pytestmark = [pytest.mark.e2e, pytest.mark.operations]

KINDS = {
    "CiliumNetworkPolicy": ("ciliumnetworkpolicies", "Namespaced"),
    "ClusterNetworkPolicy": ("clusternetworkpolicies", "Cluster"),
}
VALUES = "backends: {cilium: {enabled: true}, clusterNetworkPolicy: {enabled: true}}\n"


def crd(kind: str) -> dict[str, Any]:
    """The CRD of a kind, from the schema that is kept of it."""
    schema = json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))
    group, _, version = schema["properties"]["apiVersion"]["enum"][0].partition("/")
    plural, scope = KINDS[kind]
    del schema["$comment"]
    served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    approved = {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/network-policy-api"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "annotations": approved},
        "spec": {"group": group, "names": names, "scope": scope, "versions": [served]},
    }


@pytest.fixture
def without_crds(bare: World) -> Iterator[Cluster]:
    """A cluster that knows none of these kinds, before the test and after it."""
    yield bare.cluster
    names = [crd(kind)["metadata"]["name"] for kind in KINDS]
    bare.cluster.kubectl("delete", "crd", "--ignore-not-found", *names)


def test_a_real_api_server_takes_them_and_what_it_keeps_is_proved(
    without_crds: Cluster, matrix: Matrix, tmp_path: Path
) -> None:
    cluster = without_crds
    (tmp_path / "backends.yaml").write_text(VALUES, encoding="utf-8")
    files = [PROD, tmp_path / "backends.yaml"]

    refused = cluster.helm("upgrade", "--install", "--create-namespace", *arguments(files), check=False)
    assert 'no matches for kind "CiliumNetworkPolicy"' in refused.stderr
    assert not cluster.get("networkpolicies", "--all-namespaces")["items"], "nothing was changed"

    cluster.apply([crd(kind) for kind in KINDS])
    cluster.await_established(*(crd(kind)["metadata"]["name"] for kind in KINDS))
    install(cluster, matrix, files)
    kinds = ",".join(["networkpolicies", "namespaces", *(plural for plural, _ in KINDS.values())])
    kept = cluster.kubectl("get", kinds, "--all-namespaces", "--output", "json").stdout
    verdict = verify(grants(matrix, files), parse_manifests(kept.encode(), "the cluster"), "the cluster")
    assert verdict.holds
    assert {item.backend.kind: item.backend.objects for item in verdict.backends} == {
        "CiliumNetworkPolicy": 19,
        "ClusterNetworkPolicy": 1,
    }
    audited = json.loads(audit(cluster, files).stdout)
    assert [audited["policies"]["departures"], audited["backends"], audited["overriding"]] == [[], [], []]
    cluster.kubectl("delete", "ciliumnetworkpolicy", "redkite-cron-egress", "--namespace", NAMESPACE)
    (missing,) = json.loads(audit(cluster, files).stdout)["backends"]
    assert (missing["state"], missing["name"]) == ("missing", "redkite-cron-egress")
