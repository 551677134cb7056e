"""By which names connections are listed, and what is told beside them."""

from __future__ import annotations

import json
from typing import Any

from netmatrix.policy import Connection, Model, Reach, connections
from netmatrix.policy.formats import ListingFormat, listing
from netmatrix.policy.notes import assumptions
from tests.policy.samples import Data, lines, pod, policy, read

MATCHING = Model(ipblock_matches_pods=True)
BLOCK = {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.2/32"]}}


def owned(name: str, by: str, kind: str, **labels: str) -> Data:
    item = pod(name)
    item["metadata"]["ownerReferences"] = [{"kind": kind, "name": by, "controller": True}]
    item["metadata"]["labels"] = {"app": "a", **labels}
    return item


def placed(name: str, *ips: str) -> Data:
    return {**pod(name), "status": {"podIPs": [{"ip": ip} for ip in ips]}}


def ends(found: set[str]) -> set[str]:
    return {line.split(" => ")[0] for line in found if "[" in line.split(" => ")[0]}


def test_a_pod_goes_by_the_name_at_the_top_of_its_owners() -> None:
    replica_set = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "web-1", "ownerReferences": [{"kind": "Deployment", "name": "web", "controller": True}]},
        "spec": {"template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "main"}]}}},
    }
    pods = [owned("web-1-x", "web-1", "ReplicaSet"), owned("web-1-y", "web-1", "ReplicaSet")]
    assert ends(lines(replica_set, *pods)) == {"default/web[Deployment]"}
    assert ends(lines(*pods)) == {"default/web-1[ReplicaSet]"}


def test_pods_that_policies_tell_apart_go_by_their_own_names() -> None:
    pods = [owned(f"web-{role}", "web", "StatefulSet", role=role) for role in ("a", "b")]
    assert ends(lines(*pods, policy(podSelector={"matchLabels": {"other": "x"}}))) == {"default/web[StatefulSet]"}
    apart = lines(*pods, policy(podSelector={"matchLabels": {"role": "a"}}))
    assert ends(apart) == {"default/web-a[Pod]", "default/web-b[Pod]"}
    assert "default/web-a[Pod] => default/web-b[Pod] : All Connections" in apart


def test_a_family_is_named_where_the_two_differ() -> None:
    pods = [placed("a", "10.0.0.1", "fd00::1"), placed("b", "10.0.0.3", "fd00::3"), placed("c", "10.0.0.2")]
    closed = policy(podSelector={"matchLabels": {"app": "a"}}, policyTypes=["Egress"], egress=[{"to": [BLOCK]}])
    found = lines(*pods, closed, model=MATCHING)
    assert "default/a[Pod] => default/b[Pod] : All Connections (IPv4)" in found
    assert not any(line.startswith("default/a[Pod] => default/c") for line in found)
    assert "default/b[Pod] => default/c[Pod] : All Connections" in found


def test_a_pod_connects_only_with_addresses_of_its_own_family() -> None:
    found = {str(item) for item in connections(Reach(read(placed("a", "10.0.0.1"))))}
    assert found == {
        "0.0.0.0-255.255.255.255 => default/a[Pod] : All Connections",
        "default/a[Pod] => 0.0.0.0-255.255.255.255 : All Connections",
    }


def test_pods_without_a_common_family_do_not_connect() -> None:
    found = lines(placed("a", "10.0.0.1"), placed("b", "fd00::1"))
    assert not any("default/a[Pod] => default/b" in line for line in found)


def test_an_unknown_address_may_be_any_and_is_told() -> None:
    objects = [pod("a"), pod("b"), policy(podSelector={"matchLabels": {"app": "a"}}, egress=[{"to": [BLOCK]}])]
    assert "default/a[Pod] => default/b[Pod] : All Connections (IPv4)" in lines(*objects, model=MATCHING)
    assert [note.rule.id for note in assumptions(read(*objects), MATCHING)] == ["NM524"]
    assert not any("a[Pod] => default/b" in line for line in lines(*objects))
    assert not assumptions(read(*objects), Model())


def test_labels_of_a_namespace_that_is_not_there_are_told_to_be_unknown() -> None:
    selector: dict[str, Any] = {"namespaceSelector": {"matchLabels": {"team": "x"}}}
    (note,) = assumptions(read(pod("a", "blue"), policy(podSelector={}, ingress=[{"from": [selector]}])), Model())
    assert note.rule.id == "NM521"
    assert "blue" in note.message
    selector = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "blue"}}}
    found = lines(pod("a"), pod("b", "blue"), policy(podSelector={}, ingress=[{"from": [selector]}]))
    assert "blue/b[Pod] => default/a[Pod] : All Connections" in found


def test_pods_on_the_hosts_network_are_left_out_and_told_or_taken_for_pods() -> None:
    objects = [pod("a"), pod("b", hostNetwork=True)]
    assert not any("/b" in line for line in lines(*objects))
    assert [note.rule.id for note in assumptions(read(*objects), Model())] == ["NM522"]
    assert any("/b" in line for line in lines(*objects, model=Model(host_network_as_pods=True)))


def test_every_format_says_the_same() -> None:
    reach = Reach(read(pod("a"), pod("b"), policy(podSelector={}, ingress=[{"ports": [{"port": 80, "endPort": 90}]}])))
    found = sorted(connections(reach), key=str)
    assert listing(reach, ListingFormat.TEXT).splitlines() == [str(item) for item in found]
    data = json.loads(listing(reach, ListingFormat.JSON))
    assert data["workloads"] == ["default/a[Pod]", "default/b[Pod]"]
    told = {(item["source"], item["destination"], item["connections"]) for item in data["connections"]}
    assert told == {(item.source, item.destination, str(item.ports)) for item in found}
    pair = next(item for item in data["connections"] if item["destination"] == "default/b[Pod]")
    assert pair["ports"] == [{"protocol": "TCP", "first": 80, "last": 90}]
    assert listing(reach, ListingFormat.MARKDOWN).count("\n") == 2 + len(found)
    dot = listing(reach, ListingFormat.DOT)
    assert '"default/a[Pod]" -> "default/b[Pod]" [label="TCP 80-90"]' in dot
    assert dot.count(" -> ") == len(found)


def test_a_connection_reads_as_a_line() -> None:
    reach = Reach(read(pod("a"), pod("b")))
    line = "default/a[Pod] => default/b[Pod] : All Connections"
    assert line in {str(item) for item in connections(reach)}
    assert all(isinstance(item, Connection) for item in connections(reach))
