"""A running cluster: started, asked through kubectl and helm from within its namespaces, ended."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from netmatrix.helm import find_helm
from tests.e2e.errors import ClusterError
from tests.e2e.paths import CLUSTER, ROOT, TOOLS, Folder
from tests.e2e.patience import patient
from tests.e2e.records import Record

_PHASE = re.compile(r"(.*?) +([0-9.]+) s")
_END = patient(30.0)


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts outside the cluster: their addresses, and the ports on which each of them answers."""

    addresses: tuple[str, ...]
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """What a command left."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that is up."""

    folder: Folder
    record: Record

    @property
    def enter(self) -> list[str]:
        """The program that takes others into the cluster's namespaces."""
        return ["nsenter", f"--target={self.record.first.pid}", "--net", "--mount", "--pid"]

    def run(self, *arguments: str, stdin: str = "", timeout: float = 120.0, check: bool = True) -> Output:
        """Run a program of the machine in the cluster's namespaces. Raises ClusterError where it fails, if `check`."""
        done = subprocess.run(
            [*self.enter, f"--wdns={ROOT}", "--", *arguments],
            input=stdin,
            env=environment(self.folder),
            capture_output=True,
            text=True,
            timeout=patient(timeout),
            check=False,
        )
        if check and done.returncode != 0:
            raise ClusterError(f"{' '.join(arguments)} failed: {done.stderr.strip() or done.stdout.strip()}")
        return Output(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def background(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A program that runs in the cluster's namespaces meanwhile; it is ended with the block."""
        # `nsenter` waits for a child, which is told of its death by the kernel.
        command = [*self.enter, f"--wdns={ROOT}", "--", "setpriv", "--pdeathsig=TERM", "--", *arguments]
        with subprocess.Popen(
            command,
            env=environment(self.folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def kubectl(self, *arguments: str, stdin: str = "", check: bool = True) -> Output:
        """Run kubectl as the cluster's administrator."""
        return self.run(str(TOOLS / "kubectl"), *arguments, stdin=stdin, check=check)

    def helm(self, *arguments: str, program: Path | None = None, check: bool = True, timeout: float = 120.0) -> Output:
        """Run the project's helm, or another one, as the cluster's administrator."""
        executable = program or _helm()
        return self.run(str(executable), *arguments, check=check, timeout=timeout)

    def get(self, *arguments: str) -> Any:
        """What `kubectl get` finds, as data."""
        return json.loads(self.kubectl("get", *arguments, "--output", "json").stdout)

    def apply(self, objects: Sequence[Mapping[str, Any]]) -> None:
        """Create or change objects."""
        self.kubectl("apply", "--server-side", "--filename", "-", stdin=_list(objects))

    def await_established(self, *definitions: str) -> None:
        """Wait until the custom resources of these definitions are served. Raises ClusterError where they never are.

        `kubectl wait` fails where a definition is so new that its status says nothing yet.
        """
        deadline = time.monotonic() + _END
        for name in definitions:
            while not _is_established(self.get("crd", name)):
                if time.monotonic() > deadline:
                    raise ClusterError(f"{name} is not served after {_END:.0f} s")
                time.sleep(0.1)

    def delete(self, objects: Sequence[Mapping[str, Any]]) -> None:
        """Delete objects, and wait for their end."""
        self.kubectl("delete", "--filename", "-", stdin=_list(objects))


@cache
def _helm() -> Path:
    """Asked for its version once, and not before each of a hundred commands."""
    return find_helm(tools=TOOLS).executable


def _is_established(definition: Any) -> bool:
    found = definition.get("status", {}).get("conditions") or []
    return any((item["type"], item["status"]) == ("Established", "True") for item in found)


def _list(objects: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def environment(folder: Folder) -> dict[str, str]:
    """The environment of a command in the cluster: its own home and caches, no helm or Kubernetes settings of ours."""
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith(("HELM", "KUBE"))},
        **_settings(folder),
    }


def _settings(folder: Folder) -> dict[str, str]:
    home = folder.scratch
    return {
        "HOME": str(home),
        "TMPDIR": str(home),
        "KUBECONFIG": str(folder.kubeconfig),
        "KUBECACHEDIR": str(home / "kube-cache"),
        **{f"HELM_{kind}_HOME": str(home / f"helm-{kind.lower()}") for kind in ("CACHE", "CONFIG", "DATA")},
    }


def write_ways_in(cluster: Cluster) -> list[Path]:
    """Scripts for a person: kubectl, helm, and any program, run in the cluster from the folder where the person is."""
    settings = " ".join(f"{key}={shlex.quote(value)}" for key, value in _settings(cluster.folder).items())
    enter = f'exec env {settings} {" ".join(cluster.enter)} --wdns="$PWD" --'
    programs = {"run": [], "kubectl": [str(TOOLS / "kubectl")], "helm": [str(_helm())]}
    for way in cluster.folder.ways_in:
        way.write_text(f'#!/bin/sh\n{enter} {shlex.join(programs[way.name])} "$@"\n', encoding="utf-8")
        way.chmod(0o755)
    return list(cluster.folder.ways_in)


@contextmanager
def running(folder: Folder, hosts: Hosts, phases: list[tuple[str, float]] | None = None) -> Iterator[Cluster]:
    """A cluster, which ends with the block, and with this process, however that ends.

    Raises ClusterError, also where the folder has one already. `phases` gets the name of each phase of its start, and
    the seconds that it took.
    """
    guard = _guard(folder, hosts, [])
    try:
        yield Cluster(folder, _await(guard, folder, [] if phases is None else phases))
    finally:
        _end(guard)


def start(folder: Folder, hosts: Hosts) -> Cluster:
    """A cluster that stays until `stop`. Raises ClusterError, also where the folder has one already."""
    guard = _guard(folder, hosts, ["--stay"])
    try:
        record = _await(guard, folder, [])
    except BaseException:
        guard.send_signal(signal.SIGTERM)
        _end(guard)
        raise
    guard.returncode = 0  # it stays, and is not waited for
    _close(guard)
    return Cluster(folder, record)


def stop(folder: Folder) -> bool:
    """End the cluster that `start` left; false where there is none. Raises ClusterError where it does not end."""
    record = Record.read(folder.record)
    if record is None:
        return False
    record.guard.send(signal.SIGTERM)
    deadline = time.monotonic() + _END
    while record.guard.lives or record.first.lives:
        if not record.guard.lives:  # somebody has killed it, and the cluster died with it; nothing is left to ask
            break
        if time.monotonic() > deadline:
            raise ClusterError(f"the cluster's guard, process {record.guard.pid}, has not ended")
        time.sleep(0.05)
    return True


def attached(folder: Folder) -> Cluster:
    """The cluster that `start` left. Raises ClusterError where there is none."""
    record = Record.read(folder.record)
    if record is None:
        raise ClusterError("there is no cluster; `make cluster` starts one")
    return Cluster(folder, record)


@contextmanager
def locked(folder: Folder) -> Iterator[int]:
    """The lock of a folder, as a file descriptor: held by whoever has that open, and freed by the end of the last.

    It is on the folder itself, so that no file is left. Raises ClusterError where somebody else has it.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            ending = "`make cluster-down` ends it" if folder == CLUSTER else "it ends with the run that started it"
            raise ClusterError(f"a cluster is up already in {folder.path}, or ends just now; {ending}") from None
        yield lock
    finally:
        os.close(lock)


def _guard(folder: Folder, hosts: Hosts, options: list[str]) -> subprocess.Popen[bytes]:
    """Start a guard, which has the folder's lock until it has ended: what it removes then is its own cluster's."""
    with locked(folder) as lock:
        return _start_guard(folder, hosts, options, lock)


def _start_guard(folder: Folder, hosts: Hosts, options: list[str], lock: int) -> subprocess.Popen[bytes]:
    for path in (folder.logs, folder.scratch):
        path.mkdir(exist_ok=True)
    for old in folder.logs.iterdir():
        old.unlink()
    data = {"addresses": hosts.addresses, "ports": hosts.ports}
    folder.hosts.write_text(json.dumps(data), encoding="utf-8")
    print("starting the cluster", file=sys.stderr, flush=True)
    with (folder.logs / "cluster.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.guard", str(folder.path), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=ROOT,
            start_new_session=True,
            pass_fds=[lock],
        )


def _await(guard: subprocess.Popen[bytes], folder: Folder, phases: list[tuple[str, float]]) -> Record:
    """Tell the phases as they pass, until the cluster is ready. Raises ClusterError where it never is."""
    assert guard.stdout is not None
    last = ""
    for line in guard.stdout:
        last = line.decode().strip()
        if last == "ready" and (record := Record.read(folder.record)) is not None:
            return record
        print(f"  {last}", file=sys.stderr, flush=True)
        if match := _PHASE.fullmatch(last):
            phases.append((match[1], float(match[2])))
    raise ClusterError(f"the cluster did not start; {last}; what its programs said is in {folder.logs}")


def _end(guard: subprocess.Popen[bytes]) -> None:
    _close(guard)
    guard.wait(_END)


def _close(guard: subprocess.Popen[bytes]) -> None:
    for pipe in (guard.stdin, guard.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
