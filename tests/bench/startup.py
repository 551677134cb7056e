"""How long commands take beside `python -c pass` and `helm template`."""

from __future__ import annotations

import sys
from pathlib import Path

from netmatrix.helm import Helm
from tests.bench.measure import interleaved
from tests.bench.page import Section

RUNS = 15
PASS, HELM = "python -c pass", "helm template, prod"


def section(helm: Helm) -> Section:
    """Start-up, checking and validation."""
    layered = [f"-fvalues/{name}.yaml" for name in ("values-prod", "clusters/gke", "operational")]
    netmatrix = str(Path(sys.executable).with_name("netmatrix"))
    render = ["template", "red-kite", "chart", "--namespace", "stalker", "--values", "values/values-prod.yaml"]
    medians = interleaved(
        {
            PASS: [sys.executable, "-c", "pass"],
            "netmatrix --version": [netmatrix, "--version"],
            "netmatrix --help": [netmatrix, "--help"],
            "netmatrix generate --check": [netmatrix, "generate", "--check"],
            "netmatrix validate, prod + gke + operational": [netmatrix, "validate", *layered],
            "netmatrix template, prod": [netmatrix, "template", layered[0]],
            "netmatrix verify, prod (helm's rendering within)": [netmatrix, "verify", layered[0]],
            HELM: [str(helm.executable), *render],
        },
        RUNS,
    )
    rows = []
    for name, cost in medians.items():
        ratios = (f"{cost.seconds / medians[base].seconds:.1f}" for base in (PASS, HELM))
        rows.append((name, f"{cost.seconds * 1000:.0f}", *ratios))
    title = f"Commands (medians of {RUNS} interleaved runs)"
    return Section(title, ("Command", "ms", f"x {PASS}", f"x {HELM}"), tuple(rows))
