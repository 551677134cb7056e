"""Which helm is used, and what is said where none will do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netmatrix.helm import HelmError, find_helm
from netmatrix.helm.find import OLDEST
from tests.helm.conftest import FakeHelm


def refusal(environ: dict[str, str], tools: Path | None = None) -> tuple[str, str, str, str]:
    """Rule id, message, place and hint of the one finding."""
    with pytest.raises(HelmError) as caught:
        find_helm(environ, tools)
    (finding,) = caught.value.findings
    assert finding.place.line == 0, "a program is no position in a file"
    return finding.rule.id, finding.message, finding.place.file, finding.hint


def test_the_environment_s_word_goes_before_the_path_and_that_before_the_project_s_own(fake_helm: FakeHelm) -> None:
    named, on_path = fake_helm("v4.1.0", folder="named"), fake_helm("v4.2.0", folder="path")
    own = fake_helm("v4.3.0", folder="tools")
    both = {"HELM": str(named), "PATH": str(on_path.parent)}
    assert find_helm(both, own.parent).version == (4, 1, 0)
    assert find_helm({"HELM": "", "PATH": str(on_path.parent)}, own.parent).version == (4, 2, 0)
    assert find_helm({"PATH": "/nowhere"}, own.parent).executable == own
    assert find_helm({}, own.parent).executable == own, "no PATH is no reason to look at another process's"


def test_no_helm_says_how_to_get_one(tmp_path: Path) -> None:
    rule, message, _, hint = refusal({"PATH": "/nowhere"}, tmp_path)
    assert rule == "NM401"
    assert "there is no helm" in message
    assert "make setup" in hint
    assert "$HELM" in hint


@pytest.mark.parametrize("named", ["/nowhere/helm", "no-such-helm", "./helm"])
def test_a_named_helm_that_is_not_there_is_never_passed_over(named: str, fake_helm: FakeHelm) -> None:
    good = fake_helm(folder="path")
    rule, message, place, _ = refusal({"HELM": named, "PATH": str(good.parent)}, good.parent)
    assert rule == "NM401"
    assert place == named
    assert "$HELM" in message


def test_a_helm_is_named_by_relative_path_or_by_its_name_on_path(
    fake_helm: FakeHelm, monkeypatch: pytest.MonkeyPatch
) -> None:
    helm = fake_helm("v4.0.1", folder="tool", name="helm4")
    monkeypatch.chdir(helm.parent)
    assert find_helm({"HELM": "./helm4", "PATH": "/nowhere"}).executable == helm
    assert find_helm({"HELM": "helm4", "PATH": str(helm.parent)}).executable == helm


def test_an_old_helm_on_the_path_is_told_with_its_path(fake_helm: FakeHelm) -> None:
    old, own = fake_helm("v3.18.4", folder="old"), fake_helm(folder="tools")
    rule, message, place, hint = refusal({"PATH": str(old.parent)}, own.parent)
    assert rule == "NM402"
    assert message == "the helm on PATH is 3.18.4, and 3.18.5 is the oldest that will do"
    assert place == str(old)
    assert "$HELM" in hint


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("v3.18.5", OLDEST),
        ("v3.18.10+g1234567", (3, 18, 10)),
        ("v3.22", (3, 22, 0)),
        ("v3.18", (3, 18, 0)),
        ("4.3.1", (4, 3, 1)),
        ("v4.0.0-rc.1", (4, 0, 0)),
    ],
)
def test_versions_that_will_do(said: str, version: tuple[int, int, int], fake_helm: FakeHelm) -> None:
    assert find_helm({"HELM": str(fake_helm(said))}).version == version


@pytest.mark.parametrize("said", ["v3.17", "v3.0.0", "v2.17.0", "v3.18.4"])
def test_versions_that_are_too_old(said: str, fake_helm: FakeHelm) -> None:
    assert refusal({"HELM": str(fake_helm(said))})[0] == "NM402"


@pytest.mark.parametrize(
    ("version", "script", "words"),
    [
        ("", "exit 3", "does not say its version"),
        ("", "echo broken >&2; exit 1", "broken"),
        ("Python 3.11.7", "", "does not say its version"),
        ("", "kill -SEGV $$", "signal 11"),
        ("", "printf 'panic: boom\\n\\ngoroutine 1 [running]:\\n' >&2; exit 2", "panic: boom"),
    ],
)
def test_a_helm_that_crashes_is_told(version: str, script: str, words: str, fake_helm: FakeHelm) -> None:
    helm = fake_helm(version, script)
    rule, message, place, hint = refusal({"HELM": str(helm)})
    assert rule == "NM403"
    assert words in message
    assert place == str(helm)
    assert "set $HELM" in hint


def test_what_cannot_be_run_is_told(tmp_path: Path) -> None:
    plain = tmp_path / "helm"
    plain.write_bytes(b"\x00not a program")
    for mode, words in ((0o644, "permission denied"), (0o755, "exec format error")):
        plain.chmod(mode)
        rule, message, _, _ = refusal({"HELM": str(plain)})
        assert rule == "NM403"
        assert words in message
    assert "permission denied" in refusal({"HELM": f"{tmp_path}{os.sep}"})[1], "a folder"
