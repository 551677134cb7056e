"""`netmatrix audit` of the cluster."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.paths import TOOLS
from tests.e2e.session import Cluster, Output


def audit(cluster: Cluster, files: Sequence[Path], *arguments: str) -> Output:
    """A run, with the project's kubectl."""
    program = ["env", f"KUBECTL={TOOLS / 'kubectl'}", sys.executable, "-m", "netmatrix", "audit", "--format", "json"]
    return cluster.run(*program, *(text for file in files for text in ("-f", str(file))), *arguments, check=False)
