"""The programs that users' pipelines run, pinned."""

from __future__ import annotations

from pathlib import Path

from tests.support.tools import go_module_folder, go_program, python_program

_HERE = Path(__file__).resolve().parent
_GO, _LOCK = _HERE / "go", _HERE / "python" / "requirements.lock"
_CHART_TESTING = "github.com/helm/chart-testing/v3"


def helm_unittest() -> Path:
    """helm-unittest, the program that Helm runs as `helm unittest`."""
    return go_program(_GO, "github.com/helm-unittest/helm-unittest/cmd/helm-unittest", "helm-unittest")


def chart_testing() -> Path:
    """chart-testing's `ct`."""
    return go_program(_GO, f"{_CHART_TESTING}/ct", "ct")


def chart_testing_defaults() -> Path:
    """The folder with the configuration that `ct lint` has where its users give none."""
    return go_module_folder(_GO, _CHART_TESTING) / "etc"


def python_tools() -> Path:
    """The folder with `pre-commit`, and with `yamllint` and `yamale`, which `ct lint` runs."""
    return python_program(_LOCK, "pipelines-python", "pre-commit").parent
