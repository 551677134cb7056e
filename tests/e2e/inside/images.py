"""The one image of all containers, as an archive that containerd imports: there is no registry."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.addresses import AGNHOST, IMAGE
from tests.e2e.errors import ClusterError
from tests.e2e.programs import BINARIES


def write_image(target: Path) -> None:
    """Write the archive, in docker's format: a configuration, a manifest, one layer.

    It has the name of Kubernetes' own image of agnhost as well, so that what asks for that one gets it.
    """
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as files:
        for name, file in _content().items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = file.stat().st_size, 0o755
            with file.open("rb") as content:
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
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [IMAGE, AGNHOST], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(target, mode="w") as archive:
        for name, data in {
            "config.json": configuration,
            "manifest.json": manifest,
            "layer.tar": layer.getvalue(),
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def _content() -> Mapping[str, Path]:
    """The files. Beside agnhost its own image has a BusyBox too, as the shell: this one is Debian's, and static."""
    busybox = shutil.which("busybox")
    if busybox is None:
        raise ClusterError("there is no busybox; `make cluster-tools` installs it")
    return {**{name: BINARIES / name for name in ("standin", "coredns", "agnhost")}, "bin/sh": Path(busybox)}
