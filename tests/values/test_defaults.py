"""The defaults that these tests are written against are those that the toolchain generates."""

from __future__ import annotations

from netmatrix.document.reader import Document
from netmatrix.emit.values_files import chart_defaults
from netmatrix.matrix.model import Matrix


def test_the_tests_own_defaults_are_the_generated_ones(shop: Matrix, defaults: Document) -> None:
    assert defaults.data == chart_defaults(shop)
