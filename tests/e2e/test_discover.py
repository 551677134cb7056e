"""`netmatrix discover` in the cluster: what it writes is proved, installed and held to by the network."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from netmatrix.matrix.model import Matrix
from tests.e2e import packets
from tests.e2e.accounts import Account, Rule
from tests.e2e.addresses import API_PORT, NODE_IPV4
from tests.e2e.choosing import chosen
from tests.e2e.comparison import disagreements
from tests.e2e.conftest import World
from tests.e2e.expectation import Engine
from tests.e2e.installation import install, rendered
from tests.e2e.paths import ROOT, TOOLS
from tests.e2e.probing import Result
from tests.e2e.release import PROD
from tests.e2e.report import Report
from tests.e2e.session import Cluster, Output
from tests.e2e.workloads import UNRELATED

pytestmark = [pytest.mark.e2e, pytest.mark.operations]

_SOME: Rule = {
    "apiGroups": ["", "discovery.k8s.io"],
    "resources": ["services", "endpointslices"],
    "verbs": ["list"],
}
VISITOR = Account("discover-visitor", UNRELATED, within={"default": (_SOME,), "kube-system": (_SOME,)})
NOBODY = Account("discover-nothing", UNRELATED)
_ROLE = yaml.safe_load((ROOT / "examples/discover/cluster-role.yaml").read_text(encoding="utf-8"))
READER = Account("discover-reader", UNRELATED, everywhere=tuple(_ROLE["rules"]))


def netmatrix(cluster: Cluster, *arguments: str | Path) -> Output:
    """The command in the cluster's network, with the project's kubectl."""
    program = ["env", f"KUBECTL={TOOLS / 'kubectl'}", sys.executable, "-m", "netmatrix"]
    return cluster.run(*program, *map(str, arguments), check=False)


def kubeconfig_of(cluster: Cluster, account: Account) -> Path:
    """A way in as that account, which is made."""
    cluster.apply(list(account.objects()))
    namespace = ("--namespace", account.namespace)
    token = cluster.kubectl("create", "token", account.name, *namespace).stdout.strip()
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--output", "json").stdout)
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    file = cluster.folder.scratch / f"{account.name}.kubeconfig"
    file.write_text(json.dumps(config), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def written(world: World) -> Iterator[Path]:
    """What the administrator gets of the cluster without the chart."""
    target = world.cluster.folder.scratch / "discovered.yaml"
    output = netmatrix(world.cluster, "discover", "--output", target)
    assert output.status == 1, output.stderr
    assert "did not answer: plugin-enforces\n" in output.stderr
    yield target
    target.unlink()


def test_the_file_says_what_the_cluster_is(written: Path) -> None:
    """The network plugin of this cluster is a program of the node, so that no object tells of it."""
    text = written.read_text(encoding="utf-8")
    api = {"cidrs": [f"{NODE_IPV4}/32"], "ports": [API_PORT]}
    assert yaml.safe_load(text) == {"endpoints": {"kubernetes-api": api}}
    assert "Services: 10.96.0.0/16, fd00:10:96::/112 (ServiceCIDR kubernetes)" in text
    assert "Rows whose labels pods in stalker carry: ui" in text
    assert "Rows whose labels no pod" not in text
    assert "QUESTION plugin-enforces: which network plugin is it" in text


def test_what_it_writes_holds_is_proved_and_is_enforced_packet_by_packet(
    written: Path, bare: World, matrix: Matrix, report: Report
) -> None:
    """Without a look-up, so that the way to the API server is the one that was written."""
    cluster = bare.cluster
    off = cluster.folder.scratch / "no-look-up.yaml"
    off.write_text("endpoints: {kubernetes-api: {discover: false}}\n", encoding="utf-8")
    files = [PROD, written, off]
    for command in ("validate", "verify"):
        judged = netmatrix(cluster, command, *(text for file in files for text in ("-f", file)))
        assert judged.status == 0, judged.stdout + judged.stderr
    expected = install(cluster, matrix, files)
    asked = chosen(bare.questions, [Engine(rendered(cluster, files))])
    seen = packets.send(cluster, asked, expected.engine)
    wrong = list(map(str, disagreements(seen, expected)))
    report.add_override("prod with what discover wrote", len(bare.endpoints), seen, len(wrong))
    assert wrong == []
    reached = {
        packet.source.name.partition("-")[0]
        for packet, result in seen.results
        if result is Result.OPEN and (packet.target.address, packet.target.port) == (NODE_IPV4, API_PORT)
    }
    assert reached & {"ui", "jobs", "cron", "mongo", "kafka", "orchestrator", "job"} == {"orchestrator"}


def test_an_account_with_the_documented_role_learns_as_much(written: Path, world: World) -> None:
    config = kubeconfig_of(world.cluster, READER)
    output = netmatrix(world.cluster, "discover", "--kubeconfig", config)
    assert output.status == 1, output.stderr
    assert "Not read" not in output.stdout
    assert output.stdout.partition("\n---\n")[2] == written.read_text(encoding="utf-8").partition("\n---\n")[2]


def test_an_account_that_may_see_little_learns_that_and_is_told_the_rest(written: Path, world: World) -> None:
    output = netmatrix(world.cluster, "discover", "--kubeconfig", kubeconfig_of(world.cluster, VISITOR))
    assert output.status == 1, output.stderr
    assert yaml.safe_load(output.stdout) == yaml.safe_load(written.read_text(encoding="utf-8"))
    for missing in ("nodes", "pods in all namespaces", "pods in namespace stalker", "services in all namespaces"):
        assert f"Not read: you may not list {missing}." in output.stdout
    assert "range-nodes" in output.stderr


def test_an_account_without_permission_is_told_which_it_lacks_and_nothing_is_written(world: World) -> None:
    config, target = kubeconfig_of(world.cluster, NOBODY), world.cluster.folder.scratch / "nothing.yaml"
    output = netmatrix(world.cluster, "discover", "--kubeconfig", config, "--output", target)
    assert (output.status, output.stdout) == (2, "")
    assert "error NM904 you may not list endpointslices.discovery.k8s.io in namespace default" in output.stderr
    assert "error NM904 you may not list services in namespace default" in output.stderr
    assert not target.exists()
    assert list(target.parent.glob(".netmatrix-*")) == []
