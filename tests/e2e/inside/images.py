"""The one image of all containers, as an archive that containerd imports: there is no registry."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

from tests.e2e.addresses import IMAGE
from tests.e2e.programs import BINARIES

_CONTENT = ("standin", "coredns")


def write_image(target: Path) -> None:
    """Write the archive, in docker's format: a configuration, a manifest, one layer."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as files:
        for name in _CONTENT:
            info = tarfile.TarInfo(name)
            info.size, info.mode = (BINARIES / name).stat().st_size, 0o755
            with (BINARIES / name).open("rb") as content:
                files.addfile(info, content)
    digest = hashlib.sha256(layer.getbuffer()).hexdigest()
    configuration = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": ["/standin", "pause"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(target, mode="w") as archive:
        for name, data in {
            "config.json": configuration,
            "manifest.json": manifest,
            "layer.tar": layer.getvalue(),
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
