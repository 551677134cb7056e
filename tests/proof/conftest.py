"""Fixtures: a matrix that is unrelated to the project's own, and small, so that much can be judged beside it."""

from __future__ import annotations

import shutil

import pytest

from netmatrix.emit.plan import plan
from netmatrix.helm import Helm
from netmatrix.matrix.load import load_matrix
from tests.proof.case import Case, prepare
from tests.support.generated import write
from tests.support.scenarios import ROOT


@pytest.fixture(scope="session")
def shop(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The web shop, with all of its flows."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copy(ROOT / "tests" / "webshop" / "matrix.yaml", folder)
    write(plan(load_matrix(str(folder / "matrix.yaml"))), folder)
    values = folder / "values"
    return prepare(folder, helm, [values / "values-live.yaml", values / "operational.yaml"], folder)
