"""`analyze` and `verify` on synthetic input: beside other people's tools, beside reading alone, and as input grows."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench import synthetic
from tests.bench.measure import ROOT, exponent, interleaved, once
from tests.bench.page import Section
from tests.other_tools import NETPOL_ANALYZER, NETWORK_CONFIG_ANALYZER, netpol_analyzer, network_config_analyzer

NETMATRIX = str(Path(sys.executable).with_name("netmatrix"))
LOAD = "import sys, yaml\nfor _ in yaml.load_all(open(sys.argv[1]), Loader=yaml.CSafeLoader): pass"
SIZES = (100, 1_000, 10_000)
AGAINST_NCA, AGAINST_NETPOL = (100, 200), (100, 500, 1_000)
PODS, FLOWS = 500, 2_000
RUNS, QUICK_RUNS = 3, 15


def growth(folder: Path) -> Section:
    """As the cluster grows: against reading the same file, and by what power."""
    rows, seconds = [], {}
    for size in SIZES:
        as_yaml, as_json = synthetic.cluster(size, folder)
        load, ours, ours_json = "load", "yaml", "json"
        costs = interleaved(
            {
                load: [sys.executable, "-c", LOAD, str(as_yaml)],
                ours: [NETMATRIX, "analyze", str(as_yaml)],
                ours_json: [NETMATRIX, "analyze", str(as_json)],
            },
            RUNS,
        )
        seconds[size] = costs[ours].seconds
        times = (f"{costs[name].seconds:.2f}" for name in (load, ours, ours_json))
        ratio = f"{costs[ours].seconds / costs[load].seconds:.2f}"
        rows.append((f"{size:,}", *times, ratio, f"{costs[ours].mebibytes:.0f}"))
    power = exponent(SIZES[-2], seconds[SIZES[-2]], SIZES[-1], seconds[SIZES[-1]])
    return Section(
        f"analyze as a cluster grows (medians of {RUNS} interleaved runs)",
        ("Workloads", "PyYAML's C loader alone, s", "analyze YAML, s", "analyze JSON, s", "x loader", "peak MiB"),
        tuple(rows),
        (f"From {SIZES[-2]:,} to {SIZES[-1]:,} workloads, time grows with the power {power:.2f} of their number.",),
    )


def against_others(folder: Path) -> Section:
    """The same input, whole process against whole process; one run of the tool that takes a minute."""
    nca = [str(network_config_analyzer()), "--connectivity", "--resource_list", "@"]
    netpol = [str(netpol_analyzer()), "list", "--dirpath", "@", "-q"]
    rows = [
        *(_pair(size, folder, NETWORK_CONFIG_ANALYZER, nca, RUNS) for size in AGAINST_NCA),
        *(_pair(size, folder, NETPOL_ANALYZER, netpol, 1) for size in AGAINST_NETPOL),
    ]
    headings = ("Workloads", "Tool", "its time, s", "analyze, s", "times faster")
    return Section("analyze beside other tools", headings, tuple(rows))


def _pair(size: int, folder: Path, tool: str, command: Sequence[str], runs: int) -> tuple[str, ...]:
    as_yaml, _ = synthetic.cluster(size, folder)
    theirs = interleaved({"": [str(as_yaml.parent) if part == "@" else part for part in command]}, runs)[""]
    ours = interleaved({"": [NETMATRIX, "analyze", str(as_yaml)]}, RUNS)[""]
    ratio = theirs.seconds / ours.seconds
    return f"{size:,}", tool, f"{theirs.seconds:.1f}", f"{ours.seconds:.2f}", f"{ratio:.0f}"


def proofs(folder: Path) -> Section:
    """`verify` of manifests that are rendered already: Helm's own time is not in it."""
    big = folder / "matrix"
    big.mkdir()
    (big / "matrix.yaml").write_text(synthetic.matrix(PODS, FLOWS), encoding="utf-8")
    region = "<!-- netmatrix:tables begin -->\n<!-- netmatrix:tables end -->\n"
    (big / "README.md").write_text(region, encoding="utf-8")
    once([NETMATRIX, "generate", "--matrix", str(big / "matrix.yaml")])
    rows = []
    for title, root, environment in (
        ("ours, prod", ROOT, "prod"),
        ("ours, dev", ROOT, "dev"),
        (f"{PODS} pods, {FLOWS:,} flows", big, "prod"),
    ):
        given = ["--matrix", str(root / "matrix.yaml"), "--environment", environment]
        kept = folder / f"{environment}-{root.name}.yaml"
        once([NETMATRIX, "verify", *given, "--save", str(kept)])
        proved = [NETMATRIX, "verify", *given, "--manifests", str(kept)]
        runs = QUICK_RUNS if root is ROOT else RUNS
        costs = interleaved({"verify": proved, "pass": [sys.executable, "-c", "pass"]}, runs)
        cost = costs["verify"]
        ratio = f"{cost.seconds / costs['pass'].seconds:.0f}"
        rows.append((title, f"{cost.seconds:.2f}", ratio, f"{cost.mebibytes:.0f}"))
    headings = ("Matrix", "s", "x python -c pass", "peak MiB")
    return Section("verify, whole process, of manifests that helm has rendered before", headings, tuple(rows))


def sections() -> tuple[Section, ...]:
    """All of them, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="netmatrix-bench-") as name:
        folder = Path(name)
        return growth(folder), against_others(folder), proofs(folder)
