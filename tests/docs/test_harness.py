"""The harness itself: what it lets pass, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from netmatrix.helm import Helm
from tests.docs.page import Page, PageError
from tests.docs.running import Project, copied, fits, run
from tests.docs.shown import mended, renewed


@pytest.mark.parametrize(
    ("shown", "fit"),
    [
        (["a", "b", "c"], True),
        (["a", "...", "c"], True),
        (["...", "c"], True),
        (["a", "..."], True),
        (["a", "b", "...", "c"], True),
        (["a", "b", "c", "..."], True),
        (["a", "c"], False),
        (["a", "b"], False),
        (["...", "d"], False),
        ([], False),
    ],
)
def test_dots_on_a_line_of_their_own_stand_for_any_lines(shown: list[str], fit: bool) -> None:
    assert fits(["a", "b", "c"], shown) is fit


def test_dots_within_a_line_stand_for_any_text_of_that_line() -> None:
    assert fits(["age 17s, ready"], ["age ..., ready"])
    assert not fits(["age 17s,", "not ready"], ["age ... ready"])
    assert not fits(["aXb"], ["a.b"])


def page(tmp_path: Path, text: str) -> Page:
    return Page(tmp_path / "page.md", text)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A folder without the project in it: the shell's own commands need none."""
    return Project(tmp_path, {"PATH": "/usr/bin:/bin"})


def printed(text: str, project: Project, *provided: str) -> str:
    read = page(project.folder, text)
    return mended(read, list(run(read, project, provided or ("",))))


def test_what_is_printed_takes_the_place_of_what_does_not_fit_and_of_nothing_else(project: Project) -> None:
    text = "```console\n$ printf 'a\\nb\\n'\n{}\n$ true\n$ echo \\\n    c\nc\n```\n"
    assert printed(text.format("a\n..."), project) == text.format("a\n...")
    assert printed(text.format("x\n..."), project) == text.format("a\n...")
    assert printed(text.format("x\ny\nz"), project) == text.format("a\nb")


def test_what_a_page_leaves_out_stays_out_when_the_rest_changes() -> None:
    shown = ["...", "prod: holds (100 classes)", "  pods ...", "...", "  granted 17 flows", "..."]
    lines = ["a note", "prod: holds (102 classes)", "  pods 8", "  new", "  granted 18 flows", "  more"]
    after = ["...", "prod: holds (102 classes)", "  pods ...", "...", "  granted 18 flows", "..."]
    assert renewed(shown, lines) == after
    assert renewed(["a", "...", "of another thing"], ["a", "b", "c"]) == ["a", "b", "c"]
    assert renewed(["a", "..."], ["x", "y"]) == ["x", "..."]
    assert renewed(["a"], ["a", "b"]) == ["a", "b"]


def test_a_command_that_fails_must_be_seen_to_fail(project: Project) -> None:
    with pytest.raises(PageError, match=r"page\.md:2: 'exit 3' failed with status 3"):
        printed("```console\n$ exit 3\n```\n", project)
    with pytest.raises(PageError, match="failed with status 1"):
        printed("```sh\ntrue\nfalse   # never\n```\n", project)
    shown = "```console\n$ exit 3\n$ echo $?\n3\n```\n"
    assert printed(shown, project) == shown


def test_a_make_target_is_not_run_before_somebody_has_said_that_it_may_be(project: Project) -> None:
    with pytest.raises(PageError, match=r"not_run\.py"):
        printed("```sh\nmake everything  # of it\n```\n", project)


def test_files_are_written_and_added_to(project: Project) -> None:
    text = (
        "<!-- file: sub/a.yaml -->\n```yaml\none:\ntwo:\n```\n\n"
        "<!-- insert: sub/a.yaml after: one -->\n```yaml\n  added: 1\n```\n\n"
        "```console\n$ cat sub/a.yaml\none:\n  added: 1\ntwo:\n```\n"
    )
    assert printed(text, project) == text


def test_a_block_is_run_only_where_its_needs_are_met(project: Project) -> None:
    text = "```console\n$ echo here\n```\n\n<!-- needs: cluster -->\n```console\n$ echo there\n```\n"
    assert "\nhere\n" in printed(text, project)
    assert "\nthere\n" not in printed(text, project)
    assert "\nthere\n" in printed(text, project, "", "cluster")


def test_a_command_that_stays_is_waited_for_and_ended(project: Project) -> None:
    text = "```console\n$ sh -c 'sleep 0.3; echo ready; exec sleep 300' &\nready\n```\n"
    assert printed(text, project) == text
    (process,) = project.background
    assert process.poll() is None
    project.end()
    assert process.poll() is not None


@pytest.mark.parametrize(
    "text",
    [
        "```\n$ rm -r x\n```\n",
        "```text\n$ rm -r x\n```\n",
        "    $ rm -r x\n",
        "```bash\nrm -r x\n```\n",
        "```console\nrm -r x\n```\n",
        "<!-- need: cluster -->\n```sh\nrm -r x\n```\n",
        "<!-- needs: luck -->\n```sh\nrm -r x\n```\n",
        "<!-- write: x -->\n```yaml\na: 1\n```\n",
    ],
)
def test_no_command_escapes(text: str, tmp_path: Path) -> None:
    with pytest.raises(PageError):
        page(tmp_path, text).blocks()


def test_the_copy_of_the_project_is_a_clone_that_is_set_up_and_knows_no_cluster(tmp_path: Path, helm: Helm) -> None:
    text = (
        "```console\n$ git status --short\n$ .venv/bin/netmatrix --version\nnetmatrix, version ...\n"
        "$ helm list\nError: ...\n$ echo $?\n1\n```\n"
    )
    read = page(tmp_path, text)
    with copied(read, tmp_path, helm) as project:
        assert mended(read, list(run(read, project, ("",)))) == text
