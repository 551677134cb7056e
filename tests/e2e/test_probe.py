"""`netmatrix probe` and `helm test` in the cluster: enforcement on, off and on again, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from netmatrix.emit.values_files import TEST_IMAGE
from netmatrix.matrix.model import Matrix
from netmatrix.probe.manifests import LABEL, PREFIX
from tests.e2e import programs, workloads
from tests.e2e.addresses import AGNHOST, IMAGE
from tests.e2e.conftest import World
from tests.e2e.enforcement import enforcement_off
from tests.e2e.installation import NAMESPACE, RELEASE, install, uninstall
from tests.e2e.paths import ROOT, TOOLS
from tests.e2e.session import Cluster, Output, environment
from tests.support.scenarios import Scenario

pytestmark = [pytest.mark.e2e, pytest.mark.operations]

PROD = Scenario("prod")
MONGO = {"app.kubernetes.io/name": "mongodb"}
CRON = {"app.kubernetes.io/name": "devspace-app", "app.kubernetes.io/component": "cron"}
_PATIENCE = 600.0
_UNGOVERNED = {"(no labels elsewhere)", "(stolen labels elsewhere)"}
_INTERNET, _METADATA = "203.0.113.1", "169.254.169.254"


@pytest.fixture(scope="module")
def installed(world: World, matrix: Matrix) -> Iterator[Cluster]:
    """The cluster with the chart of prod, before the first of these tests and until after the last.

    Pod Security admission holds two namespaces to its restricted profile, and the jobs have a quota of limits:
    either would refuse a pod that is not as it should be.
    """
    install(world.cluster, matrix, PROD.files())
    hard = {"limits.cpu": "6", "limits.memory": "10Gi"}
    metadata = {"name": "quota", "namespace": workloads.JOBS}
    world.cluster.apply([{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}}])
    label = ("label", "namespace", workloads.JOBS, "default")
    world.cluster.kubectl(*label, "pod-security.kubernetes.io/enforce=restricted")
    yield world.cluster
    world.cluster.kubectl(*label, "pod-security.kubernetes.io/enforce-")
    world.cluster.kubectl("delete", "resourcequota", "quota", "--namespace", workloads.JOBS)
    uninstall(world.cluster)


@pytest.fixture(autouse=True)
def nothing_is_left(installed: Cluster) -> Iterator[None]:
    """After every test, whatever it did."""
    yield
    assert left(installed) == []


def command(*arguments: str) -> list[str]:
    """`netmatrix probe` of prod, with the project's kubectl."""
    program = ["env", f"KUBECTL={TOOLS / 'kubectl'}", sys.executable, "-m", "netmatrix", "probe"]
    return [*program, "--environment", "prod", *arguments]


def probe(cluster: Cluster, *arguments: str) -> Output:
    """A run to its end."""
    return cluster.run(*command(*arguments), timeout=_PATIENCE, check=False)


def left(cluster: Cluster) -> list[str]:
    """What there is of any run in the cluster."""
    found = [cluster.get(kind, "--all-namespaces", f"--selector={LABEL}")["items"] for kind in ("pods", "namespaces")]
    return [item["metadata"]["name"] for items in found for item in items]


def pods(cluster: Cluster) -> list[Mapping[str, Any]]:
    """The pods of a run that is under way."""
    return list(cluster.get("pods", "--all-namespaces", f"--selector={LABEL}")["items"])


def endpoints(cluster: Cluster, service: str) -> dict[str, bool]:
    """The addresses behind a Service of the application, and whether it sends anybody there."""
    name = f"kubernetes.io/service-name={service}"
    slices = cluster.get("endpointslices", "--namespace", NAMESPACE, f"--selector={name}")["items"]
    ends = [end for item in slices for end in item.get("endpoints") or []]
    return {address: bool(end["conditions"].get("ready")) for end in ends for address in end["addresses"]}


def endpoints_with(cluster: Cluster, service: str, address: str) -> dict[str, bool]:
    """The same, once an address is among them: the cluster gets to a new pod a moment after it runs."""
    deadline = time.monotonic() + _PATIENCE
    while address not in (found := endpoints(cluster, service)):
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found


def test_the_image_is_the_one_of_kubernetes_own_network_tests() -> None:
    """Its version stands in the module that the cluster is built from, and the cluster has it under that name."""
    listed = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"],
        cwd=programs.SOURCES,
        capture_output=True,
        text=True,
        check=True,
    )
    manifest = (Path(listed.stdout.strip()) / "test/utils/image/manifest.go").read_text(encoding="utf-8")
    version = re.search(r'configs\[Agnhost\] = Config\{list\.PromoterE2eRegistry, "agnhost", "([^"]+)"\}', manifest)
    assert version is not None
    assert TEST_IMAGE == AGNHOST
    assert TEST_IMAGE.endswith(f"/agnhost:{version[1]}")


def test_on_off_and_on_again(installed: Cluster) -> None:
    """The verdict follows, with the enforcement of one cluster and no other change."""
    outside = ("--outside", f"{_INTERNET}:443", "--outside", f"{_METADATA}:80")
    found, tested = probe_and_helm_test(installed, "--format", "json", *outside)
    assert tested.status == 0, tested.stdout + tested.stderr
    assert found.status == 0, found.stdout[-2000:] + found.stderr
    data = json.loads(found.stdout)
    assert data["holds"]
    assert data["deviations"] == 0
    assert {"IPv4", "IPv6"} == {cell["family"] for cell in data["cells"]}
    opened = {(cell["source"], cell["destination"]) for cell in data["cells"] if cell["found"] == "open"}
    assert {("cron", "mongo"), ("ui", "dns"), ("orchestrator", "kubernetes-api"), ("jobs", _INTERNET)} <= opened
    assert not {("jobs", "mongo"), ("jobs", _METADATA), ("ui", "kubernetes-api"), ("jobs", "dns")} & opened
    assert {source for source, destination in opened if destination == "dns (another port)"} == _UNGOVERNED

    with enforcement_off(installed):
        found, tested = probe_and_helm_test(installed, "--settle", "5")
        assert found.status == 1, found.stderr
        assert found.stdout.startswith("prod: FAILS: the cluster does not enforce network policies over IPv4 and IPv6")
        assert tested.status != 0
        assert "FAILS: the cluster does not enforce network policies" in tested.stdout + tested.stderr

    found, tested = probe_and_helm_test(installed)
    assert found.status == 0, found.stdout[-2000:] + found.stderr
    assert re.search(r"^prod: holds: all of \d+ connections are as the matrix says$", found.stdout, re.MULTILINE)
    assert tested.status == 0, tested.stdout + tested.stderr


def probe_and_helm_test(cluster: Cluster, *arguments: str) -> tuple[Output, Output]:
    """Both at the same time, `helm test` with what its pod says: most of what either does is wait."""
    test = ("test", RELEASE, "--namespace", NAMESPACE, "--logs")
    with ThreadPoolExecutor(1) as beside:
        tested = beside.submit(cluster.helm, *test, check=False, timeout=_PATIENCE)
        return probe(cluster, "--yes", *arguments), tested.result()


def test_policies_that_open_more_are_found_with_their_packets(installed: Cluster) -> None:
    """Somebody's own policies, which are not the chart's: what counts is the matrix.

    One opens a row to everybody, the other everybody to a row, on the port of another row.
    """
    egress = [{"ports": [{"protocol": "TCP", "port": 3000}]}]
    policies = {
        "opens-mongo": {"podSelector": {"matchLabels": MONGO}, "policyTypes": ["Ingress"], "ingress": [{}]},
        "opens-everybody": {"podSelector": {"matchLabels": CRON}, "policyTypes": ["Egress"], "egress": egress},
    }
    installed.apply(
        [
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": name, "namespace": NAMESPACE},
                "spec": spec,
            }
            for name, spec in policies.items()
        ]
    )
    try:
        found = probe(installed, "--yes", "--settle", "2", "--format", "json")
    finally:
        installed.kubectl("delete", "networkpolicy", *policies, "--namespace", NAMESPACE)
    assert found.status == 1, found.stderr
    data = json.loads(found.stdout)
    assert data["notEnforced"] == []
    wrong = [cell for cell in data["cells"] if not cell["holds"]]
    assert {(cell["expected"], cell["found"]) for cell in wrong} == {("refused", "open")}
    told = {(cell["source"], cell["destination"], cell["protocol"], cell["port"], cell["family"]) for cell in wrong}
    for family in ("IPv4", "IPv6"):
        for other in _UNGOVERNED:
            assert (other, "mongo", "TCP", 27017, family) in told
            assert ("cron", other, "TCP", 3000, family) in told
    assert {source for source, destination, *_ in told if destination != "mongo"} == {"cron"}


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"], ids=["no", "nothing", "end of input"])
def test_it_says_what_it_will_create_and_creates_nothing_without_a_yes(answer: str, installed: Cluster) -> None:
    # What `script` runs has a terminal, and is answered with what `script` reads.
    asked = ["script", "--quiet", "--return", "--command", shlex.join(command()), "/dev/null"]
    done = installed.run(*asked, stdin=answer, check=False, timeout=_PATIENCE)
    assert done.status == 2
    assert "netmatrix-probe" in done.stdout
    assert "go on? [y/N]: " in done.stdout
    assert "netmatrix: nothing was created" in done.stdout
    assert "removed" not in done.stdout


def test_where_there_is_nobody_to_ask_it_names_the_option(installed: Cluster) -> None:
    done = probe(installed)
    assert done.status == 2
    assert "--yes says that it may be done" in done.stderr


def test_a_run_that_is_told_to_end_leaves_nothing(installed: Cluster) -> None:
    with started(installed) as run:
        wait_for_pods(installed)
        interrupt(run, signal.SIGTERM)
        _, said = run.communicate(timeout=_PATIENCE)
    assert run.returncode == 128 + signal.SIGTERM, said


def test_a_pod_of_a_run_joins_neither_the_service_nor_the_controller_that_select_it(installed: Cluster) -> None:
    """Both select just what the matrix's row does, and would take a pod that is ready, or nobody's.

    The run is interrupted, as by Ctrl-C, and leaves nothing.
    """
    container = {"name": "standin", "image": IMAGE, "imagePullPolicy": "Never", "command": ["/standin", "own", "3000"]}
    template = {"metadata": {"labels": CRON}, "spec": {"containers": [container]}}
    replicas = {"replicas": 1, "selector": {"matchLabels": CRON}, "template": template}
    metadata = {"name": "row", "namespace": NAMESPACE}
    installed.apply(
        [
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata,
                "spec": {"selector": CRON, "ports": [{"port": 3000}]},
            },
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": replicas},
        ]
    )
    try:
        installed.kubectl(
            "wait", "replicaset/row", f"--namespace={NAMESPACE}", "--for=jsonpath={.status.readyReplicas}=1"
        )
        with started(installed) as run:
            wait_for_pods(installed)
            (own,) = (item for item in pods(installed) if item["metadata"]["name"].endswith("-cron"))
            behind = endpoints_with(installed, "row", own["status"]["podIP"])
            controlled = installed.get("replicaset", "row", "--namespace", NAMESPACE)["status"]["replicas"]
            interrupt(run, signal.SIGINT)
            _, said = run.communicate(timeout=_PATIENCE)
    finally:
        installed.kubectl("delete", "service,replicaset", "row", "--namespace", NAMESPACE)
    assert run.returncode == 128 + signal.SIGINT, said
    assert behind[own["status"]["podIP"]] is False, "the Service knows it, and sends nobody there"
    assert True in behind.values()
    assert controlled == 1
    assert [(item["kind"], item["controller"]) for item in own["metadata"]["ownerReferences"]] == [("Namespace", True)]


def test_what_a_killed_run_left_stops_the_next_until_it_is_cleaned_up(installed: Cluster) -> None:
    with started(installed) as run:
        wait_for_pods(installed)
        interrupt(run, signal.SIGKILL)
        run.communicate(timeout=_PATIENCE)
    (namespace,) = (name for name in left(installed) if re.fullmatch(rf"{PREFIX}-[0-9a-f]{{6}}", name))
    beside = probe(installed, "--yes")
    assert beside.status == 2
    assert f"NM914 {namespace}" in beside.stderr
    assert namespace in left(installed), "it is young, and may be in use"
    cleaned = probe(installed, "--clean-up")
    assert cleaned.status == 0
    assert f"removed {namespace}" in cleaned.stderr


def test_an_image_that_cannot_be_had_is_told_and_leaves_nothing(installed: Cluster) -> None:
    found = probe(installed, "--yes", "--image", "registry.invalid/agnhost:1")
    assert found.status == 2
    assert "NM911" in found.stderr
    assert "ImagePull" in found.stderr


def test_a_service_that_names_pods_that_are_not_ready_keeps_its_row_out(installed: Cluster) -> None:
    """As Bitnami's headless Services do, so that the members of a database find each other."""
    spec = {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": MONGO, "ports": [{"port": 27017}]}
    metadata = {"name": "members", "namespace": NAMESPACE}
    installed.apply([{"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}])
    try:
        told = probe(installed).stderr
    finally:
        installed.kubectl("delete", "service", "members", "--namespace", NAMESPACE)
    assert f"not asked: mongo: Service {NAMESPACE}/members names pods that are not ready too" in told
    assert "cron, kafka" in told


def test_what_somebody_may_not_do_is_named_before_anything_is_created(installed: Cluster) -> None:
    """A service account that may look, and nothing else."""
    account = ("--namespace", workloads.UNRELATED)
    installed.kubectl("create", "serviceaccount", "reader", *account)
    installed.kubectl(
        "create", "clusterrolebinding", "reader", "--clusterrole=view", f"--serviceaccount={workloads.UNRELATED}:reader"
    )
    token = installed.kubectl("create", "token", "reader", *account).stdout.strip()
    config = installed.folder.scratch / "reader.kubeconfig"
    data = json.loads(installed.folder.kubeconfig.read_text(encoding="utf-8"))
    data["users"][0]["user"] = {"token": token}
    config.write_text(json.dumps(data), encoding="utf-8")
    try:
        found = probe(installed, "--yes", "--kubeconfig", str(config))
    finally:
        installed.kubectl("delete", "clusterrolebinding", "reader")
        installed.kubectl("delete", "serviceaccount", "reader", *account)
    assert found.status == 2
    assert "NM904 you may not create pods/exec in namespace stalker\n" in found.stderr
    assert "NM904 you may not create namespaces\n" in found.stderr
    assert "you may not list pods" not in found.stderr


def test_a_cluster_without_the_chart_is_told_so(installed: Cluster, matrix: Matrix) -> None:
    uninstall(installed)
    try:
        found = probe(installed, "--yes", "--settle", "1")
    finally:
        install(installed, matrix, PROD.files())
    assert found.status == 1
    assert "there are no policies in these namespaces: install the chart" in found.stdout


def started(cluster: Cluster) -> subprocess.Popen[str]:
    """A run that goes on while the test does something to it."""
    return subprocess.Popen(
        [*cluster.enter, f"--wdns={ROOT}", "--", *command("--yes", "--settle", "300")],
        env=environment(cluster.folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupt(run: subprocess.Popen[str], number: signal.Signals) -> None:
    """Send a signal to the run itself: nsenter waits for it as its child, in the cluster's namespace of processes."""
    (program,) = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text(encoding="ascii").split()
    os.kill(int(program), number)


def wait_for_pods(cluster: Cluster) -> None:
    """Until all pods of the run that is under way have been created, and run."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        phases = [item["status"].get("phase") for item in pods(cluster)]
        if len(phases) > 10 and set(phases) == {"Running"}:
            return
        assert time.monotonic() < deadline, phases
        time.sleep(0.5)
