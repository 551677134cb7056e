"""A file is written whole or not at all."""

from __future__ import annotations

import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from netmatrix.document.write import write_whole

OLD, NEW = b"old\n", b"new\n" * 1000


def test_the_content_and_the_mode_are_as_asked_for_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "file"
    write_whole(target, OLD)
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    write_whole(target, NEW, 0o755)
    assert stat.S_IMODE(target.stat().st_mode) == 0o755
    assert target.read_bytes() == NEW
    assert list(target.parent.iterdir()) == [target]


def test_where_it_does_not_fit_the_old_file_stays_and_is_named(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(OLD)
    ignored, limits = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match="too large") as caught:
            write_whole(target, NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert caught.value.filename == str(target)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == {target: OLD}


@pytest.mark.parametrize(("name", "blamed"), [("folder", "folder"), ("file/below", "file")])
def test_a_place_that_cannot_be_written_is_named(name: str, blamed: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(OLD)
    with pytest.raises(OSError, match=r"exists|directory") as caught:
        write_whole(tmp_path / name, NEW)
    assert caught.value.filename == str(tmp_path / blamed)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder"]


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "file"
    code = (
        "import signal, sys; from pathlib import Path; from netmatrix.document.write import write_whole\n"
        "def wait(path, mode): print(flush=True); signal.pause()\n"
        "Path.chmod = wait  # in the middle: the content is written, and not yet in its place\n"
        "write_whole(Path(sys.argv[1]), b'new')"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(target)], stdout=-1, stderr=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert len(list(tmp_path.iterdir())) == 1, "the copy is on disk now"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert list(tmp_path.iterdir()) == []
