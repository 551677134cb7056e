"""`python -m tests.fleet.crds` (needs Go): writes tests/fleet/crds, the schemas of what Argo CD, Flux and others read.

They are made from pinned Go modules, whose sums Go checks: from the CRDs of Argo CD and of Flux's source-controller,
of Cilium and of the network-policy-api (these two without the status that a controller writes);
and for Flux's HelmRelease, whose CRD no published module holds, from its Go types by controller-gen, as Flux makes it.
All are Apache-2.0. Kept are types, required fields, patterns and bounds, and neither prose nor CEL rules; of an
ApplicationSet's generators, Git's alone. Each file names its source.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).with_name("crds")
ARGO = "github.com/argoproj/argo-cd/v3@v3.2.0"
SOURCE = "github.com/fluxcd/source-controller@v1.9.6"
CILIUM = "github.com/cilium/cilium@v1.20.2"
CLUSTER = "sigs.k8s.io/network-policy-api@v0.3.0"
HELM = "github.com/fluxcd/helm-controller/api@v1.6.5"
CONTROLLER_GEN = "sigs.k8s.io/controller-tools@v0.19.0"
_CRDS = "pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnetworkpolicies.yaml"
_STANDARD = "config/crd/standard/policy.networking.k8s.io_clusternetworkpolicies.yaml"
_POLICIES = (
    ("CiliumNetworkPolicy", CILIUM, (_CRDS, "v2")),
    ("ClusterNetworkPolicy", CLUSTER, (_STANDARD, "v1alpha2")),
)


def main() -> int:
    """Write all of them."""
    with tempfile.TemporaryDirectory(prefix="netmatrix-crds-") as name:
        folder = Path(name)
        _go(folder, "mod", "init", "example.invalid/crds")
        application_set = _shipped(folder, ARGO, "manifests/crds/applicationset-crd.yaml")
        generators = application_set["properties"]["spec"]["properties"]["generators"]["items"]
        generators["properties"] = {"git": generators["properties"]["git"]}
        repository = _shipped(folder, SOURCE, "config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml")
        release = _generated(folder)
        for kind, module, (file, version) in _POLICIES:
            policy = _shipped(folder, module, file, version)
            policy["properties"].pop("status", None)
            _write(kind, module, policy)
    _write("ApplicationSet", ARGO, application_set)
    _write("GitRepository", SOURCE, repository)
    _write("HelmRelease", f"{HELM}, by {CONTROLLER_GEN}", release)
    return 0


def _shipped(folder: Path, module: str, file: str, version: str | None = None) -> dict[str, Any]:
    found = json.loads(_go(folder, "mod", "download", "-json", module))
    return _schema(Path(found["Dir"]) / file, version)


def _generated(folder: Path) -> dict[str, Any]:
    imports = f'import (\n_ "{HELM.partition("@")[0]}/v2"\n_ "sigs.k8s.io/controller-tools/cmd/controller-gen"\n)\n'
    (folder / "tools.go").write_text(f"package crds\n{imports}", encoding="utf-8")
    _go(folder, "get", HELM, CONTROLLER_GEN)
    _go(folder, "mod", "tidy")
    paths = f"paths={HELM.partition('@')[0]}/v2"
    _go(folder, "run", "sigs.k8s.io/controller-tools/cmd/controller-gen", "crd", paths, "output:crd:dir=out")
    return _schema(folder / "out" / "helm.toolkit.fluxcd.io_helmreleases.yaml")


def _schema(file: Path, wanted: str | None = None) -> dict[str, Any]:
    """The schema of one version: of the one that the API server stores where none is wanted."""
    crd = yaml.safe_load(file.read_text(encoding="utf-8"))
    (version,) = [item for item in crd["spec"]["versions"] if (item["name"] == wanted if wanted else item["storage"])]
    identity = {"apiVersion": f"{crd['spec']['group']}/{version['name']}", "kind": crd["spec"]["names"]["kind"]}
    schema: dict[str, Any] = _without_prose(version["schema"]["openAPIV3Schema"])
    schema["properties"] |= {key: {"type": "string", "enum": [value]} for key, value in identity.items()}
    return schema


def _without_prose(node: Any) -> Any:
    if isinstance(node, dict):
        prose = ("description", "x-kubernetes-validations")
        return {
            key: _without_prose(value)
            for key, value in node.items()
            if not (key in prose and isinstance(value, (str, list)))
        }
    return [_without_prose(item) for item in node] if isinstance(node, list) else node


def _write(kind: str, source: str, schema: dict[str, Any]) -> None:
    content = {"$comment": f"From {source} (Apache-2.0), by python -m tests.fleet.crds", **schema}
    text = json.dumps(content, indent=1, sort_keys=True)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{kind}.json").write_text(f"{text}\n", encoding="utf-8")


def _go(folder: Path, *arguments: str) -> str:
    return subprocess.run(["go", *arguments], cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
