"""What other people's analysers see in the rendered chart is what our engine sees, in both directions.

Both know only pods that are there, so each row of the matrix stands there as a pod, with pods beside them that must not
get in: without labels, with stolen labels in another namespace. In their model an ipBlock matches no pod.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
import yaml

from netmatrix.matrix.model import Matrix
from netmatrix.policy import Model, Reach, connections, read_manifests
from netmatrix.policy.intervals import canonical
from tests.other_tools import netpol_analyzer, network_config_analyzer
from tests.support.rendering import Chart
from tests.support.scenarios import ALL, Scenario

pytestmark = pytest.mark.oracle

MODEL = Model(ipblock_matches_pods=False, host_network_as_pods=True)
SCENARIOS = [item for item in ALL if item.cluster in ("", "gke", "ingress-controller", "with-exception")]
NCA_PORTS = re.compile(r"\{protocols:([A-Z, ]+?)(?:,dst_ports:([0-9,\-]+))?\}")

EVERYTHING = "SCTP 1-65535,TCP 1-65535,UDP 1-65535"
NETPOL_DIFFERS = {
    item: {
        "stalker-jobs/jobs[Pod] => 11.0.0.0-100.63.255.255 : All Connections",
        "stalker-jobs/jobs[Pod] => 11.0.0.0-34.118.223.255 : All Connections",
        "stalker-jobs/jobs[Pod] => 34.118.240.0-100.63.255.255 : All Connections",
    }
    for item in ("prod-operational-gke", "dev-operational-gke")
}
"""Where netpol-analyzer differs: with the operational flows on it loses the except 34.118.224.0/20, and says that jobs
reach 11.0.0.0 to 100.63.255.255 whole. The API reference on `except`: "a slice of CIDRs that should not be included
within an IPBlock". Without these flows it sees the except; network-config-analyzer sees it in both cases."""


def pods(matrix: Matrix) -> list[dict[str, object]]:
    """A pod for each row, two more that nobody knows in each namespace, and DNS."""
    found = []
    for row in matrix.pods.values():
        name = matrix.namespaces[row.namespace].name
        found.append(pod(row.id, name, dict(row.labels)))
        found.append(pod(f"thief-{row.id}", "elsewhere", dict(row.labels)))
    namespaces = (*(item.name for item in matrix.namespaces.values()), "kube-system", "elsewhere")
    found += [pod("nobody", namespace, {}) for namespace in namespaces]
    return [*found, pod("dns", "kube-system", {"k8s-app": "kube-dns"})]


def pod(name: str, namespace: str, labels: dict[str, str]) -> dict[str, object]:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    containers = [{"name": "main", "image": "main:1"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}}


@pytest.fixture
def folder(chart: Chart, matrix: Matrix, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The rendered chart with the pods, and a Namespace for each of them."""
    scenario: Scenario = request.param
    objects = [item for item in chart.objects(*scenario.files()) if item["kind"] == "NetworkPolicy"]
    there = pods(matrix)
    names = {str(item["metadata"]["namespace"]) for item in there}  # type: ignore[index]
    labelled = [(name, {"kubernetes.io/metadata.name": name}) for name in sorted(names)]
    namespaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        for name, labels in labelled
    ]
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    text = yaml.safe_dump_all([*namespaces, *there, *objects], sort_keys=False)
    (manifests / "all.yaml").write_text(text, encoding="utf-8")
    return manifests


def ours(folder: Path, *, with_ipv6: bool) -> set[str]:
    found = {str(item) for item in connections(Reach(read_manifests([str(folder)]), MODEL))}
    return {line for line in found if with_ipv6 or "::" not in line}


@pytest.mark.parametrize("folder", SCENARIOS, ids=str, indirect=True)
def test_netpol_analyzer_sees_the_same(folder: Path, request: pytest.FixtureRequest) -> None:
    lines = run([str(netpol_analyzer()), "list", "--dirpath", str(folder), "-q"])
    assert len(lines) > 20
    differs = NETPOL_DIFFERS.get(str(request.node.callspec.params["folder"]), set())
    assert merged(lines) ^ ours(folder, with_ipv6=False) == differs


@pytest.mark.parametrize("folder", SCENARIOS, ids=str, indirect=True)
def test_network_config_analyzer_sees_the_same(folder: Path) -> None:
    command = [str(network_config_analyzer()), "--connectivity", "--resource_list", str(folder), "--return_0"]
    printed = run([*command, "--output_format", "txt_no_fw_rules", "--print_ipv6"])
    lines = in_our_words(line for line in printed if " => " in line)
    assert len(lines) > 20
    assert merged(lines) ^ ours(folder, with_ipv6=True) == set()


def run(command: list[str]) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line]


def in_our_words(lines: Iterable[str]) -> list[str]:
    """`{protocols:TCP, UDP,dst_ports:53}` as `TCP 53,UDP 53`; of the same ends there may be several lines."""
    by_ends: dict[str, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        ends, _, rest = line.partition(" : ")
        if rest == "All connections":
            rest = "{protocols:SCTP, TCP, UDP}"
        for match in NCA_PORTS.finditer(rest):
            rest = rest.replace(match[0], "")
            for protocol in match[1].split(", "):
                for part in (match[2] or "1-65535").split(","):
                    first, _, last = part.partition("-")
                    by_ends[ends][protocol].append((int(first), int(last or first)))
        assert not rest.strip(" ,"), f"not understood: {line}"
    found = []
    for ends, protocols in by_ends.items():
        told = ",".join(f"{name} {','.join(map(range_of, canonical(protocols[name])))}" for name in sorted(protocols))
        found.append(f"{ends} : {'All Connections' if told == EVERYTHING else told}")
    return found


def range_of(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}-{pair[1]}"


def merged(lines: Iterable[str]) -> set[str]:
    """The lines with neighbouring ranges of addresses as one, and without a pod's connections with itself."""
    found: set[str] = set()
    ranges: dict[tuple[str, str, str, int], list[tuple[int, int]]] = defaultdict(list)
    for line in lines:
        ends, _, ports = line.partition(" : ")
        source, _, destination = ends.partition(" => ")
        outside = source if "/" not in source else destination if "/" not in destination else ""
        if outside:
            first, last = map(ip_address, (outside.split("-") * 2)[:2])
            way, inside = ("from", destination) if outside == source else ("to", source)
            ranges[way, inside, ports, first.version].append((int(first), int(last)))
        elif source != destination:
            found.add(line)
    for (way, inside, ports, version), pairs in ranges.items():
        of_family = IPv4Address if version == 4 else IPv6Address
        for first_number, last_number in canonical(pairs):
            addresses = f"{of_family(first_number)}-{of_family(last_number)}"
            found.add(" => ".join([addresses, inside] if way == "from" else [inside, addresses]) + f" : {ports}")
    return found
