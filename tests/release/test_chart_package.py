"""The chart's package: the same bytes everywhere, what users need and no more, signed so that a change is noticed."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from netmatrix.helm import Helm, find_helm
from releasing.__main__ import epoch_of, newest_section, release_helm
from releasing.chart import package_chart, sha256
from releasing.errors import ReleaseError
from releasing.registry import verify
from releasing.signing import Key, key_of
from tests.support.scenarios import ROOT

CHART = ROOT / "chart"


def packaged(helm: Helm, output: Path, chart: Path = CHART, key: Key | None = None) -> Path:
    section = newest_section()
    return package_chart(helm, chart, section, output, epoch=section.epoch(), key=key)


@contextmanager
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another umask, time zone and language."""
    before = os.umask(0o077)
    with monkeypatch.context() as patched:
        for name, value in {"TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "tr_TR.UTF-8"}.items():
            patched.setenv(name, value)
        try:
            yield
        finally:
            os.umask(before)


def test_two_packages_are_the_same_bytes(helm: Helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = packaged(helm, tmp_path / "one")
    with elsewhere(monkeypatch):
        copy = tmp_path / "a folder elsewhere" / "c"
        shutil.copytree(CHART, copy, copy_function=shutil.copyfile)  # made in another order, at another time
        second = packaged(helm, tmp_path / "two", copy)
    assert first.name == second.name == f"red-kite-network-{newest_section().version}.tgz"
    assert sha256(first) == sha256(second)
    (copy / "values.yaml").write_text("environment: prod\n")
    assert sha256(packaged(helm, tmp_path / "three", copy)) != sha256(first)


def test_it_holds_what_users_need_and_no_tests(helm: Helm, tmp_path: Path) -> None:
    with tarfile.open(packaged(helm, tmp_path)) as archive:
        names = {Path(member.name).relative_to("red-kite-network") for member in archive.getmembers()}
        times = {member.mtime for member in archive.getmembers()}
    assert {str(name) for name in names if len(name.parts) == 1} == {
        ".helmignore",
        "Chart.yaml",
        "README.md",
        "operational.yaml",
        "values-dev.yaml",
        "values-prod.yaml",
        "values.schema.json",
        "values.yaml",
    }
    assert {name.parts[0] for name in names if len(name.parts) > 1} == {"templates"}
    assert {name.name for name in names if name.parts[0] == "templates"} == {
        file.name for file in (CHART / "templates").iterdir()
    }
    assert times == {newest_section().epoch()}


def test_its_changes_are_those_of_the_changelog(helm: Helm, tmp_path: Path) -> None:
    shown = helm.run(["show", "chart", str(packaged(helm, tmp_path))])
    annotations = yaml.safe_load(shown.stdout)["annotations"]
    changes = yaml.safe_load(annotations["artifacthub.io/changes"])
    assert [change["description"] for change in changes] == [change.text for change in newest_section().changes]
    assert annotations["artifacthub.io/license"] == "Apache-2.0"


def test_it_renders_what_the_chart_renders(helm: Helm, tmp_path: Path) -> None:
    def rendered(chart: Path) -> bytes:
        values = str(ROOT / "values/values-prod.yaml")
        return helm.run(["template", "red-kite", str(chart), "--namespace", "stalker", "--values", values]).stdout

    assert rendered(packaged(helm, tmp_path)) == rendered(CHART) != b""


def test_a_changelog_of_another_version_is_refused_and_nothing_is_written(helm: Helm, tmp_path: Path) -> None:
    section = replace(newest_section(), version="9.9.9")
    with pytest.raises(ReleaseError, match=r"the chart is .* and the changelog speaks of 9\.9\.9"):
        package_chart(helm, CHART, section, tmp_path / "out", epoch=0)
    assert not (tmp_path / "out").exists()


def test_a_chart_that_helm_refuses_leaves_nothing(helm: Helm, tmp_path: Path) -> None:
    shutil.copytree(CHART, tmp_path / "chart")
    (tmp_path / "chart" / "values.yaml").write_text("a: [")
    with pytest.raises(ReleaseError, match="helm package failed"):
        packaged(helm, tmp_path / "out", tmp_path / "chart")
    assert not (tmp_path / "out").exists()


def test_a_signed_package_is_verified_and_has_the_same_bytes(helm: Helm, key: Key, tmp_path: Path) -> None:
    package = packaged(helm, tmp_path / "signed", key=key)
    assert sha256(package) == sha256(packaged(helm, tmp_path / "unsigned"))
    verify(helm, package, key.public_ring)
    assert sorted(file.name for file in package.parent.iterdir()) == [package.name, f"{package.name}.prov"]


def test_a_changed_package_or_a_foreign_key_is_refused(helm: Helm, key: Key, tmp_path: Path) -> None:
    package = packaged(helm, tmp_path, key=key)
    (tmp_path / "empty.gpg").write_bytes(b"")
    with pytest.raises(ReleaseError, match="is not what was signed"):
        verify(helm, package, tmp_path / "empty.gpg")
    package.write_bytes(package.read_bytes() + b"\0")
    with pytest.raises(ReleaseError, match="is not what was signed"):
        verify(helm, package, key.public_ring)
    installed = helm.run(["template", "x", str(package), "--verify", "--keyring", str(key.public_ring)])
    assert installed.status != 0


def test_the_time_of_all_files_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert epoch_of(newest_section()) == newest_section().epoch()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert epoch_of(newest_section()) == 1700000000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(ReleaseError, match="SOURCE_DATE_EPOCH"):
        epoch_of(newest_section())


def test_a_key_is_read_from_the_ring_that_gpg_exports(key: Key, tmp_path: Path) -> None:
    found = key_of(key.secret_ring)
    assert (found.name, found.fingerprint) == (key.name, key.fingerprint)
    (tmp_path / "none.gpg").write_bytes(b"")
    for ring in (key.public_ring, tmp_path / "none.gpg"):
        with pytest.raises(ReleaseError):
            key_of(ring)


def test_artifact_hub_is_told_of_the_key_that_signs(helm: Helm, key: Key, tmp_path: Path) -> None:
    section, url = newest_section(), "https://example.com/key.asc"
    package = package_chart(helm, CHART, section, tmp_path, epoch=section.epoch(), key=key, key_url=url)
    annotations = yaml.safe_load(helm.run(["show", "chart", str(package)]).stdout)["annotations"]
    assert yaml.safe_load(annotations["artifacthub.io/signKey"]) == {"fingerprint": key.fingerprint, "url": url}


def test_another_helm_does_not_package(helm: Helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "helm"
    other.write_text("#!/bin/sh\necho v3.22.0 0000000 go1.26\n", encoding="utf-8")
    other.chmod(0o755)
    monkeypatch.setenv("HELM", str(other))
    assert find_helm().version == (3, 22, 0)
    assert release_helm().version == (4, 3, 1)
