"""The chart as a package: the same bytes from the same sources, wherever and whenever it is made."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from netmatrix.document.write import write_whole
from netmatrix.helm import Helm
from releasing.artifact_hub import release_annotations
from releasing.changelog import Section
from releasing.errors import ReleaseError
from releasing.signing import Key

PROVENANCE = ".prov"


def package_chart(
    helm: Helm,
    chart: Path,
    section: Section,
    output: Path,
    *,
    epoch: int,
    key: Key | None = None,
    key_url: str = "",
) -> Path:
    """Package the chart in `chart` as the release that `section` of the changelog describes, into the folder `output`.

    Helm gives each file in the package the time that it has on disk, and fixed owners and modes; so the chart is copied
    first, with all its times at `epoch` (seconds). With a `key` the package is signed, and its provenance lies beside
    it; `key_url` says where users find the key. Raises ReleaseError; `output` has the whole package then or nothing.
    """
    with tempfile.TemporaryDirectory(prefix="netmatrix-package-") as folder:
        copy, made = Path(folder) / "chart", Path(folder) / "made"
        shutil.copytree(chart, copy)
        _annotate(copy / "Chart.yaml", section, key, key_url)
        for path in (copy, *copy.rglob("*")):
            os.utime(path, (epoch, epoch))
        signing = [] if key is None else ["--sign", "--key", key.name, "--keyring", str(key.secret_ring)]
        done = helm.run(["package", str(copy), "--destination", str(made), *signing])
        if done.status != 0:
            raise ReleaseError(f"helm package failed: {done.stderr.strip()}", "mend what it says; nothing was written")
        (package,) = made.glob("*.tgz")
        put_whole(made, output)
        return output / package.name


def put_whole(made: Path, output: Path) -> None:
    """Put the files of `made` into `output`, each whole, and a package after its provenance: where it is, all is."""
    for file in sorted(made.iterdir(), key=lambda file: file.suffix != PROVENANCE):
        write_whole(output / file.name, file.read_bytes())


def sha256(file: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _annotate(file: Path, section: Section, key: Key | None, key_url: str) -> None:
    """Add to a Chart.yaml what is true of this release alone. Helm writes the file anew, and keeps no comments."""
    metadata: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    if metadata["version"] != section.version:
        message = f"the chart is {metadata['version']}, and the changelog speaks of {section.version}"
        raise ReleaseError(message, "make the versions one: `python -m releasing check` says where they stand")
    sign_key: Mapping[str, str] | None = None
    if key is not None and key_url:
        sign_key = {"fingerprint": key.fingerprint, "url": key_url}
    annotations = {**(metadata.get("annotations") or {}), **release_annotations(section, sign_key)}
    text = yaml.safe_dump({**metadata, "annotations": annotations}, sort_keys=False, allow_unicode=True, width=1000)
    file.write_text(text, encoding="utf-8", newline="\n")
