"""Measure, print, and write docs/benchmarks.md."""

from __future__ import annotations

import os
import sys

from netmatrix.helm import find_helm
from tests.bench import engines, fleet, page, startup
from tests.bench.measure import ROOT
from tests.other_tools import NETPOL_ANALYZER, NETWORK_CONFIG_ANALYZER, MissingToolError


def main() -> int:
    """Status 2 where the other tools cannot be built: ratios to nothing are no benchmark."""
    helm = find_helm(tools=ROOT / ".tools")
    os.environ["HELM"] = str(helm.executable)  # one helm for all, wherever a matrix lies
    try:
        sections = (startup.section(helm), *engines.sections(), fleet.section(helm))
    except MissingToolError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    machine = page.machine(helm, (f"{NETPOL_ANALYZER}, {NETWORK_CONFIG_ANALYZER}",))
    page.show(sections, machine)
    (ROOT / "docs" / "benchmarks.md").write_text(page.markdown(sections, machine), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
