"""What was measured, for the terminal and for docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from netmatrix.helm import Helm
from netmatrix.helm.find import version_text


@dataclass(frozen=True)
class Section:
    """A table: the first column is text, the others are numbers. `remarks` stand below it."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()


def show(sections: Sequence[Section], machine: Sequence[str]) -> None:
    """On the terminal."""
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    for section in sections:
        table = Table(section.headings[0], title=section.title, title_justify="left")
        for heading in section.headings[1:]:
            table.add_column(heading, justify="right")
        for row in section.rows:
            table.add_row(*row)
        console.print(table)
        for remark in section.remarks:
            console.print(remark)
    for line in machine:
        console.print(line)


def markdown(sections: Sequence[Section], machine: Sequence[str]) -> str:
    """As a page."""
    lines = ["# Benchmarks", "", "Written by `make bench`. Times are of whole processes, all in one run; ratios travel"]
    lines += ["between machines, seconds do not.", "", *(f"- {line}" for line in machine)]
    for section in sections:
        lines += [
            "",
            f"## {section.title}",
            "",
            _row(section.headings),
            _row(["---", *["---:"] * (width(section) - 1)]),
        ]
        lines += [_row(row) for row in section.rows]
        lines += ["", *(f"- {remark}" for remark in section.remarks)] if section.remarks else []
    return "\n".join(lines) + "\n"


def width(section: Section) -> int:
    """How many columns a table has."""
    return len(section.headings)


def machine(helm: Helm, others: Sequence[str]) -> tuple[str, ...]:
    """What it was measured on, and with which versions."""
    packages = ("netmatrix", "click", "jsonschema", "PyYAML")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{os.cpu_count()} cores, {_processor()}, {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}, {versions}, helm {version_text(helm.version)}",
        *others,
    )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
