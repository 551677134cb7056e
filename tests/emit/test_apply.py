"""Writing a plan: all of it or nothing, only what differs, and never over somebody's own work."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

import pytest

from netmatrix.emit.apply import apply, changes
from netmatrix.emit.plan import MARKER, Plan
from netmatrix.emit.rules import GenerateError

README = "# By hand\n\n<!-- netmatrix:tables begin -->\n\nold\n<!-- netmatrix:tables end -->\n\nend\n"


def marked(subject: str, text: str = "") -> str:
    return f"# {MARKER} from m.yaml ({subject}). Do not edit.\n{text}"


def planned(files: Mapping[str, str]) -> Plan:
    return Plan({PurePosixPath(path): text for path, text in files.items()}, {"tables": "| new |\n"})


BEFORE = planned(
    {
        "chart/Chart.yaml": marked("chart", "a: 1\n"),
        "chart/templates/old.yaml": marked("pods.old"),
        "chart/templates/ui.yaml": marked("pods.ui", "a: 1\n"),
        "values/values-prod.yaml": marked("flows in prod"),
    }
)
AFTER = planned(
    {
        "chart/Chart.yaml": marked("chart", "a: 2\n"),
        "chart/ci/new-values.yaml": marked("a scenario"),
        "chart/templates/ui.yaml": marked("pods.ui", "a: 2\n"),
        "docs/tables.md": marked("flows"),
        "values/values-prod.yaml": marked("flows in prod"),
    }
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds what BEFORE gives, and a README."""
    output = tmp_path / "project"
    output.mkdir()
    (output / "README.md").write_text(README, encoding="utf-8")
    write(BEFORE, output)
    return output


def write(plan: Plan, output: Path) -> list[str]:
    changed = changes(plan, output)
    apply(changed, output)
    return [str(change.path) for change in changed]


def snapshot(folder: Path) -> dict[str, Any]:
    """Everything below `folder`: bytes, mode and time of every file, links as links."""
    return {
        str(path.relative_to(folder)): (path.is_symlink(), path.is_file() and path.read_bytes(), path.lstat().st_mode)
        for path in folder.rglob("*")
    }


def refusal(plan: Plan, output: Path) -> tuple[str, str, str]:
    """Rule id, message and place of the first finding, of a run that changes nothing."""
    before = snapshot(output)
    with pytest.raises(GenerateError) as caught:
        write(plan, output)
    assert snapshot(output) == before
    for finding in caught.value.findings:
        assert finding.hint
    first = caught.value.findings[0]
    return first.rule.id, first.message, first.place.file


def test_only_what_differs_is_touched(folder: Path) -> None:
    same = folder / "values/values-prod.yaml"
    stamp = same.stat()
    assert write(AFTER, folder) == [
        "chart/Chart.yaml",
        "chart/ci/new-values.yaml",
        "chart/templates/old.yaml",
        "chart/templates/ui.yaml",
        "docs/tables.md",
    ]
    assert (same.stat().st_mtime_ns, same.stat().st_ino) == (stamp.st_mtime_ns, stamp.st_ino)
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {
        *(path.name for path in AFTER.files),
        "README.md",
    }
    assert all((folder / path).read_text(encoding="utf-8") == text for path, text in AFTER.files.items())
    assert write(AFTER, folder) == []


def test_a_folder_that_a_removed_row_leaves_empty_goes_too(folder: Path) -> None:
    write(AFTER, folder)
    write(BEFORE, folder)
    assert not (folder / "chart/ci").exists()


def test_a_file_without_the_marker_is_not_overwritten(folder: Path) -> None:
    (folder / "chart/templates/ui.yaml").write_text("by: hand\n", encoding="utf-8")
    rule, message, place = refusal(AFTER, folder)
    assert rule == "NM302"
    assert "chart/templates/ui.yaml was not written by the generator" in message
    assert place == str(folder / "chart/templates/ui.yaml")


def test_all_files_in_the_way_are_told_at_once(folder: Path) -> None:
    for name in ("Chart.yaml", "templates/ui.yaml", "templates/own.yaml"):
        (folder / "chart" / name).write_text("by: hand\n", encoding="utf-8")
    with pytest.raises(GenerateError) as caught:
        changes(AFTER, folder)
    assert len(caught.value.findings) == 3


@pytest.mark.parametrize("kind", ["file", "hidden", "empty", "binary", "folder link", "dangling link", "pipe"])
def test_nothing_of_somebody_s_own_stands_in_the_chart(kind: str, folder: Path) -> None:
    own = folder / "chart/templates" / (".own" if kind == "hidden" else "own.yaml")
    if kind == "pipe":
        os.mkfifo(own)
    elif kind.endswith("link"):
        own.symlink_to(folder / ("values" if kind == "folder link" else "nowhere"))
    else:
        own.write_bytes({"empty": b"", "binary": b"\xff\x00"}.get(kind, b"by: hand\n"))
    rule, message, _ = refusal(AFTER, folder)
    assert rule == "NM302"
    assert "was not written by the generator, and a chart is generated whole" in message


def test_editors_copies_in_the_chart_are_passed_over(folder: Path) -> None:
    for name in ("ui.yaml~", ".ui.yaml.swp"):
        (folder / "chart/templates" / name).write_text("x", encoding="utf-8")
    write(AFTER, folder)
    assert (folder / "chart/templates/ui.yaml~").is_file()


def test_files_by_hand_beside_the_generated_values_stay(folder: Path) -> None:
    (folder / "values/clusters").mkdir()
    own = [folder / "values/mine.yaml", folder / "values/clusters/k3s.yaml"]
    for file in own:
        file.write_text("by: hand\n", encoding="utf-8")
    write(AFTER, folder)
    assert all(file.is_file() for file in own)


def test_a_copy_of_a_generated_values_file_stays_and_a_leftover_goes(folder: Path) -> None:
    copy, leftover = folder / "values/values-mine.yaml", folder / "values/values-staging.yaml"
    copy.write_text(marked("flows in prod", "mine: true\n"), encoding="utf-8")
    leftover.write_text(marked("flows in staging"), encoding="utf-8")
    assert "values/values-staging.yaml" in write(AFTER, folder)
    assert copy.is_file()


def test_the_readme_s_region_is_written_and_the_rest_kept_to_the_byte(folder: Path) -> None:
    before, after = b"# caf\xe9 \r\n", b"\r\n\x00 end, no newline"
    begin, end = b"<!-- netmatrix:tables begin -->", b"<!-- netmatrix:tables end -->"
    (folder / "README.md").write_bytes(before + begin + b" old " + end + after)
    assert "README.md" in write(BEFORE, folder)
    assert (folder / "README.md").read_bytes() == before + begin + b"\n\n| new |\n\n" + end + after


def test_a_readme_without_a_region_or_none_at_all_is_left_alone(folder: Path) -> None:
    (folder / "README.md").write_text("# By hand\n", encoding="utf-8")
    assert "README.md" not in write(AFTER, folder)
    (folder / "README.md").unlink()
    write(BEFORE, folder)
    assert not (folder / "README.md").exists()


@pytest.mark.parametrize(
    "text",
    [
        "<!-- netmatrix:tables begin -->\n",
        "<!-- netmatrix:tables end -->\n",
        "<!-- netmatrix:tables end -->\n<!-- netmatrix:tables begin -->\n",
        README + README,
    ],
)
def test_a_broken_region_is_told(text: str, folder: Path) -> None:
    (folder / "README.md").write_text(text, encoding="utf-8")
    rule, message, place = refusal(AFTER, folder)
    assert rule == "NM304"
    assert "netmatrix:tables begin" in message
    assert place == str(folder / "README.md")


def test_a_mode_and_a_link_are_kept(folder: Path) -> None:
    (folder / "real.md").write_text(README, encoding="utf-8")
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to("real.md")
    (folder / "chart/Chart.yaml").chmod(0o600)
    write(AFTER, folder)
    assert (folder / "README.md").is_symlink()
    assert "| new |" in (folder / "real.md").read_text(encoding="utf-8")
    assert (folder / "chart/Chart.yaml").stat().st_mode & 0o777 == 0o600


def test_a_new_folder_is_made_and_a_failed_run_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", failing(1, OSError(errno.ENOSPC, "No space left on device")))
    assert refusal(AFTER, tmp_path / "a/b") == ("NM303", "cannot write: no space left on device", f"{tmp_path}/a/b")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    write(AFTER, tmp_path / "a/b")
    assert (tmp_path / "a/b/chart/Chart.yaml").is_file()


@pytest.mark.parametrize("name", ["chart", "chart/templates", "docs"])
def test_a_file_where_a_folder_should_be_is_told(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("x", encoding="utf-8")
    rule, message, place = refusal(AFTER, tmp_path)
    assert rule in ("NM302", "NM303")
    assert "not a directory" in message or "was not written by the generator" in message
    assert place.startswith(str(tmp_path / name))


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_something_else_where_a_file_should_be_is_told(kind: str, tmp_path: Path) -> None:
    (tmp_path / "chart").mkdir()
    if kind == "pipe":
        os.mkfifo(tmp_path / "chart/Chart.yaml")
    else:
        (tmp_path / "chart/Chart.yaml").mkdir()
    assert refusal(AFTER, tmp_path)[0] == "NM303"


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_a_swap_that_fails_is_taken_back(
    number: int, links: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", failing(None, OSError(errno.EPERM, "Operation not permitted")))
    inner = failing(number, OSError(errno.EIO, "Input/output error"), os.replace)
    monkeypatch.setattr(os, "replace", inner)
    if number > (5 if links else 7):
        write(AFTER, folder)
        assert inner.calls < number
    else:
        assert refusal(AFTER, folder)[:2] == ("NM303", "cannot write: input/output error")


@pytest.mark.parametrize("number", range(1, 6))
def test_ctrl_c_while_writing_changes_nothing(number: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(folder)
    monkeypatch.setattr(os, "fsync", failing(number, KeyboardInterrupt(), os.fsync))
    monkeypatch.setattr(os, "replace", failing(1, AssertionError("too far")))
    with pytest.raises((KeyboardInterrupt, AssertionError)):
        write(AFTER, folder)
    assert snapshot(folder) == before


@pytest.mark.parametrize("number", [1, 4])
def test_ctrl_c_while_swapping_waits_until_all_is_through(
    number: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace
    calls = 0

    def interrupted(source: Any, target: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            signal.raise_signal(signal.SIGINT)
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(AFTER, folder)
    monkeypatch.undo()
    assert write(AFTER, folder) == []
    assert not list(folder.glob(".netmatrix-*"))


def test_what_cannot_be_put_back_is_kept_and_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace
    calls = 0

    def dying(source: Any, target: Any) -> None:
        nonlocal calls
        calls += 1
        if calls >= 3:
            raise OSError(errno.EIO, "Input/output error", str(target))
        replace(source, target)

    old = (folder / "chart/Chart.yaml").read_bytes()
    monkeypatch.setattr(os, "replace", dying)
    with pytest.raises(GenerateError) as caught:
        write(AFTER, folder)
    (finding,) = caught.value.findings
    assert "cannot put back" in finding.message
    (kept,) = folder.glob(".netmatrix-*")
    assert str(kept) in finding.hint
    assert old in {file.read_bytes() for file in kept.iterdir()}


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git to apply the patch")
def test_the_printed_difference_is_a_patch(folder: Path) -> None:
    plan = planned({**{str(path): text for path, text in AFTER.files.items()}, "chart/x": marked("x\u2028y", "\fa")})
    patch = "".join(change.diff() for change in changes(plan, folder))
    git = ["git", "apply", "-p0", "--unsafe-paths", "--whitespace=nowarn", "-"]
    subprocess.run(git, cwd=folder, input=patch.encode(), check=True, env={**os.environ, "GIT_DIR": "/nowhere"})
    assert changes(plan, folder) == []


class failing:  # noqa: N801 - it stands for a function
    """A function that raises `error` at its n-th call (at every one where n is None), and else does as `function`."""

    def __init__(self, number: int | None, error: BaseException, function: Any = None) -> None:
        self.calls, self._number, self._error, self._function = 0, number, error, function

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        self.calls += 1
        if self._number is None or self.calls == self._number:
            self._raise()
        return self._function(*arguments, **keywords) if self._function else None

    def _raise(self) -> NoReturn:
        raise self._error
