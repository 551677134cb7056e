"""Which processes a cluster is made of, so that they and no others are ended."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """A process by its id and its start, in ticks since the machine's: an id comes again, the pair does not."""

    pid: int
    started: int

    @staticmethod
    def of(pid: int) -> Process:
        """The process that has this id now. Raises ProcessLookupError where there is none."""
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            raise ProcessLookupError(pid) from None
        return Process(pid, int(text.rpartition(")")[2].split()[19]))

    @property
    def lives(self) -> bool:
        """Whether it is still there; one that has ended and waits for its parent is not."""
        try:
            text = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return False
        fields = text.rpartition(")")[2].split()
        return int(fields[19]) == self.started and fields[0] not in "ZX"

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.lives:  # asked after the handle was opened, which stays with the process that it was opened for
                signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            pass
        finally:
            os.close(handle)


@dataclass(frozen=True, slots=True)
class Record:
    """A running cluster: its guard, the first process in its namespaces, the machine's own network namespace."""

    guard: Process
    first: Process
    machine_network: int

    def write(self, file: Path) -> None:
        """Put it into a file."""
        file.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")

    @staticmethod
    def read(file: Path) -> Record | None:
        """The record in a file; None where there is no such file, or the cluster has ended."""
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        record = Record(Process(**data["guard"]), Process(**data["first"]), data["machine_network"])
        return record if record.guard.lives or record.first.lives else None


def network_namespace(process: str | int = "self") -> int:
    """The number of a process's network namespace."""
    return Path(f"/proc/{process}/ns/net").stat().st_ino
