"""Fixtures: the verdicts of Python and of the real Helm on the same files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import pytest

from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.project import Project
from netmatrix.cli.validating import judge
from netmatrix.document import Finding
from netmatrix.helm import Helm, Output
from netmatrix.helm.arguments import SetArgument
from netmatrix.helm.inputs import values_flags
from netmatrix.matrix.model import Matrix
from tests.support.scenarios import ROOT

TODAY = date(2026, 6, 15)
SKIP = "--skip-schema-validation"

PythonVerdict = Callable[[Sequence[str], Sequence[SetArgument]], tuple[Finding, ...]]
HelmVerdict = Callable[..., Output]


@pytest.fixture
def python_verdict(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> PythonVerdict:
    """All findings of `netmatrix validate` on files and `--set` arguments, on a fixed day."""
    monkeypatch.chdir(ROOT)
    project = Project(matrix, ROOT)
    return lambda files, sets: judge(project, ValuesOptions(None, tuple(files), tuple(sets), TODAY)).findings


@pytest.fixture
def helm_verdict(helm: Helm, monkeypatch: pytest.MonkeyPatch) -> HelmVerdict:
    """One `helm template` of the project's chart."""
    monkeypatch.chdir(ROOT)

    def run(files: Sequence[str], sets: Sequence[SetArgument] = (), *extra: str) -> Output:
        arguments = ["template", "release", "chart", "--namespace", "apps", "--kube-version", "1.34.0"]
        return helm.run([*arguments, *values_flags(files, sets), *extra])

    return run
