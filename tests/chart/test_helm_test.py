"""What the pod of `helm test` says: a real shell runs its script, and a stand-in answers as agnhost does."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chart.conftest import ObjectsOf
from tests.support.rendering import Chart
from tests.support.scenarios import Scenario

API, SELF = "10.96.0.1:443", "[2001:db8::7]:8080"
CONNECTED = ""
"""What `agnhost connect` says of a connection that it made."""

Test = Callable[[list[str], list[str]], tuple[int, list[str]]]
"""The status of the pod and what it says, by what it is told of itself and of the API server; the last words stay."""

_AGNHOST = r"""#!/bin/sh
[ "$1" = connect ] || exit 0
file=FOLDER/$(case "$2" in *:8080) echo self ;; *) echo api ;; esac)
said=$(head -n 1 "$file")
[ "$(wc -l < "$file")" -eq 1 ] || { tail -n +2 "$file" > "$file.left"; mv "$file.left" "$file"; }
[ -z "$said" ] || { echo "$said"; exit 1; }
"""


@pytest.fixture
def helm_test(objects: ObjectsOf, tmp_path: Path) -> Test:
    """The script, without its pauses."""
    (pod,) = (item for item in objects(Scenario("prod")) if item["kind"] == "Pod")
    shell, _, text = pod["spec"]["containers"][0]["command"]
    assert shell == "/bin/sh"
    agnhost = tmp_path / "agnhost"
    agnhost.write_text(_AGNHOST.replace("FOLDER", str(tmp_path)), encoding="utf-8")
    agnhost.chmod(0o755)
    program = shutil.which("sh")
    assert program is not None
    host, _, port = API.partition(":")
    environment = {"ADDRESS": "2001:db8::7", "KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}

    def run(to_itself: list[str], to_the_api_server: list[str]) -> tuple[int, list[str]]:
        for name, words in {"self": to_itself, "api": to_the_api_server}.items():
            (tmp_path / name).write_text("".join(f"{line}\n" for line in words), encoding="utf-8")
        script = "sleep() { :; }\n" + text.replace("/agnhost", str(agnhost))
        done = subprocess.run(
            [program, "-c", script],
            env={"PATH": "/usr/bin:/bin", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.splitlines()

    return run


def test_how_many_tries_it_took_and_how_they_failed_is_not_told(helm_test: Test) -> None:
    at_once = helm_test([CONNECTED], ["REFUSED"])
    after_a_while = helm_test(
        ["REFUSED", "TIMEOUT", CONNECTED], [CONNECTED, "TIMEOUT", CONNECTED, "REFUSED", "TIMEOUT"]
    )
    status, said = at_once
    assert after_a_while == at_once
    assert status == 0
    assert said[0] == f"the pod reaches itself at {SELF}, as it must"
    assert said[1].startswith(f"the pod does not reach {API}, as it must not: the cluster enforces network policies")
    assert len(said) == 2


def test_a_cluster_that_lets_it_reach_the_api_server_fails(helm_test: Test) -> None:
    status, said = helm_test([CONNECTED], ["REFUSED", "REFUSED", "REFUSED", "REFUSED", CONNECTED])
    assert status == 1
    assert said[1:] == [
        f"FAILS: the cluster does not enforce network policies: the pod reaches {API}, which default-deny forbids"
    ]


def test_a_pod_that_does_not_reach_itself_says_what_it_was_told_last(helm_test: Test) -> None:
    status, said = helm_test(["REFUSED", "OTHER: network is unreachable"], ["REFUSED"])
    assert status == 2
    told_last = "OTHER: network is unreachable"
    assert said == [f"CANNOT TELL: the pod does not reach itself at {SELF} ({told_last}): its network does not work"]


@pytest.mark.parametrize(
    ("cluster", "given"),
    [((), {"runAsUser": 65532, "runAsGroup": 65532}), (("--api-versions", "security.openshift.io/v1"), {})],
    ids=["its image would be root", "OpenShift gives it a user, and refuses another"],
)
def test_its_user_is_never_root(chart: Chart, cluster: tuple[str, ...], given: dict[str, int]) -> None:
    objects = chart.objects(*Scenario("prod").files(), arguments=cluster)
    (pod,) = (item for item in objects if item["kind"] == "Pod")
    others = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert pod["spec"]["securityContext"] == others | given
