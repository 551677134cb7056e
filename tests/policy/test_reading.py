"""What is read from manifests: defaults, kinds, lists, formats, and the place of every rule."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.policy import (
    ManifestError,
    Manifests,
    Workload,
    parse_manifests,
    read_manifests,
    survey_manifests,
)
from netmatrix.policy.addresses import ALL_ADDRESSES
from netmatrix.policy.objects import Direction
from netmatrix.policy.ports import Protocol
from tests.policy.samples import Data, pod, policy, read

TEMPLATE: Data = {
    "metadata": {"labels": {"app": "a"}},
    "spec": {"containers": [{"name": "main", "ports": [{"name": "http", "containerPort": 80}]}]},
}
WORKLOADS: dict[tuple[str, str], Data] = {
    ("v1", "Pod"): TEMPLATE["spec"],
    ("v1", "ReplicationController"): {"template": TEMPLATE},
    ("apps/v1", "Deployment"): {"template": TEMPLATE, "replicas": 3},
    ("apps/v1", "ReplicaSet"): {"template": TEMPLATE},
    ("apps/v1", "StatefulSet"): {"template": TEMPLATE},
    ("apps/v1", "DaemonSet"): {"template": TEMPLATE},
    ("batch/v1", "Job"): {"template": TEMPLATE},
    ("batch/v1", "CronJob"): {"jobTemplate": {"spec": {"template": TEMPLATE}}, "schedule": "* * * * *"},
}


def workload(version: str, kind: str) -> Data:
    labels = {"app": "a"} if kind == "Pod" else {"app": "of-the-object-not-of-its-pods"}
    meta = {"name": "w", "labels": labels}
    return {"apiVersion": version, "kind": kind, "metadata": meta, "spec": WORKLOADS[version, kind]}


@pytest.mark.parametrize("kind", WORKLOADS, ids=[kind for _, kind in WORKLOADS])
def test_every_kind_of_workload_is_read_from_its_template(kind: tuple[str, str]) -> None:
    (found,) = read(workload(*kind)).workloads
    assert (found.kind, found.namespace, found.name) == (kind[1], "default", "w")
    assert found.labels["app"] == "a"
    assert [(port.name, port.protocol, port.number) for port in found.ports] == [("http", Protocol.TCP, 80)]
    assert found.addresses == ALL_ADDRESSES


def test_a_job_gives_its_pods_its_name() -> None:
    (found,) = read(workload("batch/v1", "Job")).workloads
    assert found.labels["batch.kubernetes.io/job-name"] == "w"


@pytest.mark.parametrize(
    ("spec", "types"),
    [
        ({}, {Direction.INGRESS}),
        ({"egress": []}, {Direction.INGRESS}),
        ({"egress": [{}]}, {Direction.INGRESS, Direction.EGRESS}),
        ({"policyTypes": [], "egress": [{}]}, {Direction.INGRESS, Direction.EGRESS}),
        ({"policyTypes": ["Ingress"], "egress": [{}]}, {Direction.INGRESS}),
        ({"policyTypes": ["Egress"]}, {Direction.EGRESS}),
    ],
)
def test_policy_types_default_to_ingress_and_to_egress_where_there_are_egress_rules(
    spec: Data, types: set[Direction]
) -> None:
    assert read(policy(**spec)).policies[0].types == types


def test_a_port_without_protocol_is_tcp_and_one_without_number_is_all_of_its_protocol() -> None:
    (found,) = read(policy(ingress=[{"ports": [{"port": 80}, {"protocol": "UDP"}]}])).policies
    assert [(port.protocol, port.port) for port in found.ingress[0].ports] == [(Protocol.TCP, 80), (Protocol.UDP, None)]


def test_null_is_as_good_as_missing() -> None:
    spec: Data = {"podSelector": None, "policyTypes": None, "ingress": None, "egress": [{"to": None, "ports": None}]}
    assert read(policy(**spec)).policies == read(policy(egress=[{}])).policies


def test_completed_pods_and_retired_revisions_are_left_out_and_told() -> None:
    done = {**pod("done"), "status": {"phase": "Succeeded"}}
    retired = workload("apps/v1", "ReplicaSet")
    retired["metadata"]["ownerReferences"] = [{"kind": "Deployment", "name": "w", "controller": True}]
    retired["spec"] = {**retired["spec"], "replicas": 0}
    manifests = read(done, retired, pod("a"))
    assert [item.name for item in manifests.workloads] == ["a"]
    assert "2 objects left out" in manifests.notes[0].message


def test_a_pods_addresses_are_those_of_its_status() -> None:
    item = {**pod("a"), "status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}}
    assert str(read(item).workloads[0].addresses) == "10.0.0.1-10.0.0.1,fd00::1-fd00::1"


@pytest.mark.parametrize("fixture", ["json", "yaml", "stream", "lists", "typed", "separators"])
def test_the_same_objects_in_any_form_are_the_same(fixture: str) -> None:
    objects = [pod("a"), pod("b"), policy(podSelector={})]
    plain: dict[str, Any] = {"apiVersion": "v1", "kind": "List", "items": objects}
    bare = [{key: value for key, value in item.items() if key not in ("apiVersion", "kind")} for item in objects[:2]]
    texts = {
        "json": json.dumps(plain, indent=2),
        "yaml": yaml.dump(plain),
        "stream": "".join(json.dumps(item) + "\n" for item in objects),
        "lists": json.dumps({**plain, "items": [{**plain, "items": objects[:2]}, {**plain, "items": objects[2:]}]}),
        "typed": yaml.dump_all([{"apiVersion": "v1", "kind": "PodList", "items": bare}, objects[2]]),
        "separators": yaml.dump_all(objects).replace("---\n", "---\n\n--- # Source: chart\n"),
    }
    assert parse_manifests(texts[fixture].encode(), "f") == read(*objects)


def test_aliases_and_merge_keys_are_followed() -> None:
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: &l {app: a}}\nspec: {containers: [{}]}\n"
        "status: {x: *l, y: {<<: *l}}\n"
    )
    assert parse_manifests(text.encode(), "f").workloads[0].labels == {"app": "a"}


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_every_rule_and_peer_knows_its_place(form: str) -> None:
    item = policy(podSelector={}, ingress=[{}, {"from": [{"podSelector": {}}]}])
    text = yaml.dump(item, sort_keys=False) if form == "yaml" else json.dumps(item, indent=2)
    text = f"# first\n---\n{text}" if form == "yaml" else text
    (found,) = parse_manifests(text.encode(), "f").policies
    lines = text.splitlines()
    rule, peer = found.ingress[1].origin, found.ingress[1].peers[0].origin
    assert rule
    assert peer
    assert "from" in lines[rule.place.line - 1] + lines[rule.place.line]
    assert lines[peer.place.line - 1 :][0 if form == "yaml" else 1].strip(" -{").strip('"').startswith("podSelector")
    assert found.place
    assert found.place.line == (3 if form == "yaml" else 1)


def test_every_object_of_a_list_in_json_knows_its_place_in_whatever_order_they_are_asked_for() -> None:
    items = [policy(f"p{number}", podSelector={}, egress=[{}, {"ports": [{"port": 53}]}]) for number in range(5)]
    text = json.dumps({"kind": "List", "apiVersion": "v1", "items": items}, indent=2)
    lines = text.splitlines()
    for number in (3, 0, 4, 1):
        found = next(item for item in parse_manifests(text.encode(), "f").policies if item.name == f"p{number}")
        assert found.origin
        name, port = found.origin.at("metadata", "name").place, found.origin.at("spec", "egress", 1, "ports", 0).place
        assert lines[name.line - 1][name.column - 1 :] == f'"p{number}",'
        assert lines[port.line].strip() == '"port": 53'
        assert found.origin.at("spec", "nothing").place == found.origin.at("spec").place


def test_what_defaulting_would_hide_is_remembered() -> None:
    text = "{podSelector: {}, policyTypes: [], ingress: [{from: []}, {ports: [{port: 1}, {protocol: TCP, port: 2}]}]}"
    (found,) = read(policy(**yaml.safe_load(text))).policies
    assert found.written == {"podSelector", "ingress"}
    assert [rule.written for rule in found.ingress] == [{"from"}, {"ports"}]
    assert [port.written for port in found.ingress[1].ports] == [{"port"}, {"protocol", "port"}]


def test_a_survey_hands_over_what_can_be_read_beside_everything_that_is_wrong(tmp_path: Path) -> None:
    objects = [pod("a"), policy("good", podSelector={}), policy("bad", ingress=[{"form": []}]), pod("b", containers=1)]
    (tmp_path / "a.yaml").write_text(yaml.dump_all(objects), encoding="utf-8")
    (tmp_path / "b.yaml").write_text("{", encoding="utf-8")
    manifests, findings = survey_manifests([str(tmp_path)])
    assert names(manifests) == ["a"]
    assert [item.name for item in manifests.policies] == ["good"]
    assert [item.rule.id for item in findings] == ["NM501", "NM502", "NM006"]
    assert survey_manifests([str(tmp_path / "missing")])[1]


def test_folders_are_read_whole_and_standard_input_as_well(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.yml").write_text(yaml.dump(pod("a")), encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps(pod("b")), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no manifest", encoding="utf-8")
    stdin = io.BytesIO(yaml.dump(pod("c")).encode())
    assert names(read_manifests([str(tmp_path), "-"], stdin=stdin)) == ["a", "b", "c"]


def test_what_cannot_be_read_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as refused:
        read_manifests([str(tmp_path), str(tmp_path / "missing.yaml"), "nul\0"])
    assert [item.rule.id for item in refused.value.findings] == ["NM516", "NM001", "NM001"]


def names(manifests: Manifests) -> list[str]:
    workloads: tuple[Workload, ...] = manifests.workloads
    return [item.name for item in workloads]
