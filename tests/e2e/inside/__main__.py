"""The first process in the cluster's namespaces: `python -m tests.e2e.inside FOLDER MACHINE-NETWORK MOUNT=GROUP...`.

It starts everything, says so on standard output phase by phase, last `ready`, and stays: when it ends, everything in
the namespaces ends with it. It ends when one of the cluster's programs does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.e2e import cgroups
from tests.e2e.addresses import NODE
from tests.e2e.errors import ClusterError
from tests.e2e.inside import api, certificates, daemons, dns, images, mounts, network, settings
from tests.e2e.inside.commands import run
from tests.e2e.paths import RUN, TOOLS, Folder
from tests.e2e.patience import patient
from tests.e2e.programs import BINARIES
from tests.e2e.records import network_namespace

_PATIENCE = patient(120.0)
_NODE = f"/api/v1/nodes/{NODE}"
_NAME_SERVICE = f"/apis/apps/v1/namespaces/{dns.NAMESPACE}/deployments/{dns.NAME}"


class Boot:
    """The programs that have been started, by process id, and the time that each phase took."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.running: dict[int, str] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, command: list[str]) -> None:
        """Start a program; what it prints goes into its log."""
        with (self.folder.logs / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._processes.append(process)
        self.running[process.pid] = name

    def wait(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds. Raises ClusterError where a program ends meanwhile, or it takes too long."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            for process in self._processes:
                if process.poll() is not None:
                    raise ClusterError(f"{self.ended(process.pid, process.returncode)}, and {what} never was")
            if time.monotonic() > deadline:
                raise ClusterError(f"{what} was not within {_PATIENCE:.0f} s; the logs are in {self.folder.logs}")
            time.sleep(0.05)

    def ended(self, pid: int, status: int) -> str:
        """That a program has ended, and where to read why."""
        name = self.running[pid]
        return f"{name} ended with status {status} (see {self.folder.logs / name}.log)"


def main() -> int:
    """Start the cluster and hold it; 1 where it cannot be started, or ends."""
    folder, machine_network = Folder(Path(sys.argv[1])), int(sys.argv[2])
    groups = {Path(mount): Path(group) for mount, _, group in (item.partition("=") for item in sys.argv[3:])}
    boot = Boot(folder)
    try:
        if network_namespace() == machine_network:
            raise ClusterError("this is the machine's own network namespace; the cluster is started by its guard")
        _start(boot, groups)
    except (ClusterError, OSError) as error:
        print(f"failed: {error}", flush=True)
        return 1
    print("ready", flush=True)
    return _hold(boot)


def _start(boot: Boot, groups: dict[Path, Path]) -> None:
    with _phase("file systems"):
        mounts.prepare(boot.folder, groups)
        for mount in groups:
            cgroups.delegate(mount)
        os.environ.update(_environment())
    with _phase("network"):
        hosts = json.loads(boot.folder.hosts.read_text(encoding="utf-8"))
        network.prepare(hosts["addresses"])
        boot.start("outside", daemons.hosts_outside(hosts["addresses"], hosts["ports"]))
        boot.start("control-plane", daemons.control_plane(hosts["ports"]))
    with ThreadPoolExecutor(1) as beside:
        with _phase("API server"):
            certificates.prepare()
            settings.prepare(boot.folder)
            boot.start("containerd", daemons.containerd())
            boot.start("etcd", daemons.etcd())
            boot.start("kube-apiserver", daemons.kube_apiserver())
            image = beside.submit(_import_image, boot)
            boot.wait("the API server ready", lambda: api.get("/readyz") is not None)
        with _phase("image"):
            image.result()
    with _phase("node"):
        boot.start("kube-controller-manager", daemons.kube_controller_manager())
        boot.start("kube-scheduler", daemons.kube_scheduler())
        boot.start("kubelet", daemons.kubelet())
        boot.start("kube-proxy", daemons.kube_proxy())
        run(str(TOOLS / "kubectl"), "create", "--filename", "-", stdin=json.dumps(_list(dns.objects())))
        boot.wait("the node registered, with pod ranges", lambda: api.field(_NODE, "spec", "podCIDRs") is not None)
        boot.start("kube-router", daemons.kube_router())
        boot.wait("the node ready", lambda: api.condition(_NODE, "Ready"))
    with _phase("name service"):
        boot.wait("the name service ready", lambda: api.field(_NAME_SERVICE, "status", "readyReplicas") == dns.REPLICAS)


def _import_image(boot: Boot) -> None:
    """The image of all containers, written and given to containerd."""
    images.write_image(RUN / "image.tar")
    boot.wait("containerd ready", lambda: Path(settings.CONTAINERD_SOCKET).exists())
    run("ctr", "--namespace", "k8s.io", "images", "import", str(RUN / "image.tar"))
    (RUN / "image.tar").unlink()


def _hold(boot: Boot) -> int:
    """Reap what ends, as the first process must, until it is one of the cluster's programs."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid in boot.running:
            print(boot.ended(pid, os.waitstatus_to_exitcode(status)), file=sys.stderr, flush=True)
            return 1


@contextmanager
def _phase(name: str) -> Iterator[None]:
    begin = time.monotonic()
    yield
    print(f"{name:14}{time.monotonic() - begin:5.1f} s", flush=True)


def _environment() -> dict[str, str]:
    return {
        "PATH": f"{BINARIES}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(RUN / "home"),
        "TMPDIR": str(RUN / "tmp"),
        "KUBECONFIG": str(settings.kubeconfig("admin")),
    }


def _list(objects: list[dict[str, object]]) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "List", "items": objects}


if __name__ == "__main__":
    sys.exit(main())
