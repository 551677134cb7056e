"""0 holds, 1 findings, 2 could not run; interrupted 130. Always with words, never with a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from netmatrix.helm import Helm
from netmatrix.helm import run as run_module
from tests.cli.conftest import PROD, TODAY, Result, Run
from tests.support.scenarios import ROOT

BAD_MATRIX = "apiVersion: netmatrix/v1\napplication: x\n"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--help"], 0, "Usage: netmatrix"),
        (["-h"], 0, "Usage: netmatrix"),
        (["--version"], 0, "netmatrix, version 0."),
        (["validate", *PROD, *TODAY], 0, "the values hold"),
        (["generate", "--check"], 0, "generated files are what"),
        ([], 2, "Usage: netmatrix"),
        (["valdate"], 2, "there is no command 'valdate'; did you mean 'validate'?"),
        (["--no-such"], 2, "No such option"),
        (["generate", "--chek"], 2, "--check"),
        (["validate", "--format", "xml"], 2, "'xml' is not one of 'text', 'json', 'github', 'sarif'"),
        (["validate", "-f"], 2, "requires an argument"),
        (["validate", "surplus"], 2, "unexpected extra argument"),
        (["validate", "--set", "podz=1", *PROD], 1, "NM202"),
        (["validate", "-f", "no-such.yaml"], 2, "there is no such file"),
        (["template", *PROD, "--", "--set", "a=b"], 2, "NM405"),
        (["generate", "--matrix", "no-such.yaml"], 2, "no-such.yaml:1:1: error NM001 there is no such file"),
        (["generate", "--matrix", "matrix.yml"], 2, "did you mean 'matrix.yaml'?"),
        (["generate", "--matrix", "."], 2, "it is a directory"),
        (["generate", "--matrix", "-"], 2, "the matrix cannot come from standard input"),
        (["validate", "--matrix", "values/values-prod.yaml"], 2, "error NM10"),
    ],
)
def test_situations_on_the_project(arguments: list[str], status: int, words: str, netmatrix: Run) -> None:
    result = netmatrix(*arguments)
    assert result.status == status, result
    assert words in result.out + result.err


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["generate"], 1),
        (["generate", "--check"], 1),
        (["build"], 1),
        (["validate"], 2),
        (["template"], 2),
        (["verify"], 2),
    ],
)
def test_a_matrix_that_does_not_hold_is_a_finding_only_for_who_asked_about_it(
    command: list[str], status: int, netmatrix: Run, tmp_path: Path
) -> None:
    (tmp_path / "matrix.yaml").write_text(BAD_MATRIX, encoding="utf-8")
    result = netmatrix(*command, cwd=tmp_path)
    assert result.status == status
    assert "matrix.yaml:1:1: error NM103 " in result.err
    assert result.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["matrix.yaml"]


@pytest.mark.parametrize("command", ["generate", "build", "validate", "template", "verify"])
def test_a_folder_without_a_matrix_could_not_run(command: str, netmatrix: Run, tmp_path: Path) -> None:
    result = netmatrix(command, cwd=tmp_path)
    assert (result.status, result.out) == (2, "")
    assert "matrix.yaml:1:1: error NM001 there is no matrix.yaml here or in a folder above" in result.err
    assert "--matrix" in result.err


def test_a_folder_that_is_gone_could_not_run(process: Run, tmp_path: Path) -> None:
    code = "import os, sys, runpy; os.mkdir('x'); os.chdir('x'); os.rmdir('../x'); runpy.run_module('netmatrix')"
    result = process("validate", program=["-c", code], cwd=tmp_path)
    assert result.status == 2
    assert "no such file or directory" in result.err


@pytest.fixture
def with_helm(netmatrix: Run, tmp_path: Path) -> Callable[..., Result]:
    """Runs `netmatrix template` with a helm that is a script."""

    def run(script: str, *, version: str = "v4.3.1", mode: int = 0o755, command: str = "template") -> Result:
        helm = tmp_path / "helm"
        answer = f'if [ "$1" = version ]; then echo "{version}"; exit 0; fi\n' if version else ""
        helm.write_text(f"#!/bin/sh\n{answer}{script}\n", encoding="utf-8")
        helm.chmod(mode)
        return netmatrix(command, *PROD, *TODAY, "--set", "pods.ui.ports.http=81", env={"HELM": str(helm)})

    return run


@pytest.mark.parametrize("command", ["template", "validate"])
@pytest.mark.parametrize(
    ("script", "version", "mode", "words"),
    [
        ("exit 0", "v3.17.0", 0o755, "NM402 $HELM is 3.17.0, and 3.18.5 is the oldest that will do"),
        ("exit 0", "v2.17.0", 0o755, "NM402"),
        ("exit 0", "something else", 0o755, "NM403 helm ($HELM) does not say its version"),
        ("exit 0", "", 0o755, "does not say its version"),
        ("exit 0", "v4.3.1", 0o644, "NM403 helm cannot be run: permission denied"),
        ("kill -SEGV $$", "v4.3.1", 0o755, "NM403 helm was ended by signal 11"),
        ("kill -SEGV $$", "", 0o755, "NM403 helm was ended by signal 11"),
        (
            "printf 'panic: boom\\n\\ngoroutine 1 [running]:\\n' >&2; exit 2",
            "v4.3.1",
            0o755,
            "NM403 helm crashed: panic: boom",
        ),
        ("exit 0", "v4.3.1", 0o755, "NM403 helm did not print the values"),
        ("head -c 100000 /dev/urandom", "v4.3.1", 0o755, "NM403 helm did not print the values"),
        ("echo 'Error: \x1b[31mred' >&2; exit 1", "v4.3.1", 0o755, "helm refused: \\x1b[31mred"),
    ],
)
def test_a_helm_that_will_not_do(
    command: str, script: str, version: str, mode: int, words: str, with_helm: Callable[..., Result]
) -> None:
    result = with_helm(script, version=version, mode=mode, command=command)
    assert (result.status, result.out) == (2, "")
    assert words in result.err
    assert "\n  " in result.err, "a remedy"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 0", "NM403 helm printed no manifests: there is no Kubernetes object in it"),
        ("echo 'a: [b'", "NM403 helm printed no manifests: "),
        ("head -c 1000 /dev/urandom", "NM403 helm printed no manifests: "),
        ("echo 'kind: NetworkPolicy'", "NM403 helm printed no manifests: "),
        (
            "sed /metadata/,/namespace/s/stalker-jobs/other/ SAVED",
            "NM403 helm printed no default-deny policy for the namespace stalker-jobs",
        ),
        (
            "sed 's/policyTypes: .Ingress, Egress./policyTypes: [Ingress]/; /^  egress: .]/d' SAVED",
            "NM403 helm printed no default-deny policy for the namespaces default, stalker and stalker-jobs",
        ),
    ],
)
@pytest.mark.parametrize("command", [["build"], ["template", *PROD, *TODAY]], ids=["build", "template"])
def test_a_helm_that_renders_no_default_deny_is_not_believed(
    command: list[str], script: str, words: str, netmatrix: Run, copy: Path, tmp_path: Path
) -> None:
    saved, helm = tmp_path / "saved.yaml", tmp_path / "helm"
    saved.write_text(netmatrix("template", *PROD, *TODAY, cwd=copy).out, encoding="utf-8")
    answer = 'if [ "$1" = version ]; then echo v4.3.1; exit 0; fi\n'
    helm.write_text(f"#!/bin/sh\n{answer}{script.replace('SAVED', str(saved))}\n", encoding="utf-8")
    helm.chmod(0o755)
    result = netmatrix(*command, cwd=copy, env={"HELM": str(helm)})
    assert (result.status, result.out) == (2, "")
    assert words in result.err
    assert not (copy / "build").exists()


def test_a_helm_that_hangs_is_given_up(with_helm: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    for run in (run_module.run, Helm.run):
        monkeypatch.setattr(run, "__kwdefaults__", {**(run.__kwdefaults__ or {}), "timeout": 0.3})
    result = with_helm("sleep 600")
    assert result.status == 2
    assert "NM403 helm did not end within 0.3 seconds" in result.err


def test_no_helm_anywhere_is_told_with_the_remedy(netmatrix: Run, copy: Path) -> None:
    nowhere = {"HELM": "", "PATH": "/nowhere"}
    result = netmatrix("template", *PROD, *TODAY, cwd=copy, env=nowhere)
    assert (result.status, result.out) == (2, "")
    assert "helm: error NM401 there is no helm" in result.err
    assert "make setup" in result.err
    assert netmatrix("build", cwd=copy, env=nowhere).status == 2
    assert not (copy / "build").exists()
    assert netmatrix("validate", *PROD, *TODAY, cwd=copy, env=nowhere).status == 0, "without --set it takes no helm"


def test_the_project_s_own_helm_is_found(netmatrix: Run, copy: Path, environment: dict[str, str]) -> None:
    (copy / ".tools").mkdir()
    (copy / ".tools/helm").symlink_to(environment["HELM"])
    result = netmatrix("template", *PROD, *TODAY, cwd=copy, env={"HELM": "", "PATH": "/usr/bin:/bin"})
    assert result.status == 0, result.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_command_says_so_and_ends_helm(
    number: signal.Signals, tmp_path: Path, environment: dict[str, str]
) -> None:
    helm = tmp_path / "helm"
    helm.write_text(f"#!/bin/sh\n[ $1 = version ] && echo v4.3.1 && exit\necho $$ >{tmp_path}/pid\nsleep 600\n")
    helm.chmod(0o755)
    command = [sys.executable, "-m", "netmatrix", "template", *PROD, *TODAY]
    env = {**environment, "HELM": str(helm)}
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        deadline = time.monotonic() + 30
        while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 128 + number
    assert out == b""
    assert err.decode().splitlines()[-1] == "netmatrix: interrupted; nothing was left half-written"
    assert b"Traceback" not in err
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


RENDER = ["template", *PROD, *TODAY]
WRONG = ["validate", "--set", "podz=1", *PROD]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        RENDER,
        WRONG,
        ["validate", "--format", "sarif", *PROD],
        pytest.param(["build"], marks=pytest.mark.long),
    ],
)
def test_a_reader_who_goes_away_gets_no_complaint(
    arguments: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    arguments = [*arguments, "--output", str(tmp_path)] if arguments == ["build"] else arguments
    done = _run(arguments, environment, stdout=writer)
    os.close(writer)
    assert done.returncode == 2
    assert all(word not in done.stderr for word in ("Traceback", "Exception ignored", "Broken", "netmatrix:"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["--version"], RENDER, WRONG])
def test_output_that_cannot_be_written_is_told(arguments: list[str], environment: dict[str, str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = _run(arguments, environment, stdout=full)
    assert done.returncode == 2
    assert done.stderr.endswith("netmatrix: the output cannot be written: no space left on device\n")
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "closed", "status"),
    [
        (RENDER, 1, 2),
        (RENDER, 2, 0),
        (RENDER, 0, 0),
        (["validate", *PROD, *TODAY], 1, 0),
        (["validate", *PROD, *TODAY], 2, 0),
        (WRONG, 1, 2),
        (WRONG, 2, 1),
    ],
)
def test_closed_streams_lose_no_status(
    arguments: list[str], closed: int, status: int, environment: dict[str, str]
) -> None:
    code = f"import os, sys; os.close({closed}); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    command = [sys.executable, "-c", code, "-m", "netmatrix", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding_prints_any_name(encoding: str, environment: dict[str, str]) -> None:
    env = {**environment, "PYTHONIOENCODING": f"{encoding}:strict", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-m", "netmatrix", "validate", "-f", b"\xff.yaml", "-f", "ü☃.yaml"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout.count(b"there is no such file") == 2
    assert b"Traceback" not in done.stderr


def test_a_fault_of_the_toolchain_itself_is_told_as_one(netmatrix: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netmatrix.cli.validate.open_to_judge", lambda _: 1 / 0)
    with pytest.raises(
        AssertionError, match="this is a fault of netmatrix itself: ZeroDivisionError: division by zero"
    ):
        netmatrix("validate")
    monkeypatch.setenv("NETMATRIX_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        netmatrix("validate")


def _run(arguments: list[str], environment: dict[str, str], stdout: int | IO[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "netmatrix", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
