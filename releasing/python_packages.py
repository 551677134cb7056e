"""The wheel and the sdist: the same bytes from the same sources, wherever and whenever they are made."""

from __future__ import annotations

import fnmatch
import gzip
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from releasing.chart import put_whole
from releasing.errors import ReleaseError
from releasing.tools import Tools

_NOT_SOURCES = (
    *(".git", ".venv", ".tools", "build", "dist", "__pycache__", "*.egg-info", "*.py[cod]", "PKG-INFO", "setup.cfg"),
    *(".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".netmatrix-*"),
)
"""What git ignores, and what an sdist has besides the project."""


def build_python(tools: Tools, root: Path, output: Path, *, epoch: int) -> tuple[Path, Path]:
    """Build the wheel and the sdist of the project in `root` into the folder `output`; gives their paths.

    They are built from a copy of the project's files alone, with their modes and times (`epoch`) set; setuptools then
    makes a wheel that is the same each time, and an sdist whose archive is written anew with all else that differs
    taken out. Raises ReleaseError; `output` is as it was then.
    """
    with tempfile.TemporaryDirectory(prefix="netmatrix-build-") as folder:
        copy, made = Path(folder) / "project", Path(folder) / "made"
        _copy(root, copy, epoch)
        settings = {"SOURCE_DATE_EPOCH": str(max(epoch, _FIRST_OF_ZIP))}
        command = ("-m", "build", "--no-isolation", "--sdist", "--wheel", "--outdir", str(made), str(copy))
        tools.run(*command, cwd=Path(folder), settings=settings)
        (wheel,), (sdist,) = made.glob("*.whl"), made.glob("*.tar.gz")
        sdist.write_bytes(normalised(sdist.read_bytes(), epoch))
        put_whole(made, output)
        return output / wheel.name, output / sdist.name


def sources(root: Path) -> list[Path]:
    """The project's files, relative to `root`: those that git knows, or all but what is made where there is no git."""
    if (root / ".git").exists():
        command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode != 0:
            raise ReleaseError(f"git ls-files failed: {done.stderr.decode().strip()}", "mend what it says")
        named = [Path(name) for name in done.stdout.decode().split("\0") if name]
        return sorted(file for file in named if (root / file).is_file())
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(file for file in found if not _is_made(file))


def normalised(archive: bytes, epoch: int) -> bytes:
    """A .tar.gz with the same files, in order, from `epoch`, with no owner, and with modes that no umask decides."""
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as old,
        gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=epoch) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            clean = tarfile.TarInfo(member.name)
            clean.type, clean.size, clean.mtime = member.type, member.size, epoch
            clean.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            new.addfile(clean, old.extractfile(member) if member.isfile() else None)
    return packed.getvalue()


_FIRST_OF_ZIP = 315532800
"""1980: no file in a zip archive, which a wheel is, can be older."""


def _copy(root: Path, copy: Path, epoch: int) -> None:
    for file in sources(root):
        target = copy / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, target)
        target.chmod(0o755 if os.access(root / file, os.X_OK) else 0o644)
        os.utime(target, (epoch, epoch))


def _is_made(file: Path) -> bool:
    return any(fnmatch.fnmatchcase(part, pattern) for part in file.parts for pattern in _NOT_SOURCES)
