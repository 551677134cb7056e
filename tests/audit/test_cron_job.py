"""The chart's CronJob: unprivileged, a command line that the image can run, and values that say what is installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.cli.exit_status import ExitStatus
from tests.audit.cluster import Cluster, pod
from tests.audit.conftest import Audit
from tests.chart.expected import AUDIT
from tests.cli.conftest import TODAY, Run
from tests.support.rendering import objects_of
from tests.support.scenarios import ROOT

CONTAINERFILE = (ROOT / "examples/audit/Containerfile").read_text(encoding="utf-8")
WITH = ("--environment", "prod", "-f", "values/clusters/with-audit.yaml")
KINDS = {"ServiceAccount", "ConfigMap", "CronJob", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
OBJECTS_OF_POLICY = {"NetworkPolicy", "CiliumNetworkPolicy", "ClusterNetworkPolicy", "Namespace", "Pod"}


@pytest.fixture
def rendered(netmatrix: Run) -> Callable[..., list[Any]]:
    """The objects that helm renders of some values."""

    def render(*values: str) -> list[Any]:
        result = netmatrix("template", *values, *TODAY)
        assert result.status == 0, result.err
        return objects_of(result.out.encode())

    return render


@pytest.fixture
def job(rendered: Callable[..., list[Any]]) -> Any:
    return of_kind(rendered(*WITH), "CronJob")


@pytest.fixture
def template(job: Any) -> Any:
    return job["spec"]["jobTemplate"]["spec"]["template"]


def of_kind(objects: list[Any], kind: str) -> Any:
    (found,) = (item for item in objects if item["kind"] == kind)
    return found


def test_nothing_of_it_is_there_unless_it_is_switched_on(rendered: Callable[..., list[Any]]) -> None:
    both = ("--set", "backends.cilium.enabled=true,backends.clusterNetworkPolicy.enabled=true")
    values = ("--environment", "prod", "-f", "values/operational.yaml", *both)
    without, with_it = rendered(*values), rendered(*values, *WITH[2:])
    assert {item["kind"] for item in without} <= OBJECTS_OF_POLICY
    assert not any("audit" in item["metadata"]["name"] for item in without)
    new = [item for item in with_it if item not in without]
    assert [item for item in with_it if item in without] == without
    assert {item["kind"] for item in new} == KINDS | {"NetworkPolicy", "CiliumNetworkPolicy"}
    assert all("audit" in item["metadata"]["name"] for item in new)


def test_it_is_the_row_that_its_flow_leads_from(template: Any, job: Any) -> None:
    ((namespace, labels),) = AUDIT.values()
    assert (job["metadata"]["namespace"], template["metadata"]["labels"]) == (namespace, labels)


def test_other_labels_of_the_row_are_those_of_its_pods(rendered: Callable[..., list[Any]]) -> None:
    objects = rendered(*WITH, "--set", "pods.audit.selector={app.kubernetes.io/name=auditor}")
    pods = of_kind(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    (flow,) = (item for item in objects if item["metadata"]["name"].startswith("redkite-flow-audit-"))
    assert pods == flow["spec"]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "auditor"}


def test_it_runs_as_the_account_that_has_the_permissions(rendered: Callable[..., list[Any]]) -> None:
    objects = rendered(*WITH)
    account, job = of_kind(objects, "ServiceAccount"), of_kind(objects, "CronJob")
    assert account["automountServiceAccountToken"] is False
    assert account["metadata"]["namespace"] == job["metadata"]["namespace"]
    spec = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == (account["metadata"]["name"], True)


def test_a_finding_fails_the_job_at_once_and_stays_to_be_read(job: Any, template: Any) -> None:
    """Who could not tell, status 2, tries again: where a pod is new, a network plugin may not know it yet."""
    (rule,) = job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    on = {"containerName": template["spec"]["containers"][0]["name"], "operator": "In", "values": [ExitStatus.FINDINGS]}
    assert rule == {"action": "FailJob", "onExitCodes": on}
    assert job["spec"]["jobTemplate"]["spec"]["backoffLimit"] > 0
    assert template["spec"]["restartPolicy"] == "Never"
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    assert job["spec"]["failedJobsHistoryLimit"] > 0
    assert template["spec"]["containers"][0]["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_the_pod_is_restricted(template: Any) -> None:
    """By the Pod Security Standards' profile "restricted", and with a root file system that nobody writes to."""
    spec = template["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {*container["resources"]["limits"]} == {*container["resources"]["requests"]} == {"cpu", "memory"}
    assert [{*volume} - {"name"} for volume in spec["volumes"]] == [{"configMap"}, {"emptyDir"}]


def test_the_user_is_the_image_s_a_number_and_not_root(template: Any) -> None:
    """Without a number a kubelet could not tell that it is not root; a pod that names one is refused on OpenShift."""
    (container,) = template["spec"]["containers"]
    for context in (template["spec"]["securityContext"], container["securityContext"]):
        assert {"runAsUser", "runAsGroup", "fsGroup", "supplementalGroups"} & context.keys() == set()
    (user, group), *more = re.findall(r"^USER (\d+):(\d+)$", CONTAINERFILE, re.MULTILINE)
    assert not more
    assert min(int(user), int(group)) > 0
    assert "chmod -R go=rX ." in CONTAINERFILE


def test_it_runs_where_its_image_does(template: Any) -> None:
    (platform,) = re.findall(r"linux/\w+", CONTAINERFILE)
    assert list(template["spec"]["nodeSelector"].items()) == [
        ("kubernetes.io/os", platform.partition("/")[0]),
        ("kubernetes.io/arch", platform.partition("/")[2]),
    ]


def test_what_values_say_of_it_is_what_runs(rendered: Callable[..., list[Any]]) -> None:
    said = {
        "enabled": True,
        "schedule": "@daily",
        "image": "here:1",
        "pullPolicy": "Always",
        "pullSecrets": ["one", "two"],
    }
    resources = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1500m", "memory": "2Gi"}}
    job = of_kind(rendered(*WITH, "--set-json", f"audit={json.dumps(said | {'resources': resources})}"), "CronJob")
    spec = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert job["spec"]["schedule"] == "@daily"
    assert (container["image"], container["imagePullPolicy"]) == ("here:1", "Always")
    assert container["resources"] == resources
    assert spec["imagePullSecrets"] == [{"name": "one"}, {"name": "two"}]


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("-f", "values/operational.yaml", "-f", "values/clusters/with-exception.yaml"),
        ("-f", "values/clusters/openshift.yaml"),
        ("-f", "values/clusters/gke.yaml", "-f", "tests/parity/corpus/good/audit.yaml"),
        ("-f", "tests/parity/corpus/good/exception-unicode-reason.yaml"),
        ("-f", "tests/parity/corpus/good/dns-by-address-alone.yaml"),
    ],
    ids=["the example", "everything", "another name service", "a peer taken away", "a reason in Unicode", "no peers"],
)
def test_the_values_that_it_is_given_render_what_was_installed(
    more: tuple[str, ...], rendered: Callable[..., list[Any]], tmp_path: Path
) -> None:
    installed = rendered(*WITH, *more)
    text = of_kind(installed, "ConfigMap")["data"]["values.json"]
    file = tmp_path / "values.json"
    file.write_text(text, encoding="utf-8")
    assert rendered("-f", str(file)) == installed


def test_the_values_that_it_is_given_hold_no_note_of_the_operator_s(rendered: Callable[..., list[Any]]) -> None:
    objects = rendered(*WITH, "--set", "x-note=mine,global.token=mine")
    values = json.loads(of_kind(objects, "ConfigMap")["data"]["values.json"])
    assert {"x-note", "global", "test"} & values.keys() == set()
    assert "mine" not in json.dumps(objects)


def test_between_two_runs_nothing_is_missed_and_in_a_run_nothing_is_found(
    cluster_with: Callable[..., Cluster], audit: Audit
) -> None:
    cluster = cluster_with(*WITH)
    between = audit(cluster, "--format", "json", values=WITH)
    ((namespace, labels),) = AUDIT.values()
    cluster.add(pod("redkite-audit-1", namespace, labels))
    during = audit(cluster, "--format", "json", values=WITH)
    for result in (between, during):
        assert result.status == 0, result.err
        assert json.loads(result.out)["findings"] == []
    assert [json.loads(result.out)["pods"]["rows"].get("audit") for result in (between, during)] == [None, 1]


def test_where_it_is_switched_off_its_pod_and_its_policies_are_strangers(
    cluster_with: Callable[..., Cluster], audit: Audit
) -> None:
    cluster = cluster_with(*WITH)
    ((namespace, labels),) = AUDIT.values()
    cluster.add(pod("redkite-audit-1", namespace, labels))
    found = json.loads(audit(cluster, "--format", "json").out)
    assert [item["rule"] for item in found["findings"]].count("NM945") == 1
    states = {(item["state"], item["name"]) for item in found["policies"]["departures"]}
    name = "redkite-flow-audit-to-kubernetes-api-egress"
    assert states == {("foreign", name), ("foreign", f"{name}-6443")}


def test_its_own_looked_up_address_may_be_stale_too(cluster_with: Callable[..., Cluster], audit: Audit) -> None:
    cluster = cluster_with(*WITH)
    cluster.one("EndpointSlice", "kubernetes", "default")["endpoints"][0]["addresses"] = ["172.18.0.3"]
    found = json.loads(audit(cluster, "--format", "json", values=WITH).out)
    stale = {item["name"] for item in found["policies"]["departures"] if item["state"] == "stale"}
    assert stale == {f"redkite-flow-{row}-to-kubernetes-api-egress-6443" for row in ("audit", "orchestrator")}


def test_an_image_of_another_chart_says_that_it_cannot_tell(
    rendered: Callable[..., list[Any]], cluster_with: Callable[..., Cluster], audit: Audit, tmp_path: Path
) -> None:
    given = of_kind(rendered(*WITH), "ConfigMap")["data"]["values.json"]
    file, cluster = tmp_path / "values.json", cluster_with(*WITH)
    file.write_text(given, encoding="utf-8")
    same = audit(cluster, values=("-f", str(file)))
    assert same.status == 0, same.err
    file.write_text(given.replace(json.loads(given)["x-netmatrix-chart"], "0" * 64), encoding="utf-8")
    other = audit(cluster, values=("-f", str(file)))
    assert other.status == 2
    assert "error NM306 x-netmatrix-chart: these values are of a release of another chart" in other.err


def test_what_the_image_copies_suffices_for_its_command_line(
    rendered: Callable[..., list[Any]], netmatrix: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    """The container's arguments, its values mounted, judge the example's cluster as the whole project does."""
    objects = rendered(*WITH)
    image, mounted = tmp_path / "netmatrix", tmp_path / "values.json"
    for source, target in copied():
        copy(ROOT / source, image / target)
    mounted.write_text(of_kind(objects, "ConfigMap")["data"]["values.json"], encoding="utf-8")
    (container,) = of_kind(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    arguments = [text.replace("/etc/netmatrix/values.json", str(mounted)) for text in container["args"]]
    assert str(mounted) in arguments
    dump = ("--dump", str(ROOT / "examples/audit/cluster.json"), "--format", "json", "--today", "2026-11-01")
    within = environment | {
        "PYTHONPATH": str(image / "generator"),
        "HOME": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    program = [sys.executable, "-P", "-m", "netmatrix", *arguments, *dump]
    run = subprocess.run(program, cwd=image, env=within, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stderr
    of_project = netmatrix("audit", *WITH, *dump)
    assert rules(run.stdout) == rules(of_project.out) != []


def copied() -> list[tuple[str, str]]:
    """What the Containerfile copies, and where to, below its working directory."""
    found = []
    for line in re.findall(r"^COPY (.+)$", CONTAINERFILE, re.MULTILINE):
        *sources, target = line.split()
        found += [(source, Path(source).name if target == "./" else target) for source in sources]
    return found


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)


def rules(output: str) -> list[str]:
    return sorted(item["rule"] for item in yaml.safe_load(output)["findings"])
