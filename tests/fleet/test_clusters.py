"""Which clusters a pattern selects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netmatrix.fleet.clusters import FleetError, find_clusters

FILES = (
    "fleet/a.yaml",
    "fleet/b.yml",
    "fleet/notes.txt",
    "fleet/.hidden.yaml",
    "fleet/.git/x.yaml",
    "fleet/prod/c.yaml",
    "fleet/prod/deep/d.yaml",
    "per-cluster/eu-1/values.yaml",
    "per-cluster/eu-1/extra.yaml",
    "per-cluster/eu-1/zz.yml",
    "per-cluster/eu-2/20.yaml",
    "per-cluster/eu-2/10.yaml",
)


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["fleet/*.yaml"], ["fleet/a.yaml"]),
        (["fleet/**/*.yaml"], ["fleet/a.yaml", "fleet/prod/c.yaml", "fleet/prod/deep/d.yaml"]),
        (["**/d.yaml"], ["fleet/prod/deep/d.yaml"]),
        (["fleet/[ab].y*ml"], ["fleet/a.yaml", "fleet/b.yml"]),
        (["fleet/a.yaml"], ["fleet/a.yaml"]),
        (["fleet/.*.yaml"], ["fleet/.hidden.yaml"]),
        (["fleet/*.yaml", "fleet/?.yaml", "./fleet/prod/*"], ["fleet/a.yaml", "fleet/prod/c.yaml"]),
        (["per-cluster/*/"], ["per-cluster/eu-1", "per-cluster/eu-2"]),
    ],
)
def test_a_pattern_selects(patterns: list[str], names: list[str]) -> None:
    assert [cluster.name for cluster in find_clusters(patterns)] == names


def test_an_absolute_pattern_gives_absolute_names(tree: Path) -> None:
    assert [cluster.name for cluster in find_clusters([f"{tree}/fleet/*.yaml"])] == [f"{tree}/fleet/a.yaml"]


def test_the_files_of_a_folder_are_one_cluster_values_yaml_below_the_others() -> None:
    first, second = find_clusters(["per-cluster/*/"])
    assert first.files == tuple(f"per-cluster/eu-1/{name}" for name in ("values.yaml", "extra.yaml", "zz.yml"))
    assert second.files == ("per-cluster/eu-2/10.yaml", "per-cluster/eu-2/20.yaml")


@pytest.mark.parametrize("pattern", ["fleet/*.json", "nowhere/**/*.yaml", "fleet/a.yaml/", "per-cluster/*"])
def test_a_pattern_that_selects_nothing_is_an_error(pattern: str) -> None:
    with pytest.raises(FleetError) as caught:
        find_clusters(["fleet/*.yaml", pattern])
    assert caught.value.findings[0].place.file == pattern
    assert "matches this pattern" in caught.value.findings[0].message


def test_a_folder_without_a_file_is_an_error_and_no_cluster_less(tree: Path) -> None:
    (tree / "per-cluster" / "eu-3").mkdir()
    with pytest.raises(FleetError, match="holds no YAML file"):
        find_clusters(["per-cluster/*/"])


def test_a_link_that_leads_nowhere_is_a_cluster_and_will_be_told(tree: Path) -> None:
    (tree / "fleet" / "gone.yaml").symlink_to("nowhere.yaml")
    assert "fleet/gone.yaml" in [cluster.name for cluster in find_clusters(["fleet/*.yaml"])]


@pytest.mark.parametrize("pattern", ["fleet/**/*.yaml", "fleet/*/*.yaml", "fleet/linked/*.yaml"])
def test_a_folder_that_is_a_link_is_followed(pattern: str, tree: Path) -> None:
    (tree / "fleet" / "linked").symlink_to(tree / "per-cluster" / "eu-2")
    names = [cluster.name for cluster in find_clusters([pattern])]
    assert [name for name in names if "linked" in name] == ["fleet/linked/10.yaml", "fleet/linked/20.yaml"]


def test_a_link_that_leads_back_ends(tree: Path) -> None:
    (tree / "fleet" / "prod" / "again").symlink_to(tree / "fleet")
    assert len(find_clusters(["fleet/**/*.yaml"])) == 3


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs users")
@pytest.mark.parametrize(
    ("mode", "pattern", "place", "message"),
    [
        (0o000, "fleet/**/*.yaml", "fleet/prod", "cannot be listed"),
        (0o000, "fleet/*/*.yaml", "fleet/prod", "cannot be listed"),
        (0o000, "fleet/*/c.yaml", "fleet/prod/c.yaml", "cannot be told"),
        (0o444, "fleet/*/c.yaml", "fleet/prod/c.yaml", "cannot be told"),
        (0o444, "fleet/**/*.yaml", "fleet/prod/c.yaml", "cannot be told"),
        (0o444, "fleet/*/deep/", "fleet/prod/deep", "cannot be told"),
    ],
)
def test_a_folder_that_may_not_be_listed_or_searched_is_an_error(
    mode: int, pattern: str, place: str, message: str, tree: Path
) -> None:
    """`glob` would leave its clusters out without a word."""
    with forbidden(tree / "fleet" / "prod", mode), pytest.raises(FleetError, match=message) as caught:
        find_clusters(["fleet/*.yml", pattern])
    assert caught.value.findings[0].place.file == place


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs users")
@pytest.mark.parametrize("pattern", ["fleet/*.yaml", "fleet/*/"])
def test_a_link_into_a_folder_that_may_not_be_searched_is_an_error(pattern: str, tree: Path) -> None:
    (tree / "fleet" / "link.yaml").symlink_to("prod/c.yaml")
    with forbidden(tree / "fleet" / "prod", 0o444), pytest.raises(FleetError, match="cannot be told") as caught:
        find_clusters([pattern])
    assert caught.value.findings[0].place.file == "fleet/link.yaml"


@contextmanager
def forbidden(folder: Path, mode: int) -> Iterator[None]:
    """As a user who is not root, who may list and search every folder."""
    for above in folder.parents:
        if above.owner() == Path.home().owner() and above not in (Path("/"), Path("/tmp")):
            above.chmod(0o755)
    folder.chmod(mode)
    as_root = os.geteuid() == 0
    if as_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if as_root:
            os.seteuid(0)
        folder.chmod(0o755)
