"""Selectors that concern every row of a namespace: Python and Helm name the same rows, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import yaml

from tests.chart.expected import PODS
from tests.parity.conftest import SKIP, HelmVerdict, PythonVerdict
from tests.parity.verdicts import Fault, of_helm, of_python

APP, SCHEME = "stalker", "statefulset.kubernetes.io/pod-name"
ROWS = [pod for pod, (namespace, _) in PODS.items() if namespace == APP]


@pytest.mark.parametrize("extra", [(), (SKIP,)], ids=["schema", "no schema"])
@pytest.mark.parametrize(
    ("selectors", "rule", "rows"),
    [
        ({"ui": "role=web"}, "NM231", {*ROWS} - {"ui"}),
        (
            {"ui": "app.kubernetes.io/name=devspace-app"},
            "NM231",
            {row for row in ROWS if PODS[row][1]["app.kubernetes.io/name"] == "devspace-app"} - {"ui"},
        ),
        ({row: f"{SCHEME}={row}" for row in ROWS}, "NM232", ROWS),
    ],
    ids=[
        "a label that nobody else has keeps no pod apart",
        "a selector takes in every pod of DevSpace's",
        "labels of another scheme throughout may be on any row's pods",
    ],
)
def test_python_and_helm_name_the_same_rows(
    selectors: Mapping[str, str],
    rule: str,
    rows: Iterable[str],
    extra: tuple[str, ...],
    python_verdict: PythonVerdict,
    helm_verdict: HelmVerdict,
    tmp_path: Path,
) -> None:
    override = tmp_path / "override.yaml"
    override.write_text(yaml.safe_dump({"pods": {row: {"selector": [text]} for row, text in selectors.items()}}))
    files = ("values/values-prod.yaml", str(override))
    expected = {Fault(rule, f"pods.{row}.selector") for row in rows}
    assert of_python(python_verdict(files, ())) == expected
    assert of_helm(helm_verdict(files, (), *extra)) == expected
