"""Arguments for helm: what would go round the validation is refused in every spelling, and nothing else."""

from __future__ import annotations

import pytest

from netmatrix.helm import limits_output, refuse_arguments


@pytest.mark.parametrize(
    "arguments",
    [
        ["-f", "x.yaml"],
        ["-fx.yaml"],
        ["-f=x.yaml"],
        ["-gf", "x.yaml"],
        ["-ghfx"],
        ["--values", "x.yaml"],
        ["--values=x.yaml"],
        ["--set", "a=b"],
        ["--set=a=b"],
        ["--set-string=a=b"],
        ["--set-json", '{"a": 1}'],
        ["--set-file", "a=b"],
        ["--set-literal", "a=b"],
        ["--set-some-later-kind", "a=b"],
        ["--skip-schema-validation"],
        ["--skip-schema-validation=true"],
        ["--post-renderer", "x"],
        ["--post-renderer=x"],
        ["--post-renderer-args", "x"],
        ["--kube-version", "1.30", "-f", "x"],
    ],
)
def test_what_changes_values_is_refused(arguments: list[str]) -> None:
    (finding,) = refuse_arguments(arguments)
    assert finding.rule.id == "NM405"
    assert finding.hint
    assert finding.place.file.removeprefix("-- ") in arguments


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-nfoo"],
        ["-n=foo"],
        ["-n", "foo"],
        ["-safe.yaml", "-aapps/f", "-lf=f"],
        ["-g=false"],
        ["--kube-version", "1.30", "--show-only", "templates/ui.yaml"],
        ["--namespace=default", "--is-upgrade", "--debug", "--skip-crds", "--skip-tests"],
        ["--settings", "--valuesx"],
        ["-", "f", "set"],
    ],
)
def test_everything_else_is_let_through(arguments: list[str]) -> None:
    assert refuse_arguments(arguments) == ()


@pytest.mark.parametrize(
    ("argument", "limits"),
    [
        ("--show-only=templates/ui.yaml", True),
        ("--output-dir", True),
        ("--help", True),
        ("-stemplates/ui.yaml", True),
        ("-gs", True),
        ("-h", True),
        ("-nsh", False),
        ("-g=sh", False),
        ("--debug", False),
        ("--skip-schema", False),
        ("sh", False),
    ],
)
def test_whether_less_than_the_whole_is_asked_for(argument: str, limits: bool) -> None:
    assert limits_output(["--debug", argument]) is limits


def test_all_of_them_are_told_in_one_run() -> None:
    assert len(refuse_arguments(["-fx", "--set=a=b", "-n", "x", "--skip-schema-validation"])) == 3
