"""The proof as several commands need it: values that hold, manifests of the real helm or of files, a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.project import Project
from netmatrix.cli.validating import Judged
from netmatrix.document.digest import data_digest, digest
from netmatrix.policy import parse_manifests
from netmatrix.policy.collection import without_collection
from netmatrix.proof.grants import Discovered, Granted, granted
from netmatrix.proof.verify import Verdict, verify
from netmatrix.values.context import Context


def granted_by(
    project: Project, options: ValuesOptions, judged: Judged, discovered: Iterable[Discovered] = ()
) -> Granted:
    """What the matrix grants under values in which `judge` found no error."""
    return granted(context_of(project, options, judged), discovered)


def context_of(project: Project, options: ValuesOptions, judged: Judged) -> Context:
    """The merged values that `judge` looked at, under the matrix."""
    assert judged.validated is not None, "values that could not be read grant nothing"
    return Context.of(project.matrix, judged.validated.values, options.today)


def verify_rendered(project: Project, options: ValuesOptions, judged: Judged, manifests: bytes, file: str) -> Verdict:
    """The verdict on what helm rendered; `file` is the name that its lines go by."""
    with without_collection():
        return verify(granted_by(project, options, judged), parse_manifests(manifests, file), file)


def digests(project: Project, options: ValuesOptions, judged: Judged, manifests: Iterable[bytes]) -> dict[str, Any]:
    """SHA-256 of all that a verdict rests on; the merged values as JSON with sorted keys and without spaces."""
    assert judged.validated is not None
    files = {name: judged.stdin if name == "-" else Path(name).read_bytes() for name in options.files}
    return {
        "matrix": {project.matrix.file: digest(Path(project.matrix.file).read_bytes())},
        "values": {name: digest(content or b"") for name, content in files.items()},
        "set": [f"{argument.flag} {argument.text}" for argument in options.sets],
        "mergedValues": data_digest(judged.validated.values.data),
        "manifests": [digest(content) for content in manifests],
    }
