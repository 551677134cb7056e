"""Which kubectl is used, and what becomes of what it says; a script stands for kubectl where it must misbehave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from netmatrix.cluster import ClusterError, Kubectl, Permission, RefusedError, find_kubectl, require

Script = Callable[[str], Kubectl]


@pytest.fixture
def kubectl(tmp_path: Path) -> Script:
    """A kubectl that does what a shell script says."""

    def make(text: str) -> Kubectl:
        file = tmp_path / "kubectl"
        file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        file.chmod(0o755)
        return find_kubectl("staging", None, {"PATH": str(tmp_path)})

    return make


def test_there_is_no_kubectl(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="NM901 there is no kubectl on PATH"):
        find_kubectl(environ={"PATH": str(tmp_path)})
    with pytest.raises(ClusterError, match=r"NM901 \$KUBECTL is '/nowhere', and there is no such program"):
        find_kubectl(environ={"KUBECTL": "/nowhere"})


def test_the_one_that_is_named_wins_over_the_path(tmp_path: Path) -> None:
    for folder in ("named", "path"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "kubectl").write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / folder / "kubectl").chmod(0o755)
    found = find_kubectl(environ={"KUBECTL": str(tmp_path / "named/kubectl"), "PATH": str(tmp_path / "path")})
    assert found.executable == tmp_path / "named/kubectl"


def test_the_context_is_passed_on(kubectl: Script) -> None:
    assert kubectl('echo "$@"').do("version").split()[0] == "--context=staging"


@pytest.mark.parametrize(
    ("given", "variables", "is_limited"),
    [
        ((None, None), {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}, False),
        ((None, None), {}, True),
        (("staging", None), {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}, True),
        ((None, "config"), {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}, True),
        ((None, None), {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBECONFIG": "config"}, True),
    ],
)
def test_in_a_pod_nothing_hides_its_account_from_kubectl(
    given: tuple[str | None, str | None], variables: dict[str, str], is_limited: bool, tmp_path: Path
) -> None:
    file = tmp_path / "kubectl"
    file.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    file.chmod(0o755)
    kubectl = find_kubectl(*given, {"PATH": str(tmp_path), **variables})
    said = [kubectl.do("version"), kubectl.ask_together([["version"]], timeout=60)[0].stdout.decode()]
    assert ["--request-timeout" in text for text in said] == [is_limited] * 2


def test_in_a_pod_that_gets_no_answer_the_hint_is_what_may_keep_it_from_one(tmp_path: Path) -> None:
    file = tmp_path / "kubectl"
    file.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    file.chmod(0o755)
    hints = []
    for variables in ({}, {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}):
        with pytest.raises(RefusedError) as caught:
            find_kubectl(environ={"PATH": str(tmp_path), **variables}).do("version")
        hints.append(caught.value.findings[0].hint)
    assert ["helm upgrade" in hint for hint in hints] == [False, True]


def test_what_kubectl_says_is_told_without_its_log(kubectl: Script) -> None:
    refusing = kubectl("echo 'E1125 23:01:02.000000 1 memcache.go:265] no' >&2; echo 'error: no route' >&2; exit 1")
    with pytest.raises(RefusedError, match=r"NM903 `kubectl get` failed: no route$"):
        refusing.get("pods")


def test_no_json_is_told(kubectl: Script) -> None:
    with pytest.raises(ClusterError, match="NM902 kubectl did not print JSON"):
        kubectl("echo hello").get("pods")


def test_a_missing_permission_is_named_with_its_verb_and_resource(kubectl: Script) -> None:
    denied = '{"kind": "SelfSubjectAccessReview", "status": {"allowed": false}}'
    allowed = '{"kind": "SelfSubjectAccessReview", "status": {"allowed": true}}'
    asked = kubectl(f"cat >/dev/null; echo '{allowed}'; echo '{denied}'")
    with pytest.raises(ClusterError) as caught:
        require(asked, [Permission("list", "namespaces"), Permission("create", "pods/exec", "shop")])
    (finding,) = caught.value.findings
    assert finding.message == "you may not create pods/exec in namespace shop"
    assert "kubectl auth can-i create pods --subresource=exec --namespace shop" in finding.hint


def test_several_run_at_the_same_time_each_with_its_own_input(kubectl: Script, tmp_path: Path) -> None:
    """None ends before both have started."""
    meeting = f"touch {tmp_path}/$2; until [ -e {tmp_path}/one ] && [ -e {tmp_path}/two ]; do sleep 0.01; done; cat"
    outputs = kubectl(meeting).run_together([(["one"], b"1"), (["two"], b"2")], timeout=60)
    assert [output.stdout for output in outputs] == [b"1", b"2"]


def test_one_that_hangs_is_given_up_and_ended(kubectl: Script, tmp_path: Path) -> None:
    hanging = kubectl(f"echo $$ > {tmp_path}/pid; exec sleep 600")
    with pytest.raises(ClusterError, match="NM902 kubectl did not end within 1 seconds"):
        hanging.run_together([([], b"")], timeout=1)
    _await_end(int((tmp_path / "pid").read_text()))


def test_ctrl_c_ends_all_that_run_at_the_same_time(kubectl: Script, tmp_path: Path) -> None:
    program = kubectl(f"echo $$ > {tmp_path}/$2.new; mv {tmp_path}/$2.new {tmp_path}/$2; exec sleep 600").executable
    code = (
        "import sys; from pathlib import Path; from netmatrix.cluster import Kubectl\n"
        "Kubectl(Path(sys.argv[1]), ('x',)).run_together([(['one'], b''), (['two'], b'')], timeout=60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(program)], stderr=subprocess.PIPE) as process:
        pids = []
        for name in ("one", "two"):
            deadline = time.monotonic() + 60
            while not (tmp_path / name).exists():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            pids.append(int((tmp_path / name).read_text()))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    for pid in pids:
        _await_end(pid)


def _await_end(pid: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    pytest.fail(f"process {pid} is still there")
