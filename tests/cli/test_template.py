"""`netmatrix template`: validated values through the real helm, and nothing that goes round the validation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netmatrix.helm import Helm
from tests.cli.conftest import PROD, TODAY, Run, replace_in
from tests.support.scenarios import ROOT

GKE = ("-f", "values/clusters/gke.yaml")


@pytest.mark.parametrize(
    ("values", "after", "plain"),
    [
        ([*PROD, *GKE], [], []),
        ([*PROD, "--set", "pods.orchestrator.ports.http=8080", "--set-string", "namespaces.app.name=x"], [], []),
        ([*PROD], ["--show-only", "templates/ui.yaml", "--kube-version", "1.30"], []),
        ([*PROD], ["-n", "elsewhere", "--is-upgrade"], []),
        ([*PROD], ["-nelsewhere", "--skip-tests"], []),
        (["-f", "values/values-dev.yaml", "--release", "mine"], ["--no-hooks"], ["mine"]),
    ],
)
def test_the_output_is_that_of_plain_helm(
    values: list[str], after: list[str], plain: list[str], netmatrix: Run, helm: Helm, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = netmatrix("template", *TODAY, *values, "--", *after)
    assert ours.status == 0, ours.err
    monkeypatch.chdir(ROOT)
    values = values[: values.index("--release")] if "--release" in values else values
    name = plain[0] if plain else "red-kite"
    expected = helm.run(["template", name, "chart", "--namespace", "stalker", *values, *after])
    assert expected.status == 0, expected.stderr
    assert ours.out == expected.stdout.decode()
    assert "kind: NetworkPolicy" in ours.out


@pytest.mark.parametrize(
    "values",
    [
        [],
        [*PROD, "--set", "podz=1"],
        [*PROD, "-f", "values/no-such.yaml"],
        [*PROD, "-f", "values/values-dev.yaml"],
        [*PROD, "--set", "a"],
        [*PROD, "-f", "values/clusters/with-exception.yaml", "--today", "2099-01-01"],
    ],
)
def test_nothing_is_printed_where_validation_fails(values: list[str], netmatrix: Run) -> None:
    result = netmatrix("template", *values)
    assert result.status in (1, 2)
    assert result.out == ""
    assert ": error NM" in result.err


def test_standard_input_is_judged_and_rendered(process: Run, netmatrix: Run) -> None:
    prod = (ROOT / PROD[1]).read_bytes()
    expected = netmatrix("template", *PROD, *TODAY).out
    assert process("template", "-f", "-", *TODAY, stdin=prod).out == expected
    both = process("template", "-f", "-", "--set", "pods.ui.ports.http=81", *TODAY, stdin=prod)
    assert both.out == netmatrix("template", *PROD, "--set", "pods.ui.ports.http=81", *TODAY).out != expected
    wrong = process("template", *PROD, "-f", "-", stdin=b"podz: 1\n")
    assert (wrong.status, wrong.out) == (1, "")
    assert "-:1:1: error NM202" in wrong.err


def test_a_pipe_that_only_one_can_read_is_no_empty_file(netmatrix: Run, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"pods: {ui: {ports: {http: 81}}}\n")
    os.close(writer)
    result = netmatrix("template", *PROD, "-f", f"/dev/fd/{reader}")
    os.close(reader)
    assert result.status == 2
    assert result.out == ""
    assert f"/dev/fd/{reader}" in result.err
    assert "cannot be read twice" in result.err


@pytest.mark.parametrize("name", ["a,b.yaml", 'quo"te.yaml', " blank.yaml", "http:x.yaml", "--set.yaml", "ü.yaml"])
def test_a_values_file_may_have_any_name(name: str, netmatrix: Run, copy: Path) -> None:
    (copy / name).write_text("pods: {ui: {ports: {http: 81}}}\n", encoding="utf-8")
    result = netmatrix("template", *PROD, f"--values={name}", *TODAY, cwd=copy)
    assert result.status == 0, result.err
    assert "port: 81}" in result.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["-f", "x.yaml"],
        ["-fx.yaml"],
        ["-gf", "x.yaml"],
        ["--values=x.yaml"],
        ["--set", "a=b"],
        ["--set=a=b"],
        ["--set-json", "{}"],
        ["--set-string=a=b"],
        ["--set-file", "a=b"],
        ["--set-literal", "a=b"],
        ["--skip-schema-validation"],
        ["--skip-schema-validation=true"],
        ["--post-renderer", "x"],
        ["--post-renderer-args=x"],
    ],
)
def test_what_would_go_round_the_validation_is_refused(arguments: list[str], netmatrix: Run) -> None:
    result = netmatrix("template", *PROD, "--", "--kube-version", "1.30", *arguments)
    assert result.status == 2
    assert result.out == ""
    assert f"-- {arguments[0]}: error NM405 " in result.err
    assert "would go round the validation" in result.err


def test_arguments_for_helm_stand_behind_the_dashes(netmatrix: Run) -> None:
    result = netmatrix("template", *PROD, "--kube-version", "1.30")
    assert result.status == 2
    assert "No such option" in result.err
    assert "--kube-version" in result.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--show-only", "templates/nope.yaml"], "could not find template templates/nope.yaml in chart"),
        (["--no-such-flag"], "unknown flag: --no-such-flag"),
        (["--kube-version", "1.2.3"], "kubeVersion: >=1.25.0-0"),
        (["surplus"], "at most two arguments"),
    ],
)
def test_helm_s_own_refusal_is_shown(arguments: list[str], words: str, netmatrix: Run) -> None:
    result = netmatrix("template", *PROD, *TODAY, "--", *arguments)
    assert result.status == 2
    assert result.out == ""
    assert words in result.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--show-only", "templates/ui.yaml"], "name: redkite-ui-ingress"),
        (["-stemplates/ui.yaml"], "name: redkite-ui-ingress"),
        (["--output-dir=out"], "wrote out/red-kite-network/templates/default-deny.yaml"),
        (["--help"], "Usage:"),
        (["-gh"], "Usage:"),
    ],
)
def test_what_is_less_than_the_whole_may_be_asked_for(
    arguments: list[str], words: str, netmatrix: Run, copy: Path
) -> None:
    result = netmatrix("template", *PROD, *TODAY, "--", *arguments, cwd=copy)
    assert result.status == 0, result.err
    assert words in result.out


def test_a_renamed_namespace_is_under_default_deny(netmatrix: Run) -> None:
    result = netmatrix("template", *PROD, *TODAY, "--set", "namespaces.jobs.name=elsewhere")
    assert result.status == 0, result.err
    assert 'namespace: "elsewhere"' in result.out


def test_what_helm_says_while_it_renders_is_passed_on(netmatrix: Run) -> None:
    result = netmatrix("template", *PROD, *TODAY, "--", "--debug")
    assert result.status == 0
    assert "level=DEBUG" in result.err


def test_a_chart_that_is_not_what_the_matrix_gives_is_refused(netmatrix: Run, copy: Path) -> None:
    replace_in(copy / "chart/Chart.yaml", "type: application\n", "type: application\n\n")
    result = netmatrix("template", *PROD, *TODAY, cwd=copy)
    assert (result.status, result.out) == (1, "")
    assert "chart/Chart.yaml:1:1: error NM301 the chart is not what matrix.yaml gives" in result.err
    assert "run `netmatrix generate` first" in result.err


def test_a_template_of_somebody_s_own_is_refused(netmatrix: Run, copy: Path) -> None:
    (copy / "chart/templates/open.yaml").write_text("kind: NetworkPolicy\n", encoding="utf-8")
    result = netmatrix("template", *PROD, *TODAY, cwd=copy)
    assert (result.status, result.out) == (1, "")
    assert "chart/templates/open.yaml:1:1: error NM302" in result.err


def test_it_renders_from_any_folder(netmatrix: Run, copy: Path) -> None:
    expected = netmatrix("template", *PROD, *TODAY, cwd=copy)
    below = netmatrix("template", "-f", "../values-prod.yaml", *TODAY, cwd=copy / "values/clusters")
    assert below.status == 0
    assert below.out == expected.out
