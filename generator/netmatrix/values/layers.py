"""Reading the `-f` files: all of them, so that one run tells every file's faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from netmatrix.document import Finding
from netmatrix.document.reader import Document, DocumentError, read_mapping


@dataclass(frozen=True, slots=True)
class Layers:
    """The files that could be read, in the order given, and the findings of those that could not."""

    documents: tuple[Document, ...]
    findings: tuple[Finding, ...]


def read_layers(files: Sequence[str], *, stdin: BinaryIO | None = None) -> Layers:
    """Read `files` ("-" is `stdin`). A bad file raises nothing: its findings stand beside the good files' documents."""
    documents: list[Document] = []
    findings: list[Finding] = []
    for file in files:
        try:
            documents.append(read_mapping(file, stdin=stdin))
        except DocumentError as error:
            findings.extend(error.findings)
    return Layers(tuple(documents), tuple(sorted(findings, key=Finding.order)))
