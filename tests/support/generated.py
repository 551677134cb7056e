"""A matrix's files written where a test can render them."""

from __future__ import annotations

from pathlib import Path

from netmatrix.emit.plan import Plan


def write(plan: Plan, folder: Path) -> Path:
    """Write the plan's files below `folder`, and return the chart's."""
    for path, text in plan.files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    return folder / "chart"
