"""The combinations of values files that the project ships: environment, operational overlay, example of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENTS = ("prod", "dev")
CLUSTERS = tuple(sorted(file.stem for file in (ROOT / "values" / "clusters").glob("*.yaml")))


@dataclass(frozen=True)
class Scenario:
    """One way to install the chart from the files in values/."""

    environment: str
    operational: bool = False
    cluster: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.environment, "operational" if self.operational else "", self.cluster)))

    def files(self) -> list[Path]:
        """The values files, in the order in which an operator gives them."""
        values = ROOT / "values"
        files = [values / f"values-{self.environment}.yaml"]
        files += [values / "operational.yaml"] if self.operational else []
        return files + ([values / "clusters" / f"{self.cluster}.yaml"] if self.cluster else [])


ALL = tuple(
    Scenario(environment, operational, cluster)
    for environment in ENVIRONMENTS
    for operational in (False, True)
    for cluster in ("", *CLUSTERS)
)
