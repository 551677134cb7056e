"""`verify --fleet` as the fleet grows, beside one `verify` and one `helm template` for each cluster."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from netmatrix.helm import Helm
from tests.bench import overrides
from tests.bench.measure import exponent, once
from tests.bench.page import Section
from tests.bench.tree import Finished, whole_tree

NETMATRIX = str(Path(sys.executable).with_name("netmatrix"))
BASE = "values/values-prod.yaml"
SIZES = (100, 1_000)
SAMPLE = 20


def section(helm: Helm) -> Section:
    """No two clusters have the same values. Each size is run once: it takes long enough to be steady."""
    with tempfile.TemporaryDirectory(prefix="netmatrix-bench-") as name:
        folder = Path(name)
        rows, seconds = [], {}
        for size in SIZES:
            clusters = folder / str(size)
            overrides.write(clusters, size)
            first, again = (_fleet(clusters, folder / f"record-{size}") for _ in range(2))
            seconds[size] = first.cost.seconds
            processes = json.loads(first.stdout)["helmProcesses"]
            costs = (f"{first.cost.seconds:.1f}", f"{processes}", f"{first.cost.mebibytes:.0f}")
            rows.append((f"{size:,}", *costs, f"{again.cost.seconds:.1f}"))
        alone, rendered = _one_by_one(helm, folder / str(SIZES[-1]))
    power = exponent(SIZES[0], seconds[SIZES[0]], SIZES[-1], seconds[SIZES[-1]])
    each = seconds[SIZES[-1]] / SIZES[-1]
    headings = ("Clusters", "s", "helm processes", "peak MiB, all processes", "s, all recorded")
    remarks = (
        f"From {SIZES[0]:,} to {SIZES[-1]:,} clusters, time grows with the power {power:.2f} of their number.",
        f"{each * 1000:.0f} ms for each of {SIZES[-1]:,} clusters, by a worker on each of {os.cpu_count()} cores.",
        f"`netmatrix verify` of one cluster after the other, {SAMPLE} of them: {_beside(alone, each)}.",
        f"`helm template` of the same, without a proof: {_beside(rendered, each)}.",
    )
    return Section("verify --fleet (one run each; no two clusters alike)", headings, tuple(rows), remarks)


def _beside(seconds: float, each: float) -> str:
    return f"{seconds * 1000:.0f} ms for each, {seconds / each:.1f} times as long"


def _fleet(clusters: Path, record: Path) -> Finished:
    pattern = str(clusters / "*.yaml")
    given = ["-f", BASE, "--fleet", pattern, "--record", str(record), "--format", "json"]
    return whole_tree([NETMATRIX, "verify", *given])


def _one_by_one(helm: Helm, clusters: Path) -> tuple[float, float]:
    """Seconds of `verify` and of `helm template` for a cluster, in turns."""
    files = sorted(clusters.iterdir())
    files = files[:: len(files) // SAMPLE]
    verify, template = [], []
    for file in files:
        verify.append(once([NETMATRIX, "verify", "-f", BASE, "-f", str(file)]).seconds)
        render = ["template", "red-kite", "chart", "--namespace", "stalker", "--values", BASE, "--values", str(file)]
        template.append(once([str(helm.executable), *render]).seconds)
    return sum(verify) / len(files), sum(template) / len(files)
