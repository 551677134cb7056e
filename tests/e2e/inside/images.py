"""The one image of all containers."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.addresses import AGNHOST, IMAGE
from tests.e2e.archive import write_archive
from tests.e2e.errors import ClusterError
from tests.e2e.programs import BINARIES


def write_image(target: Path) -> None:
    """Write its archive.

    It has the name of Kubernetes' own image of agnhost as well, so that what asks for that one gets it.
    """
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as files:
        for name, file in _content().items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = file.stat().st_size, 0o755
            with file.open("rb") as content:
                files.addfile(info, content)
    write_archive(target, [IMAGE, AGNHOST], layer.getvalue(), {"Entrypoint": ["/standin", "pause"]})


def _content() -> Mapping[str, Path]:
    """The files. Beside agnhost its own image has a BusyBox too, as the shell: this one is Debian's, and static."""
    busybox = shutil.which("busybox")
    if busybox is None:
        raise ClusterError("there is no busybox; `make cluster-tools` installs it")
    return {**{name: BINARIES / name for name in ("standin", "coredns", "agnhost")}, "bin/sh": Path(busybox)}
