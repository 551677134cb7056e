"""Overrides of as many clusters as one likes, no two with the same values, the same for everybody."""

from __future__ import annotations

from pathlib import Path


def write(folder: Path, clusters: int) -> None:
    """A file for each cluster, shaped like those in values/clusters: DNS, the API server, ranges, sometimes more."""
    folder.mkdir(parents=True)
    for number in range(clusters):
        (folder / f"cluster-{number:05}.yaml").write_text(_override(number), encoding="utf-8")


def _override(number: int) -> str:
    high, low = divmod(number, 250)
    lines = [
        "endpoints:",
        "  dns:",
        f'    cidrs: ["169.254.{high}.{low}/32"]',
        "  kubernetes-api:",
        f'    cidrs: ["10.{high}.{low}.1/32"]',
        f"    ports: [{(443, 6443)[number % 2]}]",
        f"    discover: {('true', 'false')[number % 2]}",
        "  internet:",
        "    additionalExcept:",
        f'      nodes: "100.{64 + high}.{low}.0/24"',
    ]
    if number % 3 == 0:
        lines += ["namespaces:", "  app:", f"    name: team-{number}"]
    if number % 5 == 0:
        lines += ["pods:", "  orchestrator:", "    ports:", f"      http: {8000 + number % 1000}"]
    if number % 7 == 0:
        lines += ["flows:", "  cron-to-mongo:", "    enabled: false"]
    return "\n".join(lines) + "\n"
