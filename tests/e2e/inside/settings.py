"""The files that the cluster's programs read: tokens, ways in, the settings of the kubelet, containerd and CNI."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.addresses import API_PORT, DNS_SERVICE, DOMAIN, IMAGE, NODE, NODE_IPV4, POD_RANGES
from tests.e2e.inside import certificates
from tests.e2e.paths import CNI_PLUGINS, RUN, Folder

TOKENS = RUN / "tokens.csv"
KUBELET = RUN / "kubelet.json"
CONTAINERD = RUN / "containerd.toml"
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"

VOLUME_PLUGINS = RUN / "volume-plugins"

_CNI = RUN / "cni"
_USERS: Mapping[str, tuple[str, str]] = {
    "admin": ("admin", "system:masters"),
    "kube-controller-manager": ("system:kube-controller-manager", ""),
    "kube-scheduler": ("system:kube-scheduler", ""),
    "kubelet": (f"system:node:{NODE}", "system:nodes"),
    "kube-proxy": ("system:kube-proxy", ""),
    "kube-router": ("kube-router", "system:masters"),
}
"""Who asks the API server, each with a name and a group there."""


def kubeconfig(name: str) -> Path:
    """The way in of one of the programs."""
    return RUN / f"{name}.kubeconfig"


def own_oom_score() -> int:
    """What the kernel adds to a process's claim to be killed first; a program that wants less may not be allowed to."""
    return int(Path("/proc/self/oom_score_adj").read_text(encoding="ascii"))


def prepare(folder: Folder) -> None:
    """Write all files."""
    tokens = {name: secrets.token_hex(16) for name in _USERS}
    lines = [f'{tokens[name]},{user},{user},"{group}"' for name, (user, group) in _USERS.items()]
    TOKENS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, token in tokens.items():
        _write(kubeconfig(name), _kubeconfig(token))
    _write(folder.kubeconfig, _kubeconfig(tokens["admin"]))
    folder.kubeconfig.chmod(0o600)
    _write(KUBELET, _kubelet())
    CONTAINERD.write_text(_containerd(), encoding="utf-8")
    _CNI.mkdir()
    _write(_CNI / "10-pods.conflist", _cni())
    (RUN / "resolv.conf").touch()


def _write(file: Path, data: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _kubeconfig(token: str) -> dict[str, Any]:
    authority = certificates.AUTHORITY.read_bytes()
    cluster = {
        "server": f"https://{NODE_IPV4}:{API_PORT}",
        "certificate-authority-data": base64.b64encode(authority).decode(),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "netmatrix", "cluster": cluster}],
        "users": [{"name": "netmatrix", "user": {"token": token}}],
        "contexts": [{"name": "netmatrix", "context": {"cluster": "netmatrix", "user": "netmatrix"}}],
        "current-context": "netmatrix",
    }


def _kubelet() -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": str(certificates.AUTHORITY)},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "clusterDNS": [DNS_SERVICE],
        "clusterDomain": DOMAIN,
        "resolvConf": str(RUN / "resolv.conf"),
        "podLogsDir": str(RUN / "pod-logs"),
        "volumePluginDir": str(VOLUME_PLUGINS),
        "failCgroupV1": False,
        "failSwapOn": False,
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": False,
        "oomScoreAdj": own_oom_score(),
        "enforceNodeAllocatable": [],
        "localStorageCapacityIsolation": False,
        "evictionHard": {"memory.available": "1Mi"},
        "imageGCHighThresholdPercent": 100,
        "kubeAPIQPS": 100,
        "kubeAPIBurst": 200,
        "registryPullQPS": 0,
    }


def _containerd() -> str:
    return f"""version = 2
root = "{RUN / "containerd"}"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]

[grpc]
address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{IMAGE}"
restrict_oom_score_adj = true
disable_apparmor = true
netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{CNI_PLUGINS}"
conf_dir = "{_CNI}"

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
"""


def _cni() -> dict[str, Any]:
    """`ptp`, a link of its own for each pod: a bridge with many pods overflows the machine's table of neighbours."""
    ranges = [[{"subnet": pods.replace("/16", "/24").replace("/56", "/64")}] for pods in POD_RANGES]
    routes = [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
    ipam = {"type": "host-local", "dataDir": str(RUN / "ipam"), "ranges": ranges, "routes": routes}
    plugin = {"type": "ptp", "ipMasq": False, "ipam": ipam}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [plugin]}
