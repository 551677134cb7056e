"""Reading a cluster through kubectl, and dumps; a script stands for a kubectl that must be refused something.

What it says then is what kubectl 1.32 and 1.37 said of kube-apiserver 1.36.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netmatrix.cluster import (
    ClusterError,
    DumpError,
    Kubectl,
    Reason,
    RefusedError,
    Wanted,
    calls,
    find_kubectl,
    read_cluster,
    read_dump,
)
from netmatrix.policy.read import parse_files

NODES = Wanted("Node", "nodes", is_namespaced=False)
PODS = Wanted("Pod", "pods", instead=("shop", "kube-system"))
SETTINGS = Wanted("ConfigMap", "configmaps", namespace="kube-system", name="cni")
POOLS = Wanted("IPPool", "ippools", "crd.projectcalico.org", is_namespaced=False)
SLICES = Wanted("EndpointSlice", "endpointslices", "discovery.k8s.io", namespace="default", needed=True)

Answer = tuple[int, str]
Answering = Callable[[dict[Wanted, Answer]], Kubectl]


def thing(kind: str, name: str, namespace: str = "", version: str = "v1", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def listed(*items: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)})


def forbidden(resource: str, where: str = "at the cluster scope") -> Answer:
    said = f'{resource} is forbidden: User "jo" cannot list resource "{resource}" in API group "" {where}'
    return 1, f"Error from server (Forbidden): {said}"


@pytest.fixture
def answering(tmp_path: Path) -> Answering:
    """A kubectl that answers each call with a status and a text, and any other with nothing found."""

    def make(answers: dict[Wanted, Answer]) -> Kubectl:
        cases = []
        for number, (wanted, (status, text)) in enumerate(answers.items()):
            (tmp_path / str(number)).write_text(text, encoding="utf-8")
            stream = "" if status == 0 else ">&2"
            cases.append(f'"{" ".join(wanted.arguments())}") cat {tmp_path}/{number} {stream}; exit {status};;')
        script = f"#!/bin/sh\nshift\ncase \"$*\" in\n{chr(10).join(cases)}\n*) echo '{listed()}';;\nesac\n"
        file = tmp_path / "kubectl"
        file.write_text(script, encoding="utf-8")
        file.chmod(0o755)
        return find_kubectl(environ={"KUBECTL": str(file)})

    return make


def test_the_calls_are_those_of_a_person_who_only_reads() -> None:
    assert calls([NODES, PODS, SETTINGS, POOLS, SLICES], ["--context=my cluster"]) == [
        "kubectl '--context=my cluster' get nodes --output=json",
        "kubectl '--context=my cluster' get pods --all-namespaces --output=json",
        "kubectl '--context=my cluster' get configmaps cni --namespace=kube-system --ignore-not-found --output=json",
        "kubectl '--context=my cluster' get ippools.crd.projectcalico.org --output=json",
        "kubectl '--context=my cluster' get endpointslices.discovery.k8s.io --namespace=default --output=json",
    ]


def test_objects_are_found_by_kind_group_namespace_and_name(answering: Answering) -> None:
    network = thing("Network", "cluster", version="config.openshift.io/v1")
    pods = [thing("Pod", "b", "shop"), thing("Pod", "a", "kube-system")]
    kubectl = answering({NODES: (0, listed(thing("Node", "n"), network)), PODS: (0, listed(*pods))})
    found = read_cluster(kubectl, [NODES, PODS])
    assert [str(item) for item in found.all("Pod")] == ["Pod kube-system/a", "Pod shop/b"]
    assert [item.name for item in found.all("Pod", namespace="shop")] == ["b"]
    assert found.all("Network") == ()
    assert found.one("Network", "cluster", group="config.openshift.io") is not None
    assert found.one("Pod", "a", namespace="shop") is None
    assert found.missing == ()


def test_a_named_object_that_is_not_there_is_no_fault(answering: Answering) -> None:
    found = read_cluster(answering({SETTINGS: (0, "")}), [SETTINGS])
    assert (found.items, found.missing) == ((), ())


def test_what_is_optional_and_forbidden_is_said_with_verb_resource_and_group(answering: Answering) -> None:
    found = read_cluster(answering({NODES: forbidden("nodes"), POOLS: forbidden("ippools")}), [NODES, POOLS])
    assert [(item.reason, item.said) for item in found.missing] == [
        (Reason.FORBIDDEN, "you may not list nodes"),
        (Reason.FORBIDDEN, "you may not list ippools.crd.projectcalico.org"),
    ]
    assert found.why_not("Node") is found.missing[0]
    assert found.why_not("Pod") is None


def test_an_api_that_the_cluster_does_not_have_is_no_missing_permission(answering: Answering) -> None:
    said = 'error: the server doesn\'t have a resource type "ippools"'
    (missing,) = read_cluster(answering({POOLS: (1, said)}), [POOLS]).missing
    assert (missing.reason, missing.said) == (
        Reason.NOT_SERVED,
        "the cluster has no ippools of the API group crd.projectcalico.org",
    )


def test_where_all_namespaces_may_not_be_listed_single_ones_are(answering: Answering) -> None:
    shop, system = PODS.one_by_one()
    kubectl = answering(
        {
            PODS: forbidden("pods"),
            shop: (0, listed(thing("Pod", "a", "shop"))),
            system: forbidden("pods", 'in the namespace "kube-system"'),
        }
    )
    found = read_cluster(kubectl, [PODS])
    assert [item.name for item in found.items] == ["a"]
    assert found.why_not("Pod", namespace="shop") is None
    assert found.why_not("Pod", namespace="kube-system") is found.missing[1]
    assert found.why_not("Pod", namespace="elsewhere") is found.missing[0]
    assert [item.said for item in found.missing] == [
        "you may not list pods in all namespaces",
        "you may not list pods in namespace kube-system",
    ]


def test_what_is_needed_and_forbidden_is_an_error_that_names_each_permission(answering: Answering) -> None:
    services = Wanted("Service", "services", instead=("shop",), needed=True)
    (shop,) = services.one_by_one()
    no_slices = forbidden("endpointslices", 'in the namespace "default"')
    kubectl = answering({SLICES: no_slices, services: forbidden("services"), shop: forbidden("services")})
    with pytest.raises(ClusterError) as caught:
        read_cluster(kubectl, [NODES, services, SLICES])
    assert [(item.rule.id, item.message) for item in caught.value.findings] == [
        ("NM904", "you may not list endpointslices.discovery.k8s.io in namespace default"),
        ("NM904", "you may not list services in namespace shop"),
    ]
    assert "`kubectl auth can-i list services --namespace shop`" in caught.value.findings[1].hint


def test_a_cluster_that_does_not_answer_is_told_once_and_asked_for_nothing_more(
    answering: Answering, tmp_path: Path
) -> None:
    kubectl = answering({SLICES: (1, "The connection to the server localhost:8080 was refused"), NODES: (0, listed())})
    with pytest.raises(RefusedError, match=r"NM903 `kubectl get` failed: The connection to the server"):
        read_cluster(kubectl, [NODES, SLICES])


def test_an_optional_part_that_fails_is_kept_in_kubectls_words(answering: Answering) -> None:
    kubectl = answering({POOLS: (1, "Error from server (ServiceUnavailable): try later")})
    (missing,) = read_cluster(kubectl, [POOLS]).missing
    assert missing.reason is Reason.FAILED
    assert "(ServiceUnavailable): try later" in missing.said


def test_an_answer_that_is_cut_off_is_an_error_with_its_call_and_place(answering: Answering) -> None:
    kubectl = answering({NODES: (0, listed(thing("Node", "n"))[:-20])})
    with pytest.raises(ClusterError, match=r"^kubectl get nodes --output=json:1:\d+: NM006 the quoted text"):
        read_cluster(kubectl, [NODES])


def test_a_dump_is_files_folders_and_standard_input(tmp_path: Path) -> None:
    (tmp_path / "dump").mkdir()
    (tmp_path / "dump/nodes.json").write_text(listed(thing("Node", "n")), encoding="utf-8")
    (tmp_path / "dump/not-found.json").write_text("", encoding="utf-8")  # what --ignore-not-found leaves
    (tmp_path / "dump/pod.yaml").write_text("{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: b}}\n")
    typed = {"apiVersion": "crd.projectcalico.org/v1", "kind": "IPPoolList", "items": [{"metadata": {"name": "p"}}]}
    stdin = io.BytesIO(json.dumps(typed).encode())
    found = read_dump([str(tmp_path / "dump"), "-"], [NODES, PODS, POOLS, SETTINGS], stdin=stdin)
    assert [str(item) for item in found.items] == ["IPPool p", "Node n", "Pod b/a"]
    assert [(item.reason, item.said) for item in found.missing] == [
        (Reason.NOT_IN_DUMP, "there is no ConfigMap cni of namespace kube-system in the dump")
    ]


def test_a_dump_without_what_is_needed_names_the_command_that_prints_it(tmp_path: Path) -> None:
    file = tmp_path / "nodes.json"
    file.write_text(listed(thing("Node", "n")), encoding="utf-8")
    with pytest.raises(DumpError) as caught:
        read_dump([str(file)], [NODES, SLICES])
    (finding,) = caught.value.findings
    assert finding.message == "there is no object of kind EndpointSlice of namespace default in the dump"
    assert "kubectl get endpointslices.discovery.k8s.io --namespace=default --output=json" in finding.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"apiVersion": "v1", "kind": "List", "items": [', r":1:48: NM006 this is not valid JSON"),
        ('{"apiVersion": "v1", "items": []}', r":1:1: NM907 it is no Kubernetes object"),
        ('{"apiVersion": "v1", "kind": "List",\n "items": [{"kind": "Pod"}]}', r":2:12: NM907 it is no Kubernetes ob"),
        ('{"apiVersion": "v1", "kind": "PodList", "items": [{}]}', r":1:51: NM907 the object has no name"),
        ('{"apiVersion": "v1", "kind": "PodList", "items": {}}', r":1:50: NM907 expected a list of objects"),
        ('{"apiVersion": "v1", "kind": "Pod", "kind": "Pod"}', r":1:37: NM009 key 'kind' stands twice"),
        ("[]", r":1:1: NM907 expected a Kubernetes object; found an empty list"),
        (listed().replace("}", ', "metadata": {"continue": "x"}}'), r"NM517 the list is a part of a longer one"),
    ],
    ids=["cut-off", "no-kind", "item", "no-name", "no-list", "repeated-key", "list", "continued"],
)
def test_an_unreadable_dump_names_the_part(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "dump.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DumpError, match=said):
        read_dump([str(file)], [])


def test_two_states_of_one_object_are_no_dump(tmp_path: Path) -> None:
    file = tmp_path / "dump.json"
    file.write_text(listed(thing("Pod", "a", "b"), thing("Pod", "a", "b"), thing("Pod", "a", "b", spec={})))
    with pytest.raises(DumpError, match="NM907 Pod b/a stands there twice and differs") as caught:
        read_dump([str(file)], [])
    assert len(caught.value.findings) == 1


def test_an_object_that_changed_between_two_calls_is_the_later_one(answering: Answering) -> None:
    shop, _ = PODS.one_by_one()
    calls_ = {shop: (0, listed(thing("Pod", "a", "shop"))), PODS: (0, listed(thing("Pod", "a", "shop", status={})))}
    (pod,) = read_cluster(answering(calls_), [shop, PODS]).items
    assert "status" in pod.data


def test_what_was_read_can_be_read_strictly_as_manifests(answering: Answering) -> None:
    deny = thing("NetworkPolicy", "deny", "shop", "networking.k8s.io/v1", spec={"podSelector": {}})
    policies = Wanted("NetworkPolicy", "networkpolicies", "networking.k8s.io")
    found = read_cluster(answering({policies: (0, listed(deny))}), [policies])
    assert [policy.name for policy in parse_files(found.contents).policies] == ["deny"]


def test_an_object_that_may_not_be_got_is_named_with_what_asks_for_it(answering: Answering) -> None:
    home = Wanted("Namespace", "namespaces", name="shop", is_namespaced=False, needed=True)
    with pytest.raises(ClusterError) as caught:
        read_cluster(answering({home: forbidden("namespaces")}), [home])
    (finding,) = caught.value.findings
    assert finding.message == "you may not get namespaces shop"
    assert "`kubectl auth can-i get namespaces/shop`" in finding.hint
