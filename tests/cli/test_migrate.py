"""`netmatrix migrate`: shows what would change, changes it on request, and never leaves a file half-changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.support.scenarios import ROOT

SHOP = ("--matrix", ROOT / "tests/webshop/matrix.yaml")
OLD = "# ours\npods:\n  cart:\n    port: 50052  # since March\n"
NEW = "# ours\npods:\n  cart:\n    ports:\n      grpc: 50052  # since March\n"
DIFF = """\
--- old.yaml
+++ old.yaml (migrated)
@@ -1,4 +1,5 @@
 # ours
 pods:
   cart:
-    port: 50052  # since March
+    ports:
+      grpc: 50052  # since March
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    file = tmp_path / "old.yaml"
    file.write_text(OLD, encoding="utf-8")
    return file


def test_without_write_it_shows_the_change_and_makes_none(netmatrix: Run, old: Path) -> None:
    result = netmatrix("migrate", *SHOP, "old.yaml", cwd=old.parent)
    assert result.status == 1
    assert result.out.startswith(DIFF)
    assert "old.yaml:4:5: error NM291 pods.cart.port was removed in 2.1.0" in result.out
    assert result.err == "1 file would change; --write rewrites what can be moved\n"
    assert old.read_text(encoding="utf-8") == OLD


def test_with_write_it_changes_the_file_and_a_second_run_has_nothing_to_do(netmatrix: Run, old: Path) -> None:
    old.chmod(0o640)
    result = netmatrix("migrate", "--write", *SHOP, "old.yaml", cwd=old.parent)
    assert (result.status, result.out) == (0, "")
    assert result.err == "old.yaml: pods.cart.port -> pods.cart.ports.grpc\n"
    assert old.read_text(encoding="utf-8") == NEW
    assert old.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in old.parent.iterdir()] == ["old.yaml"]
    assert netmatrix("migrate", *SHOP, "old.yaml", cwd=old.parent).status == 0
    again = netmatrix("migrate", "--write", *SHOP, "old.yaml", cwd=old.parent)
    assert (again.status, again.err) == (0, "nothing to rewrite\n")


def test_a_link_stays_one(netmatrix: Run, old: Path) -> None:
    link = old.parent / "link.yaml"
    link.symlink_to("old.yaml")
    assert netmatrix("migrate", "--write", *SHOP, "link.yaml", cwd=old.parent).status == 0
    assert link.is_symlink()
    assert old.read_text(encoding="utf-8") == NEW


def test_what_is_left_to_a_person_is_told_and_the_rest_is_done(netmatrix: Run, old: Path) -> None:
    old.write_text(OLD + "debug: true\n", encoding="utf-8")
    result = netmatrix("migrate", "--write", *SHOP, "old.yaml", cwd=old.parent)
    assert result.status == 1
    assert result.out == (
        "old.yaml:5:1: error NM291 debug was removed in 2.3.1, and nothing took its place\n"
        "  take it out: The chart logs nothing\n"
    )
    assert old.read_text(encoding="utf-8") == NEW + "debug: true\n"


def test_one_file_that_cannot_be_read_keeps_all_as_they_are(netmatrix: Run, old: Path) -> None:
    (old.parent / "bad.yaml").write_text("a: [", encoding="utf-8")
    for other in ("bad.yaml", "none.yaml"):
        result = netmatrix("migrate", "--write", *SHOP, "old.yaml", other, cwd=old.parent)
        assert result.status == 2
        assert f"{other}:" in result.out + result.err
        assert old.read_text(encoding="utf-8") == OLD


def test_standard_input_is_not_rewritten(netmatrix: Run) -> None:
    result = netmatrix("migrate", *SHOP, "-", stdin=OLD.encode())
    assert result.status == 2
    assert "has a name" in result.err


def test_programs_read_the_findings_without_the_diff(netmatrix: Run, old: Path) -> None:
    result = netmatrix("migrate", *SHOP, "--format", "json", "old.yaml", cwd=old.parent)
    assert result.status == 1
    findings = json.loads(result.out)["findings"]
    assert [(finding["rule"], finding["line"]) for finding in findings] == [("NM291", 4)]


def test_the_projects_own_overrides_have_nothing_to_migrate(netmatrix: Run) -> None:
    files = [*(ROOT / "values").rglob("*.yaml")]
    assert netmatrix("migrate", *files).status == 0


def test_an_argument_is_no_file_to_migrate(netmatrix: Run) -> None:
    result = netmatrix("validate", *SHOP, "--set", "environment=live,pods.cart.port=50052")
    assert result.status == 1
    assert "pods.cart.port was removed in 2.1.0; its successor is pods.cart.ports.grpc\n" in result.out
    assert "  set the successor instead\n" in result.out
