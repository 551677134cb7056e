"""The audit's image, as examples/audit/Containerfile describes it, of what this machine has.

The base is this machine's Python with the libraries that it loads; the packages are those of requirements.lock, the
programs those of `.tools`; what the Containerfile copies is copied as it says.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path

from tests.e2e.archive import write_archive
from tests.e2e.paths import ROOT, TOOLS
from tests.e2e.session import Cluster

IMAGE = "localhost/netmatrix-audit:e2e"

_CONTAINERFILE = ROOT / "examples" / "audit" / "Containerfile"
_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
_HOME, _PACKAGES, _WORK = "python", "packages", "netmatrix"
_LEFT_OUT = ("test", "site-packages", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "config-")


def load(cluster: Cluster) -> None:
    """Make the image, and have containerd import it."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as files:
        for target, source in sorted({**dict(_base()), **dict(_packages()), **dict(_project())}.items()):
            files.add(source.resolve(), target, recursive=False, filter=_readable)
    config = {
        "Entrypoint": [f"/{_HOME}/bin/{_PYTHON}", "-m", "netmatrix"],
        "WorkingDir": f"/{_WORK}",
        "User": _said("USER"),
        "Env": [f"{name}={value}" for name, value in _variables().items()],
    }
    archive = cluster.folder.scratch / "audit-image.tar"
    write_archive(archive, [IMAGE], layer.getvalue(), config)
    cluster.run("ctr", "--namespace", "k8s.io", "images", "import", str(archive))
    archive.unlink()


def _variables() -> dict[str, str]:
    """Those of the Containerfile, and where this Python finds itself and its packages."""
    named = dict(pair.split("=", 1) for pair in _said("ENV").split())
    named["PYTHONPATH"] += f":/{_PACKAGES}"
    return {**named, "PYTHONHOME": f"/{_HOME}", "LD_LIBRARY_PATH": f"/{_HOME}/lib"}


def _base() -> Iterator[tuple[str, Path]]:
    """Python, its library, and every shared library that one of its modules loads, by their paths in the image."""
    library = Path(sysconfig.get_paths()["stdlib"])
    yield f"{_HOME}/bin/{_PYTHON}", Path(sys.executable)
    for file in _files(library):
        inner = file.relative_to(library)
        if not inner.parts[0].startswith(_LEFT_OUT):
            yield f"{_HOME}/lib/{_PYTHON}/{inner}", file
    modules = [Path(sys.executable), *library.glob("lib-dynload/*.so"), *(file for _, file in _packages())]
    for loaded in _loaded(file for file in modules if file.suffix == ".so" or file == modules[0]):
        yield (f"{_HOME}/lib/{loaded.name}" if loaded.name.startswith("libpython") else str(loaded)[1:]), loaded


def _loaded(files: Iterable[Path]) -> set[Path]:
    done = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True, check=True)
    return {Path(found) for found in re.findall(r"(?:=> )?(/\S+) \(0x", done.stdout)}


def _packages() -> Iterator[tuple[str, Path]]:
    """What requirements.lock names, as it is installed here."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for name in re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE):
        for entry in distribution(name).files or ():
            file = Path(str(entry.locate()))
            if ".." not in entry.parts and file.is_file():
                yield f"{_PACKAGES}/{entry}", file


def _project() -> Iterator[tuple[str, Path]]:
    """What the Containerfile copies and fetches."""
    for line in re.findall(r"^COPY (.+)$", _CONTAINERFILE.read_text(encoding="utf-8"), re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            for file in _files(ROOT / source):
                inner = source if target == "./" else target
                yield f"{_WORK}/{inner}/{file.relative_to(ROOT / source)}".removesuffix("/."), file
    for program in ("helm", "kubectl"):
        yield f"{_WORK}/.tools/{program}", TOOLS / program


def _files(root: Path) -> list[Path]:
    return [root] if root.is_file() else [file for file in root.rglob("*") if file.is_file()]


def _said(word: str) -> str:
    (found,) = re.findall(rf"^{word} (.+)$", _CONTAINERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    return str(found)


def _readable(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Somebody else's to run: `chmod go=rX`."""
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o755 if info.mode & 0o100 else 0o644
    return info
