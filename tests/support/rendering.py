"""Rendering a chart through the real helm, and its objects by subject."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from netmatrix.helm import Helm, Output

Object = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """A chart folder and the helm that renders it. Values files may be paths or YAML-ready data."""

    helm: Helm
    folder: Path
    scratch: Path
    kube_version: str = "1.34.0"

    def template(self, *values: Path | dict[str, Any], arguments: Sequence[str] = ()) -> Output:
        """One `helm template` run; the status tells whether it rendered."""
        command = ["template", "release", str(self.folder), "--namespace", "apps", "--kube-version", self.kube_version]
        for layer in values:
            command += ["--values", str(self._file(layer))]
        return self.helm.run([*command, *arguments])

    def objects(self, *values: Path | dict[str, Any], arguments: Sequence[str] = ()) -> list[Object]:
        """The rendered objects; a failure to render fails the test with Helm's words."""
        output = self.template(*values, arguments=arguments)
        assert output.status == 0, output.stderr
        return objects_of(output.stdout)

    def _file(self, layer: Path | dict[str, Any]) -> Path:
        if isinstance(layer, Path):
            return layer
        number = len(list(self.scratch.iterdir()))
        file = self.scratch / f"values-{number}.yaml"
        file.write_text(yaml.safe_dump(layer), encoding="utf-8")
        return file


def objects_of(manifests: bytes | str) -> list[Object]:
    """The objects of a rendered stream."""
    return [document for document in yaml.load_all(manifests, yaml.CSafeLoader) if document]


def policies(objects: Iterable[Object]) -> dict[str, Object]:
    """The NetworkPolicies by name; the default-deny ones, which share a name, by `name/namespace`."""
    found: dict[str, Object] = {}
    for item in objects:
        if item["kind"] == "NetworkPolicy":
            name = item["metadata"]["name"]
            key = f"{name}/{item['metadata']['namespace']}" if name.endswith("default-deny") else name
            assert key not in found, f"two policies are called {key}"
            found[key] = item
    return found
