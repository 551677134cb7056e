"""The chart, installed by Helm in the cluster, and what it ought to mean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from netmatrix.document.reader import parse_mapping
from netmatrix.emit.schema import values_schema
from netmatrix.emit.values_files import values_yaml
from netmatrix.matrix.model import Matrix
from netmatrix.policy import NetworkPolicy, parse_manifests
from netmatrix.policy.addresses import parse_address
from netmatrix.proof.grants import Discovered, Granted, granted
from netmatrix.values.context import Context
from netmatrix.values.schema import Schemas
from netmatrix.values.validate import validate_values
from tests.e2e.addresses import API_PORT, NODE_IPV4
from tests.e2e.enforcement import settle
from tests.e2e.expectation import Expectation
from tests.e2e.paths import ROOT
from tests.e2e.session import Cluster

RELEASE, NAMESPACE = "red-kite", "stalker"


def install(cluster: Cluster, matrix: Matrix, files: Sequence[Path], chart: Path = ROOT / "chart") -> Expectation:
    """Install the chart, or upgrade it, and return what is expected once that is enforced."""
    cluster.helm("upgrade", "--install", "--create-namespace", *arguments(files, chart))
    settle(cluster)
    return Expectation(installed_policies(cluster), grants(matrix, files))


def arguments(files: Sequence[Path], chart: Path = ROOT / "chart") -> list[str]:
    """What Helm is told of the release."""
    return [
        RELEASE,
        str(chart),
        "--namespace",
        NAMESPACE,
        *(text for file in files for text in ("--values", str(file))),
    ]


def manifests(cluster: Cluster, files: Sequence[Path]) -> str:
    """What Helm would send to this cluster."""
    return cluster.helm("template", "--dry-run=server", *arguments(files)).stdout


def rendered(cluster: Cluster, files: Sequence[Path]) -> tuple[NetworkPolicy, ...]:
    """The policies in that."""
    return parse_manifests(manifests(cluster, files).encode(), "helm template").policies


def uninstall(cluster: Cluster) -> None:
    """Take the chart away, where it is installed."""
    done = cluster.helm("uninstall", RELEASE, "--namespace", NAMESPACE, "--ignore-not-found")
    if "uninstalled" in done.stdout:
        settle(cluster)


def installed_policies(cluster: Cluster, *revision: str) -> tuple[NetworkPolicy, ...]:
    """The policies that Helm has sent, or was to send where that failed; `--revision N` for an older one."""
    text = cluster.helm("get", "manifest", RELEASE, "--namespace", NAMESPACE, *revision).stdout
    return parse_manifests(text.encode(), "helm get manifest").policies


def grants(matrix: Matrix, files: Sequence[Path]) -> Granted:
    """What the matrix grants under the values, with the API server where this cluster has it."""
    defaults = parse_mapping(values_yaml(matrix, "the chart's defaults").encode(), "values.yaml")
    layers = [parse_mapping(file.read_bytes(), str(file)) for file in files]
    today = date.today()
    validated = validate_values(matrix, Schemas.of(values_schema(matrix)), defaults, layers, today=today)
    assert validated.holds, [str(finding) for finding in validated.findings]
    return granted(Context.of(matrix, validated.values, today), [Discovered(parse_address(NODE_IPV4), API_PORT)])
