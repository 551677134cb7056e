"""`python -m tests.bench` (`make bench`): how long commands take beside `python -c pass` and `helm template`.

All in one run and interleaved, so that a busy machine slows all alike. The medians are told; nothing is judged.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from netmatrix.helm import find_helm
from netmatrix.helm.find import version_text

ROOT = Path(__file__).resolve().parent.parent
RUNS = 15
PASS, HELM = "python -c pass", "helm template, prod"


def main() -> int:
    """Measure and print."""
    helm = find_helm(tools=ROOT / ".tools")
    layered = [f"-fvalues/{name}.yaml" for name in ("values-prod", "clusters/gke", "operational")]
    netmatrix = str(Path(sys.executable).with_name("netmatrix"))
    render = ["template", "red-kite", "chart", "--namespace", "stalker", "--values", "values/values-prod.yaml"]
    commands = {
        PASS: [sys.executable, "-c", "pass"],
        "netmatrix --version": [netmatrix, "--version"],
        "netmatrix --help": [netmatrix, "--help"],
        "netmatrix generate --check": [netmatrix, "generate", "--check"],
        "netmatrix validate, prod + gke + operational": [netmatrix, "validate", *layered],
        "netmatrix template, prod": [netmatrix, "template", layered[0]],
        HELM: [str(helm.executable), *render],
    }
    medians = {name: statistics.median(times) for name, times in _measure(commands).items()}
    table = Table("Command", title=f"Medians of {RUNS} interleaved runs", title_justify="left")
    for heading in ("ms", f"x {PASS}", f"x {HELM}"):
        table.add_column(heading, justify="right")
    for name, median in medians.items():
        ratios = (f"{median / medians[base]:.1f}" for base in (PASS, HELM))
        table.add_row(name, f"{median * 1000:.0f}", *ratios)
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    console.print(table)
    console.print(f"{os.cpu_count()} cores, {_processor()}, {platform.system()} {platform.release()}")
    console.print(
        f"Python {platform.python_version()}, netmatrix {version('netmatrix')}, click {version('click')}, "
        f"jsonschema {version('jsonschema')}, PyYAML {version('PyYAML')}, helm {version_text(helm.version)}"
    )
    return 0


def _measure(commands: Mapping[str, Sequence[str]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(RUNS + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            if number:  # the first run only warms the caches
                times[name].append(time.perf_counter() - started)
    return times


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


if __name__ == "__main__":
    sys.exit(main())
