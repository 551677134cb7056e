"""The documented tables and the operational flows as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netmatrix.matrix.model import Matrix
from netmatrix.matrix.tables import HEADINGS, table


def tables_markdown(matrix: Matrix) -> str:
    """One section per environment, then what is off by default."""
    parts: list[str] = []
    for environment in matrix.environments:
        rows = [row.cells() for row in table(matrix, environment)]
        parts.append(f"### {environment}\n\n{_markdown(HEADINGS, rows)}")
    operational = matrix.operational_flows()
    if operational:
        off = [(flow.id, _ports(flow.numbers()), flow.reason) for flow in operational]
        parts.append(f"### Off by default (`values/operational.yaml`)\n\n{_markdown(('Flow', 'Ports', 'Why'), off)}")
    return "\n\n".join(parts) + "\n"


def _ports(ports: Iterable[object] | None) -> str:
    return "any" if ports is None else ", ".join(str(port) for port in ports)


def _markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)
