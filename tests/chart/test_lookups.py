"""What the chart makes of what stands in the cluster: API discovery, the lock, the namespaces."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from netmatrix.helm import Helm, Output
from tests.chart.expected import documented_policies
from tests.support.api_server import Cluster, serving
from tests.support.rendering import Object, objects_of, policies

Render = Callable[..., Output]

OURS = {"meta.helm.sh/release-name": "release", "meta.helm.sh/release-namespace": "apps"}
THEIRS = {"meta.helm.sh/release-name": "first", "meta.helm.sh/release-namespace": "elsewhere"}


@pytest.fixture
def cluster() -> Cluster:
    """The release's own namespace and the application's; that of the jobs is the chart's to make."""
    cluster = Cluster()
    cluster.add_namespace("apps")
    cluster.add_namespace("stalker")
    return cluster


@pytest.fixture(params=["helm", "helm3"])
def render(request: pytest.FixtureRequest, cluster: Cluster, project_root: Path, tmp_path: Path) -> Iterator[Render]:
    """Renders prod with look-ups answered by `cluster`."""
    helm: Helm = request.getfixturevalue(request.param)
    with serving(cluster, tmp_path / "kubeconfig") as kubeconfig:

        def run(*arguments: str) -> Output:
            values = ["--values", str(project_root / "values/values-prod.yaml")]
            server = ["--dry-run=server", "--disable-openapi-validation", "--kubeconfig", str(kubeconfig)]
            place = ["--namespace", "apps", "--kube-version", "1.36.0"]
            return helm.run(["template", "release", str(project_root / "chart"), *values, *server, *place, *arguments])

        yield run


TO_THE_API = "redkite-flow-orchestrator-to-kubernetes-api-egress"


def rules_to_the_api(output: Output) -> dict[str, tuple[list[str], list[int]]]:
    """The addresses and ports of the policies that open the API server, by the rest of their names."""
    assert output.status == 0, output.stderr
    found = {}
    for name, policy in policies(objects_of(output.stdout)).items():
        if name.startswith(TO_THE_API):
            (rule,) = policy["spec"]["egress"]
            addresses = [peer["ipBlock"]["cidr"] for peer in rule["to"]]
            found[name.removeprefix(TO_THE_API)] = (addresses, [port["port"] for port in rule["ports"]])
    return found


def slice_of(*addresses: str, ports: Sequence[int] = (6443,), service: str = "kubernetes", **more: Any) -> Object:
    return {"service": service, "addressType": "IPv4", "addresses": list(addresses), "ports": list(ports), **more}


STATED = {"": (["10.96.0.1/32"], [443])}


def test_discovered_addresses_are_granted_on_their_own_port_in_a_policy_of_its_own(
    cluster: Cluster, render: Render
) -> None:
    cluster.set_slices("default", [slice_of("192.0.2.11", "192.0.2.10")])
    output = render()
    assert rules_to_the_api(output) == STATED | {"-6443": (["192.0.2.10/32", "192.0.2.11/32"], [6443])}
    assert b"# orchestrator -> kubernetes-api: TCP 6443, discovered" in output.stdout


def test_each_port_of_the_slices_gives_a_policy_and_other_services_give_none(cluster: Cluster, render: Render) -> None:
    cluster.set_slices(
        "default",
        [
            slice_of("192.0.2.10"),
            slice_of("192.0.2.66", service="something-else"),
            slice_of("2001:db8::10", ports=[6443, 443], addressType="IPv6"),
            slice_of("api.example.org", addressType="FQDN"),
        ],
    )
    assert rules_to_the_api(render()) == STATED | {
        "-443": (["2001:db8::10/128"], [443]),
        "-6443": (["192.0.2.10/32", "2001:db8::10/128"], [6443]),
    }


def test_nothing_found_grants_what_is_stated_alone(render: Render) -> None:
    assert rules_to_the_api(render()) == STATED


def test_a_slice_without_ports_or_addresses_opens_nothing(cluster: Cluster, render: Render) -> None:
    cluster.set_slices("default", [slice_of("192.0.2.10", ports=[]), slice_of()])
    assert rules_to_the_api(render()) == STATED


def test_discovery_switched_off_looks_nothing_up(cluster: Cluster, render: Render) -> None:
    cluster.set_slices("default", [slice_of("192.0.2.10")])
    cluster.forbidden.add("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices")
    output = render("--set", "endpoints.kubernetes-api.discover=false")
    assert rules_to_the_api(output) == STATED


def test_a_discovered_port_beyond_the_ceiling_stops_the_install(cluster: Cluster, render: Render) -> None:
    cluster.set_slices("default", [slice_of("192.0.2.10", ports=[22])])
    output = render()
    assert output.status != 0
    assert "endpoints.kubernetes-api.discover: the Service listens on port 22" in output.stderr
    assert "set endpoints.kubernetes-api.discover to false" in output.stderr


def test_more_addresses_than_the_ceiling_stop_the_install(cluster: Cluster, render: Render) -> None:
    cluster.set_slices("default", [slice_of(*(f"192.0.2.{part}{number}" for number in range(6))) for part in (1, 2, 3)])
    output = render()
    assert output.status != 0
    assert "the Service has 18 addresses, and the matrix allows 16" in output.stderr


def test_no_other_policy_changes_whatever_is_discovered(cluster: Cluster, render: Render) -> None:
    before = policies(objects_of(render().stdout))
    cluster.set_slices("default", [slice_of("192.0.2.10"), slice_of("192.0.2.20", ports=[443])])
    after = policies(objects_of(render().stdout))
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {f"{TO_THE_API}-443", f"{TO_THE_API}-6443"}


def test_a_flow_that_is_off_opens_nothing_that_is_discovered(cluster: Cluster, render: Render) -> None:
    cluster.set_slices("default", [slice_of("192.0.2.10")])
    assert rules_to_the_api(render("--set", "flows.orchestrator-to-kubernetes-api.enabled=false")) == {}


def test_a_second_release_is_refused_and_told_who_is_first(cluster: Cluster, render: Render) -> None:
    cluster.add_policy("redkite-default-deny", "default", THEIRS)
    output = render()
    assert output.status != 0
    assert "already segmented by release first in namespace elsewhere" in output.stderr
    assert "helm uninstall first --namespace elsewhere" in output.stderr


@pytest.mark.parametrize("key", OURS)
def test_a_release_is_another_by_its_name_or_by_its_namespace(cluster: Cluster, render: Render, key: str) -> None:
    cluster.add_policy("redkite-default-deny", "default", OURS | {key: THEIRS[key]})
    output = render()
    assert output.status != 0
    assert "This cluster is already segmented" in output.stderr


def test_an_upgrade_of_the_release_itself_is_no_second_release(cluster: Cluster, render: Render) -> None:
    cluster.add_policy("redkite-default-deny", "default", OURS)
    assert render().status == 0


def test_a_default_deny_made_by_hand_is_left_to_helms_own_refusal(cluster: Cluster, render: Render) -> None:
    cluster.add_policy("redkite-default-deny", "default")
    assert "already segmented" not in render().stderr


@pytest.mark.parametrize(
    ("annotations", "rendered"),
    [
        (None, True),
        (OURS, True),
        (THEIRS, False),
        (OURS | {"meta.helm.sh/release-namespace": "elsewhere"}, False),
        ({}, False),
    ],
    ids=["absent", "this release's own", "another release's", "that of another release of this name", "made by hand"],
)
def test_the_jobs_namespace_is_rendered_where_absent_or_ours(
    cluster: Cluster, render: Render, annotations: dict[str, str] | None, rendered: bool
) -> None:
    if annotations is not None:
        cluster.add_namespace("stalker-jobs", annotations)
    objects = objects_of(render().stdout)
    assert [item["metadata"]["name"] for item in objects if item["kind"] == "Namespace"] == ["stalker-jobs"] * rendered
    assert policies(objects).keys() == documented_policies("prod")


ELSEWHERE = ("--set", "namespaces.app.name=red")


def test_a_namespace_that_is_absent_stops_the_release_before_anything_changes(render: Render) -> None:
    output = render(*ELSEWHERE)
    assert output.status != 0
    assert output.stdout == b""
    assert "there is no namespace red (namespaces.app.name)" in output.stderr
    assert "kubectl create namespace red" in output.stderr
    assert "namespaces.app.create=true" in output.stderr


@pytest.mark.parametrize("arguments", [("--set", "namespaces.app.create=true"), ("--namespace", "red")], ids=str)
def test_an_absent_namespace_that_the_chart_or_helm_creates_stops_nothing(
    cluster: Cluster, render: Render, arguments: tuple[str, ...]
) -> None:
    assert render(*ELSEWHERE, *arguments).status == 0


def test_a_namespace_that_stands_stops_nothing(cluster: Cluster, render: Render) -> None:
    cluster.add_namespace("red")
    assert render(*ELSEWHERE).status == 0


def test_every_namespace_that_the_chart_does_not_create_is_demanded(cluster: Cluster, render: Render) -> None:
    output = render("--set", "namespaces.jobs.create=false")
    assert output.status != 0
    assert "there is no namespace stalker-jobs (namespaces.jobs.name)" in output.stderr


def test_where_look_ups_of_namespaces_are_forbidden_values_can_switch_them_off(
    cluster: Cluster, render: Render
) -> None:
    cluster.forbidden |= {f"/api/v1/namespaces/{name}" for name in ("default", "red", "stalker-jobs")}
    asked = render(*ELSEWHERE)
    assert asked.status != 0
    assert 'User "somebody" cannot' in asked.stderr
    off = [f"--set=namespaces.{id_}.{key}=false" for id_ in ("app", "jobs") for key in ("create", "lookup")]
    unasked = render(*ELSEWHERE, *off)
    assert unasked.status == 0, unasked.stderr


def test_the_documented_install_looks_up_no_namespace_but_the_one_that_it_creates(
    cluster: Cluster, render: Render
) -> None:
    cluster.forbidden |= {f"/api/v1/namespaces/{name}" for name in ("default", "stalker")}
    assert render("--namespace", "stalker").status == 0


def test_the_releases_own_namespace_is_left_to_helm(cluster: Cluster, render: Render) -> None:
    """Helm 3 makes it (`--create-namespace`) after its look-ups, and then refuses to create it again."""
    output = render(*ELSEWHERE, "--namespace", "red", "--set", "namespaces.app.create=true")
    assert output.status == 0, output.stderr
    assert [item["metadata"]["name"] for item in objects_of(output.stdout) if item["kind"] == "Namespace"] == [
        "stalker-jobs"
    ]


AUDITED = ("--set", "audit.enabled=true,audit.image=audit:1")
A_PEER = ("--set", "endpoints.outside.anyone=false,endpoints.outside.peers.i.namespace=ingress-nginx")
A_PEER_S_LABELS = ("--set", "endpoints.outside.peers.i.selector={a=b}")
AN_EXCEPTION = {
    "from": {"namespace": "ingress-nginx", "selector": ["a=b"]},
    "to": {"pod": "kafka"},
    "ports": [{"protocol": "TCP", "port": 5556}],
    "reason": "metrics",
    "owner": "platform-team",
    "expires": "2099-01-01",
}
NAMED_BY = {
    "endpoints.outside.peers.i": (*A_PEER, *A_PEER_S_LABELS),
    "exceptions.scrape.from": ("--set-json", f"exceptions.scrape={json.dumps(AN_EXCEPTION)}"),
}


@pytest.fixture
def audited(cluster: Cluster) -> Cluster:
    """With the namespace that the chart's own values name."""
    cluster.add_namespace("kube-system")
    return cluster


@pytest.mark.parametrize("key", NAMED_BY)
def test_an_absent_namespace_where_the_audit_has_a_role_stops_the_release_before_anything_changes(
    audited: Cluster, render: Render, key: str
) -> None:
    """Helm sends Roles after policies: it would find out half-way."""
    output = render(*AUDITED, *NAMED_BY[key])
    assert output.status != 0
    assert output.stdout == b""
    assert f"there is no namespace ingress-nginx ({key}.namespace)" in output.stderr
    assert "nothing was changed" in output.stderr
    assert "kubectl create namespace ingress-nginx" in output.stderr
    assert "audit.enabled=false" in output.stderr
    audited.add_namespace("ingress-nginx")
    there = render(*AUDITED, *NAMED_BY[key])
    assert there.status == 0, there.stderr


def test_without_the_audit_no_namespace_of_others_is_looked_up(cluster: Cluster, render: Render) -> None:
    cluster.forbidden |= {f"/api/v1/namespaces/{name}" for name in ("kube-system", "ingress-nginx")}
    output = render(*NAMED_BY["endpoints.outside.peers.i"])
    assert output.status == 0, output.stderr


def test_the_audit_demands_no_namespace_that_the_chart_or_helm_creates(audited: Cluster, render: Render) -> None:
    """Absent are the release's own, which a peer names too, and that of the jobs, which an exception names."""
    peer = [text.replace("ingress-nginx", "red") for text in NAMED_BY["endpoints.outside.peers.i"]]
    exception = [text.replace("ingress-nginx", "stalker-jobs") for text in NAMED_BY["exceptions.scrape.from"]]
    output = render("--namespace", "red", *AUDITED, *peer, *exception)
    assert output.status == 0, output.stderr
