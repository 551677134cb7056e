"""The programs that are built from Go modules, pinned in tools/go.mod, or fetched."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from netmatrix.helm.fetch import KUBECTL, fetch
from tests.e2e.errors import ClusterError
from tests.e2e.paths import PROGRAMS, TOOLS

SOURCES = Path(__file__).resolve().parent / "tools"
BINARIES = PROGRAMS / "bin"
RECORD = PROGRAMS / "versions.json"
HELM3 = BINARIES / "helm"
KUBERNETES = "v1.36.3"

_KUBERNETES = "k8s.io/kubernetes/cmd"
PACKAGES: Mapping[str, str] = {
    "standin": "./standin",
    "kube-apiserver": f"{_KUBERNETES}/kube-apiserver",
    "kube-controller-manager": f"{_KUBERNETES}/kube-controller-manager",
    "kube-scheduler": f"{_KUBERNETES}/kube-scheduler",
    "kubelet": f"{_KUBERNETES}/kubelet",
    "kube-proxy": f"{_KUBERNETES}/kube-proxy",
    "kube-router": "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
    "coredns": "github.com/coredns/coredns",
    "agnhost": "./agnhost",
    "helm": "helm.sh/helm/v3/cmd/helm",
}
"""Each program with the package that it is built from."""

_FLAGS = [
    "-trimpath",
    # A module download has no version of its own, and reads v0.0.0: Helm's check of `kubeVersion` would refuse it.
    f"-ldflags=-s -w -X k8s.io/component-base/version.gitVersion={KUBERNETES}",
]


def provide(debian: Mapping[str, str]) -> None:
    """Build and fetch what is missing or old, and record the versions, those of `debian`'s packages among them.

    Raises ClusterError where a program cannot be built, HelmError where kubectl cannot be had.
    """
    fetch(TOOLS, KUBECTL)
    wanted = {"built from": _fingerprint(), "modules": _modules(), "kubectl": KUBECTL.version, "debian": dict(debian)}
    is_recorded = RECORD.is_file() and json.loads(RECORD.read_text(encoding="utf-8")) == wanted
    if is_recorded and all((BINARIES / name).is_file() for name in PACKAGES):
        return
    BINARIES.mkdir(parents=True, exist_ok=True)
    RECORD.unlink(missing_ok=True)
    for number, (name, package) in enumerate(PACKAGES.items(), start=1):
        _build(name, package, f"{number} of {len(PACKAGES)}")
    RECORD.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")


def _build(name: str, package: str, progress: str) -> None:
    print(f"building {name} ({progress}) ... ", end="", file=sys.stderr, flush=True)
    begin = time.monotonic()
    command = ["go", "build", *_FLAGS, "-o", str(BINARIES / name), package]
    done = subprocess.run(command, cwd=SOURCES, env={**os.environ, "CGO_ENABLED": "0"}, capture_output=True, text=True)
    if done.returncode != 0:
        print("failed", file=sys.stderr)
        raise ClusterError(f"{name} does not build:\n{done.stderr.strip()[-4000:]}")
    print(f"{time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)


def _fingerprint() -> str:
    """What the programs depend on: the pinned modules, the source of our own one, how they are built, and Go."""
    digest = hashlib.sha256(repr((_FLAGS, dict(PACKAGES))).encode())
    for file in sorted(SOURCES.rglob("*")):
        if file.is_file():
            digest.update(file.read_bytes())
    version = subprocess.run(["go", "version"], cwd=SOURCES, capture_output=True, check=False)
    digest.update(version.stdout)
    return digest.hexdigest()


def _modules() -> dict[str, str]:
    """The modules that the programs come from, and their versions; those that these need stand in go.sum."""
    own = (SOURCES / "go.mod").read_text(encoding="utf-8").partition("require (")[2].partition(")")[0]
    return dict(re.findall(r"^\t(\S+) (v\S+)$", own, re.MULTILINE))
