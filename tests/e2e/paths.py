"""Where things stand: the project, the programs, one cluster's own folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TOOLS = ROOT / ".tools"
PROGRAMS = TOOLS / "cluster"
"""What was built or fetched, with a record of the versions; `make clean` removes it."""

CNI_PLUGINS = Path("/usr/lib/cni")

IN_MEMORY = (Path("/run"), Path("/var/log"), Path("/var/lib"))
"""Where container run-times and the kubelet write, whatever they are told: the cluster has its own."""

RUN = Path("/run/netmatrix")
"""What the cluster keeps, on a file system in memory that only its own mount namespace has."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one cluster on the machine: its record, its logs, ways in for a person."""

    path: Path

    @property
    def record(self) -> Path:
        """Which processes and control groups the cluster is made of."""
        return self.path / "record.json"

    @property
    def logs(self) -> Path:
        """What each program printed, of the last run."""
        return self.path / "logs"

    @property
    def scratch(self) -> Path:
        """Room for the commands that are run in the cluster: their home, caches and temporary files."""
        return self.path / "scratch"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's way in; it works in the cluster's network namespace alone."""
        return self.path / "kubeconfig"

    @property
    def hosts(self) -> Path:
        """The hosts outside, as the cluster is told of them."""
        return self.path / "hosts.json"

    @property
    def ways_in(self) -> tuple[Path, ...]:
        """Scripts that run kubectl, helm or anything else in the cluster."""
        return tuple(self.path / name for name in ("kubectl", "helm", "run"))

    def tidy(self) -> None:
        """Remove all but the logs."""
        for file in (self.record, self.kubeconfig, self.hosts, *self.ways_in):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.scratch, ignore_errors=True)


CLUSTER = Folder(ROOT / "build" / "cluster")
"""The cluster of `make cluster`."""
