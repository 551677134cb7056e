"""Random overrides through Python and through Helm: the same verdict, for the same faults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.parity.conftest import SKIP, HelmVerdict, PythonVerdict
from tests.parity.overrides import override
from tests.parity.verdicts import SCHEMA_RULES, of_helm, of_python, reconciled
from tests.support.scenarios import ENVIRONMENTS, ROOT

PYTHON_ONLY = ("NM212", "NM274")
"""Helm knows no layers and no clock (corpus/README.md)."""

SCHEMA: dict[str, Any] = json.loads((ROOT / "schema" / "values.schema.json").read_text(encoding="utf-8"))
CASES = given(seed=st.integers(0, 2**64), environment=st.sampled_from(ENVIRONMENTS), skip=st.booleans())
FIXTURES_STAY = [HealthCheck.function_scoped_fixture]
HOW = settings(deadline=None, derandomize=True, database=None, suppress_health_check=FIXTURES_STAY)


class Judges:
    """Python's and Helm's verdict on one override."""

    def __init__(self, python: PythonVerdict, helm: HelmVerdict, file: Path) -> None:
        self.python, self.helm, self.file = python, helm, file

    def compare(self, environment: str, data: dict[str, Any], *, skip: bool) -> None:
        """Fails where the two differ, for the values `data` on top of an environment's."""
        self.file.write_text(json.dumps(data), encoding="utf-8")
        files = [f"values/values-{environment}.yaml", str(self.file)]
        faults = frozenset(fault for fault in of_python(self.python(files, ())) if fault.rule not in PYTHON_ONLY)
        output = self.helm(files, (), *([SKIP] if skip else []))
        event("refused" if faults else "passes")
        assert (output.status == 0) == (not faults), (data, faults, output.stderr)
        of_form = frozenset(fault for fault in faults if fault.rule in SCHEMA_RULES)
        assert reconciled(of_helm(output), faults) == (of_form or faults), (data, output.stderr)


@pytest.fixture
def judges(python_verdict: PythonVerdict, helm_verdict: HelmVerdict, tmp_path: Path) -> Judges:
    return Judges(python_verdict, helm_verdict, tmp_path / "override.yaml")


@settings(HOW, max_examples=25)
@CASES
def test_python_and_helm_agree(judges: Judges, seed: int, environment: str, skip: bool) -> None:
    judges.compare(environment, override(SCHEMA, seed), skip=skip)


@pytest.mark.long
@settings(HOW, max_examples=1500)
@CASES
def test_python_and_helm_agree_on_very_many(judges: Judges, seed: int, environment: str, skip: bool) -> None:
    judges.compare(environment, override(SCHEMA, seed), skip=skip)
