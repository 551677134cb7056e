"""matrix.yaml, read: form first, then the cross-checks, then the typed values. All findings of a stage in one run."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from netmatrix.document import Finding
from netmatrix.document.reader import Document, DocumentError, read_mapping
from netmatrix.document.schema import schema_findings
from netmatrix.matrix import rules
from netmatrix.matrix.build import build_matrix
from netmatrix.matrix.checks import cross_check
from netmatrix.matrix.model import Matrix


@cache
def matrix_schema_text() -> str:
    """The JSON Schema of matrix.yaml as it is shipped, draft-07."""
    return (resources.files("netmatrix.matrix") / "matrix.schema.json").read_text(encoding="utf-8")


def load_matrix(file: str) -> Matrix:
    """Read and check the matrix in `file` (a path as the user wrote it).

    Raises MatrixError with every finding of the first stage that has one: reading, form, cross-checks.
    """
    try:
        document = read_mapping(file)
    except DocumentError as error:
        raise rules.MatrixError(error.findings) from error
    return parse_matrix(document)


def parse_matrix(document: Document) -> Matrix:
    """Turn a document into a matrix. Raises MatrixError as `load_matrix` does."""
    findings = _form(document) or cross_check(document)
    if findings:
        raise rules.MatrixError(findings)
    return build_matrix(document)


def _form(document: Document) -> list[Finding]:
    schema: dict[str, Any] = json.loads(matrix_schema_text())
    return schema_findings(
        schema,
        document.data,
        place=document.place,
        key_place=document.key_place,
        invalid=rules.SCHEMA,
        unknown=rules.UNKNOWN_KEY,
        missing=rules.MISSING_KEY,
    )
