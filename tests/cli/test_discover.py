"""`netmatrix discover` on dumps, and where kubectl is refused something; in a real cluster, tests/e2e has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Run
from tests.support.scenarios import ROOT

DUMPS = sorted((ROOT / "tests/discover/dumps").glob("*.yaml"))
KIND, MINIKUBE = (ROOT / f"tests/discover/dumps/{name}.yaml" for name in ("kind", "minikube"))

FORBIDDEN = """#!/bin/sh
shift
case "$*" in
"config view"*) echo '{}' ;;
*) echo "Error from server (Forbidden): $2 is forbidden: User \\"jo\\" cannot list resource \\"$2\\"" >&2; exit 1 ;;
esac
"""


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_values_with_the_override_hold_and_are_proved(dump: Path, netmatrix: Run, tmp_path: Path) -> None:
    target = tmp_path / "mine.yaml"
    written = netmatrix("discover", "--dump", dump, "--output", target)
    assert written.status in (0, 1)
    for environment in ("prod", "dev"):
        files = ("-f", f"values/values-{environment}.yaml", "-f", target)
        judged = netmatrix("validate", *files)
        assert (judged.status, ": error" in judged.out) == (0, False), judged.out
        assert netmatrix("verify", *files, "-f", "values/operational.yaml").status == 0


@pytest.mark.parametrize(
    ("platform", "closed"),
    [
        ("k3s", ["100.96.0.0/12"]),
        ("eks", ["100.64.0.0/10", "169.254.0.0-169.254.169.253"]),
        ("gke", ["34.118.224.0/20", "240.0.0.0/4"]),
        ("aks", ["168.63.129.16", "198.51.100.23"]),
    ],
)
def test_jobs_no_longer_reach_what_is_the_clusters(
    platform: str, closed: list[str], netmatrix: Run, tmp_path: Path
) -> None:
    """Where ipBlocks match pods, they reach pods and Services in these ranges without the override."""
    target = tmp_path / "mine.yaml"
    netmatrix("discover", "--dump", ROOT / f"tests/discover/dumps/{platform}.yaml", "--output", target)
    lost = [
        line
        for line in netmatrix("diff", "--environment", "prod", "--new", target).out.splitlines()
        if "- jobs" in line
    ]
    assert len(lost) == 1
    assert all(text in lost[0] for text in closed), lost


def test_status_0_says_that_nothing_is_open_and_1_that_questions_are(netmatrix: Run) -> None:
    assert netmatrix("discover", "--dump", KIND).status == 0
    result = netmatrix("discover", "--dump", MINIKUBE)
    assert result.status == 1
    assert "questions that the cluster did not answer: plugin-enforces, pods-cron" in result.err


def test_the_editors_schema_is_found_from_the_file(netmatrix: Run, tmp_path: Path) -> None:
    target = tmp_path / "a/b/mine.yaml"
    assert netmatrix("discover", "--dump", KIND, "--output", target).status == 0
    first = target.read_text(encoding="utf-8").splitlines()[0]
    schema = target.parent / first.partition("$schema=")[2]
    assert schema.resolve() == ROOT / "schema/override.schema.json"


def test_json_has_facts_questions_and_the_override(netmatrix: Run) -> None:
    result = netmatrix("discover", "--dump", MINIKUBE, "--format", "json")
    found = json.loads(result.out)
    assert found["override"] == yaml.safe_load(netmatrix("discover", "--dump", MINIKUBE).out)
    (cron,) = [item for item in found["questions"] if item["id"] == "pods-cron"]
    assert cron["proposal"] == {"path": ["pods", "cron", "selector"], "value": ["app=cron", "tier=backend"]}
    (cidrs,) = [item for item in found["values"] if item["path"][-1] == "cidrs"]
    assert cidrs["from"] == ["EndpointSlice default/kubernetes", "Service default/kubernetes"]


def test_a_file_of_its_own_is_written_over_and_somebodys_work_is_not(netmatrix: Run, tmp_path: Path) -> None:
    target = tmp_path / "mine.yaml"
    arguments = ("discover", "--dump", KIND, "--output", target)
    assert netmatrix(*arguments).status == 0
    assert netmatrix(*arguments).status == 0
    edited = target.read_text(encoding="utf-8") + "flows: {}\n"
    target.write_text(edited, encoding="utf-8")
    refused = netmatrix(*arguments)
    assert refused.status == 2
    assert f"{target}:1:1: error NM921 it was not written by `netmatrix discover`, or was changed since" in refused.err
    assert target.read_text(encoding="utf-8") == edited
    assert netmatrix(*arguments, "--force").status == 0
    assert target.read_text(encoding="utf-8") != edited


def test_what_it_wrote_for_programs_is_written_over_too(netmatrix: Run, tmp_path: Path) -> None:
    arguments = ("discover", "--dump", KIND, "--format", "json", "--output", tmp_path / "found.json")
    assert [netmatrix(*arguments).status for _ in range(2)] == [0, 0]
    (tmp_path / "found.json").write_text('{"mine": 1}', encoding="utf-8")
    assert netmatrix(*arguments).status == 2


def test_dry_run_shows_the_calls_and_makes_none(netmatrix: Run, tmp_path: Path) -> None:
    env = {"KUBECTL": str(tmp_path / "none")}
    result = netmatrix("discover", "--dry-run", "--context", "c", "--kubeconfig", "k f", env=env)
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[0] == "kubectl --context=c '--kubeconfig=k f' get services --all-namespaces --output=json"
    assert all(" get " in line or " config view " in line for line in lines if not line.startswith("# Where"))
    assert "# kubectl --context=c '--kubeconfig=k f' get pods --namespace=stalker --output=json" in lines
    assert not any("secret" in line for line in lines)


def test_a_dump_comes_from_standard_input_too(netmatrix: Run) -> None:
    result = netmatrix("discover", "--dump", "-", stdin=KIND.read_bytes())
    assert yaml.safe_load(result.out) == yaml.safe_load(netmatrix("discover", "--dump", KIND).out)


def test_a_dump_and_a_cluster_at_once_are_refused(netmatrix: Run) -> None:
    result = netmatrix("discover", "--dump", KIND, "--context", "c")
    assert result.status == 2
    assert "--dump reads no cluster" in result.err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cut.json", '{"apiVersion": "v1", "kind": "List", "items": [', "cut.json:1:48: error NM006"),
        (
            "node.json",
            '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}',
            "error NM908 there is no object",
        ),
        ("twice.json", '{"apiVersion": "v1", "kind": "Pod", "kind": "Pod"}', "twice.json:1:37: error NM009"),
        ("empty.json", '{"apiVersion": "v1", "kind": "List", "items": []}', "no object of kind Service in the dump"),
    ],
    ids=["truncated", "incomplete", "repeated-key", "empty"],
)
def test_an_unreadable_dump_names_the_part_and_writes_nothing(
    name: str, content: str, said: str, netmatrix: Run, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    result = netmatrix("discover", "--dump", tmp_path / name, "--output", tmp_path / "mine.yaml")
    assert result.status == 2
    assert said in result.err
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_an_object_that_no_api_server_accepts_is_named_with_its_place(netmatrix: Run, tmp_path: Path) -> None:
    file = tmp_path / "dump.yaml"
    file.write_text(KIND.read_text(encoding="utf-8").replace("10.244.0.0/24,", "10.244.0.0/240,"), encoding="utf-8")
    result = netmatrix("discover", "--dump", file)
    assert (result.status, result.out) == (2, "")
    assert f"{file}:8:48: error NM920 items[0].spec.podCIDRs[0]: " in result.err
    assert "Node: '10.244.0.0/240' is not an address range" in result.err


def test_a_cluster_without_permission_names_each_that_is_needed(netmatrix: Run, tmp_path: Path) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(FORBIDDEN, encoding="utf-8")
    kubectl.chmod(0o755)
    target = tmp_path / "mine.yaml"
    result = netmatrix("discover", "--output", target, env={"KUBECTL": str(kubectl)})
    assert (result.status, result.out) == (2, "")
    assert "error NM904 you may not list endpointslices.discovery.k8s.io in namespace default" in result.err
    assert "error NM904 you may not list services in namespace kube-system" in result.err
    assert "`kubectl auth can-i list services --namespace kube-system`" in result.err
    assert not target.exists()


def test_who_may_see_little_gets_what_they_may_see_and_reasons_for_the_rest(netmatrix: Run, tmp_path: Path) -> None:
    """As a namespace's administrator, who may also read Services and the API server's endpoints."""
    items = yaml.safe_load(KIND.read_text(encoding="utf-8"))["items"]
    for name, kinds in (("services", {"Service"}), ("endpointslices.discovery.k8s.io", {"EndpointSlice"})):
        found = {"apiVersion": "v1", "kind": "List", "items": [item for item in items if item["kind"] in kinds]}
        (tmp_path / name).write_text(json.dumps(found), encoding="utf-8")
    kubectl = tmp_path / "kubectl"
    seen = f'"get "*) [ -f "{tmp_path}/$2" ] && exec cat "{tmp_path}/$2"'
    denied = "; echo 'Error from server (Forbidden): it is forbidden' >&2; exit 1 ;;"
    kubectl.write_text(f"#!/bin/sh\nshift\ncase \"$*\" in\n{seen}{denied}\n*) echo '{{}}' ;;\nesac\n", encoding="utf-8")
    kubectl.chmod(0o755)
    result = netmatrix("discover", env={"KUBECTL": str(kubectl)})
    assert result.status == 1
    assert yaml.safe_load(result.out) == {
        "endpoints": {"kubernetes-api": {"cidrs": ["172.18.0.2/32"], "ports": [6443]}}
    }
    assert "  - Not read: you may not list nodes." in result.out
    assert "which labels do the pods in stalker carry? You may not list pods" in " ".join(result.out.split("\n# "))
    asked = set(result.err.strip().rpartition("answer: ")[2].split(", "))
    assert {"plugin-enforces", "range-pods", "range-nodes", "pods-in-stalker"} <= asked


def test_without_a_kubectl_it_could_not_run(process: Run, environment: dict[str, str]) -> None:
    result = process("discover", env={**environment, "PATH": "/nowhere"})
    assert result.status == 2
    assert "error NM901 there is no kubectl on PATH" in result.err
