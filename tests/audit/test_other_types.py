"""A dump in which a field has another type is judged, or refused at its file and line; no fault of netmatrix itself."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

import netmatrix.audit.run
import netmatrix.cli.auditing
from netmatrix.audit.audit_json import document
from netmatrix.audit.audit_text import text
from netmatrix.audit.findings import findings
from netmatrix.audit.overriding import APIS
from netmatrix.audit.wanted import wanted_of_dump
from netmatrix.cluster import read_dump
from netmatrix.document import FindingsError
from netmatrix.proof.grants import granted
from tests.audit.cluster import Cluster, Object, policy
from tests.audit.conftest import Audit
from tests.cli.conftest import TODAY, Run
from tests.support.other_types import Change, changes

SWITCHED = "backends.cilium.enabled=true,backends.clusterNetworkPolicy.enabled=true"
VALUES = ("--environment", "prod", "--set", SWITCHED)
ABOUT: Object = {
    "labels": {"app.kubernetes.io/managed-by": "x"},
    "annotations": {"x": "y"},
    "ownerReferences": [{"apiVersion": "x/v1", "kind": "X", "name": "x", "uid": "1", "controller": True}],
    "managedFields": [{"manager": "x", "operation": "Update"}],
}
CHOSEN = {"matchLabels": {"x": "y"}, "matchExpressions": [{"key": "z", "operator": "In", "values": ["y"]}]}

Judge = Callable[[Sequence[Change]], None]


@pytest.fixture
def objects(cluster_with: Callable[..., Cluster]) -> list[Object]:
    """A cluster with an object of every kind that an audit reads, with all the metadata that it looks at."""
    cluster = cluster_with(*VALUES)
    others = [
        {
            "apiVersion": f"{api.group}/v1",
            "kind": api.kind,
            "metadata": {"name": name, **({"namespace": "stalker"} if api.namespaced else {})},
            "spec": {"subject": subject},
        }
        for api in APIS
        for name, subject in (("one", {"namespaces": CHOSEN}), ("two", {"pods": {"namespaceSelector": CHOSEN}}))
    ]
    cluster.one("Pod", "mongo-0", "stalker")["metadata"] |= {key: ABOUT[key] for key in ("ownerReferences",)}
    cluster.add(policy("theirs", {"podSelector": CHOSEN}, **ABOUT), *others)
    return sorted(cluster.objects, key=lambda item: item["metadata"]["name"] != "theirs")


@pytest.fixture
def judge(objects: list[Object], audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Audits the cluster with each change, all of it but that values are judged and rendered once."""
    given: list[Any] = []
    whole = netmatrix.audit.run.audit

    def kept(values: Any, rendered: Any, *rest: Any) -> Any:
        given[:] = [values, rendered]
        return whole(values, rendered, *rest)

    monkeypatch.setattr(netmatrix.cli.auditing, "audit", kept)
    assert audit(Cluster(objects), values=VALUES).status == 1
    values, rendered = given
    wanted, dump = wanted_of_dump(granted(values)), tmp_path / "changed.json"

    def run(several: Sequence[Change]) -> None:
        refused: list[tuple[str, str]] = []
        for change in several:
            dump.write_bytes(Cluster(change.of(objects)).dump())
            try:
                found = whole(values, rendered, read_dump([str(dump)], wanted))
            except FindingsError as error:
                refused += [(item.place.file, f"{change}: {item}") for item in error.findings]
            else:
                told = findings(found)
                assert text(found, told)
                assert json.dumps(document(found, told, {}))
        assert [told for file, told in refused if file != str(dump)] == []
        assert refused

    return run


def test_a_field_of_another_type_is_no_fault_of_ours(judge: Judge, objects: list[Object]) -> None:
    judge(random.Random(1).sample(list(changes(objects)), 25))


@pytest.mark.long
def test_no_field_of_another_type_is_a_fault_of_ours(judge: Judge, objects: list[Object]) -> None:
    judge(list(changes(objects)))


@pytest.mark.parametrize(
    ("kind", "name", "namespace", "path", "value", "told"),
    [
        ("EndpointSlice", "kubernetes", "default", ("endpoints",), "x", "(endpoints): expected a list; found"),
        ("EndpointSlice", "kubernetes", "default", ("endpoints", 0), "x", "(endpoints[0]): expected a mapping"),
        ("EndpointSlice", "kubernetes", "default", ("ports", 0, "port"), 70000, "(ports[0].port): 70000 is not a port"),
        ("EndpointSlice", "kubernetes", "default", ("metadata", "labels"), ["x"], "(metadata.labels): expected a map"),
        ("NetworkPolicy", "theirs", "stalker", ("metadata", "ownerReferences"), ["x"], "(metadata.ownerReferences[0])"),
        ("NetworkPolicy", "theirs", "stalker", ("metadata", "managedFields"), [7], "(metadata.managedFields[0])"),
        ("NetworkPolicy", "theirs", "stalker", ("spec", "egress"), "x", "(spec.egress): expected a list; found"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(
    kind: str,
    name: str,
    namespace: str,
    path: tuple[str | int, ...],
    value: Any,
    told: str,
    objects: list[Object],
    audit: Audit,
    tmp_path: Path,
) -> None:
    cluster = Cluster(objects)
    change = Change(cluster.objects.index(cluster.one(kind, name, namespace)), path, value)
    result = audit(Cluster(change.of(cluster.objects)), values=VALUES)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"{tmp_path / 'cluster.json'}:1:")
    assert f": error NM944 {kind} {namespace}/{name} cannot be read {told}" in result.err
    assert "; until then nothing is said about the cluster\n" in result.err
    assert ".; " not in result.err


@pytest.mark.parametrize(
    ("labels", "status", "told"),
    [
        ("{a: yes}", 2, ":8:17: error NM944 Pod stalker/odd cannot be read (metadata.labels.a): expected a string;"),
        ("{a: 2026-11-01}", 2, ":8:17: error NM944 Pod stalker/odd cannot be read (metadata.labels.a)"),
        ("{a: b}\n    creationTimestamp: 2026-11-01T08:00:00Z", 1, "error NM945 stalker/odd with a=b"),
    ],
)
def test_yaml_that_its_readers_differ_on_is_refused_where_it_matters(
    labels: str, status: int, told: str, cluster: Cluster, netmatrix: Run, tmp_path: Path
) -> None:
    """A dump may be YAML as well."""
    pod = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: odd\n"
    pod += f"    labels: {labels}\n    namespace: stalker\n  spec: {{containers: [{{name: a, image: b}}]}}\n"
    (tmp_path / "a.yaml").write_text(pod, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(yaml.safe_dump_all(cluster.objects), encoding="utf-8")
    result = netmatrix("audit", "--environment", "prod", *TODAY, "--dump", tmp_path)
    assert result.status == status
    assert told in result.out + result.err
    assert (result.out + result.err).count("stalker/odd") == 1


def test_a_key_that_is_no_string_is_told_as_drift(
    cluster_with: Callable[..., Cluster], netmatrix: Run, tmp_path: Path
) -> None:
    cluster = cluster_with(*VALUES)
    cluster.one("CiliumNetworkPolicy", "redkite-mongo-ingress", "stalker")["spec"][7] = "x"
    (tmp_path / "dump.yaml").write_text(yaml.safe_dump_all(cluster.objects), encoding="utf-8")
    result = netmatrix("audit", *VALUES, *TODAY, "--dump", tmp_path / "dump.yaml")
    assert result.status == 1
    assert "redkite-mongo-ingress (cilium.io) is not as rendered: spec.7" in result.out
