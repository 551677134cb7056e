"""Which helm is used: $HELM, then the PATH, then the project's own copy. A bad one is told, never passed over."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from netmatrix.document import Finding
from netmatrix.document.program import Candidate, Output, ProgramError, find_program
from netmatrix.helm.rules import NO_HELM, TOO_OLD, HelmError
from netmatrix.helm.run import TIMEOUT, crashed, program_place, run

OLDEST = (3, 18, 5)
"""The first helm whose schema validator is the one of Helm 4 (santhosh-tekuri/jsonschema)."""

_BUILD = "{{ .Version }} {{ .GitCommit }} {{ .GoVersion }}"
_VERSION = re.compile(r"v?([0-9]+)\.([0-9]+)(?:\.([0-9]+))?(?![0-9])")
_VERSION_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Helm:
    """A helm that was asked for its version. `executable` is absolute.

    `build` is what it says of its version, commit and Go: where a wrapper is the executable, that of the helm behind.
    """

    executable: Path
    version: tuple[int, int, int]
    build: str

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: bytes = b"",
        timeout: float = TIMEOUT,
        environ: Mapping[str, str] | None = None,
    ) -> Output:
        """Run it to its end; a non-zero status is no error here. Raises HelmError where it cannot run or crashes."""
        return run(self.executable, arguments, stdin=stdin, timeout=timeout, environ=environ)


def find_helm(environ: Mapping[str, str] | None = None, tools: Path | None = None) -> Helm:
    """The helm to use. Raises HelmError where there is none, or where the first one found is too old or does not run.

    `environ` is the process's environment by default; `tools` the project's tool folder.
    """
    found = candidate(os.environ if environ is None else environ)
    if found is None and tools is not None and (tools / "helm").is_file():
        found = Candidate((tools / "helm").absolute(), "the project's own helm", chosen=False)
    if found is None:
        hint = "run `make setup`, which fetches a pinned helm into .tools, or install Helm 4, or set $HELM to one"
        message = "there is no helm: not in $HELM, on PATH or in .tools"
        raise HelmError([Finding(NO_HELM, message, program_place("helm"), hint=hint)])
    return ask(found)


def candidate(environ: Mapping[str, str]) -> Candidate | None:
    """The helm that the environment names, in $HELM or on PATH. Raises HelmError where $HELM leads nowhere."""
    try:
        return find_program("helm", environ)
    except ProgramError as error:
        hint = "set $HELM to a helm that exists, or unset it to use the one on PATH or that of `make setup`"
        raise HelmError([Finding(NO_HELM, error.what, program_place(environ["HELM"]), hint=hint)]) from None


def ask(found: Candidate) -> Helm:
    """`found` as a helm to use. Raises HelmError where it does not say its version, or is too old."""
    executable = found.executable
    output = run(executable, ["version", "--template", _BUILD], timeout=_VERSION_TIMEOUT)
    build = output.stdout.decode("utf-8", errors="replace").strip()
    match = _VERSION.match(build)
    if output.status != 0 or match is None:
        raise crashed(executable, f"({found.origin}) does not say its version", output.stderr)
    major, minor, patch = match.groups()
    version = (int(major), int(minor), int(patch or 0))
    # A helm built by hand says v3.22 without a patch: take it for that minor version's latest.
    if version < OLDEST and not (patch is None and version[:2] >= OLDEST[:2]):
        message = f"{found.origin} is {version_text(version)}, and {version_text(OLDEST)} is the oldest that will do"
        hint = "install Helm 4, or set $HELM to a newer one (`make setup` fetches one into .tools)"
        raise HelmError([Finding(TOO_OLD, message, program_place(executable), hint=hint)])
    return Helm(executable, version, build)


def version_text(version: tuple[int, int, int]) -> str:
    """`4.3.1`."""
    return ".".join(map(str, version))
