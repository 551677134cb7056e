"""`netmatrix validate`: what is wrong with values, in which file and line, all in one run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import PROD, TODAY, Result, Run
from tests.support.scenarios import ALL, ROOT, Scenario

OVERRIDE = """\
pods:
  orchestrator:
    ports: {http: 8080}
endpoints:
  dns:
    cidrs: [169.254.20.10/32]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good override; tests write over it."""
    target = tmp_path / "override.yaml"
    target.write_text(OVERRIDE, encoding="utf-8")
    return target


def problems(result: Result) -> list[str]:
    """Every line that places an error or warning."""
    return [line for line in result.out.splitlines() if " error NM" in line or " warning NM" in line]


@pytest.mark.parametrize("scenario", ALL, ids=str)
def test_every_file_that_the_project_ships_holds(scenario: Scenario, netmatrix: Run) -> None:
    result = netmatrix("validate", *(f"-f{file}" for file in scenario.files()), *TODAY)
    assert (result.status, result.out) == (0, "")
    assert f"the values hold: environment {scenario.environment}, " in result.err


def test_a_finding_stands_at_the_line_of_the_layer_that_set_the_value(netmatrix: Run, file: Path) -> None:
    file.write_text(OVERRIDE.replace("8080", "99999"), encoding="utf-8")
    (file.parent / "later.yaml").write_text("pods: {ui: {ports: {http: 81}}}\n", encoding="utf-8")
    result = netmatrix("validate", *PROD, "-f", file, "-f", file.parent / "later.yaml", *TODAY)
    assert result.status == 1
    (line,) = problems(result)
    assert line.startswith(f"{file}:3:19: error NM201 pods.orchestrator.ports.http: ")
    assert "99999" in line


def test_all_errors_of_all_files_are_told_in_one_run(netmatrix: Run, file: Path, tmp_path: Path) -> None:
    texts = {
        "typo.yaml": "podz: {}\n",
        "type.yaml": "pods:\n  ui:\n    ports:\n      http: eighty\n",
        "twice.yaml": "flows: {}\nflows: {}\n",
        "cross.yaml": "namespaces: {app: {name: same}, jobs: {name: same}}\n",
    }
    arguments = []
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        arguments += ["-f", name]
    readable = netmatrix(
        "validate",
        "-f",
        ROOT / PROD[1],
        *arguments[:4],
        *arguments[6:],
        *TODAY,
        "--matrix",
        ROOT / "matrix.yaml",
        cwd=tmp_path,
    )
    assert readable.status == 1
    assert [line.split(" ")[0] for line in problems(readable)][:1] == ["cross.yaml:1:46:"]
    assert {line.split(":")[0] for line in problems(readable)} == {"typo.yaml", "type.yaml", "cross.yaml"}
    assert "did you mean 'pods'?" in readable.out
    unreadable = netmatrix("validate", *arguments, "--matrix", ROOT / "matrix.yaml", cwd=tmp_path)
    assert {line.split(":")[0] for line in problems(unreadable)} == {"typo.yaml", "type.yaml", "twice.yaml"}


def test_no_file_at_all_names_the_two(netmatrix: Run) -> None:
    result = netmatrix("validate")
    assert result.status == 1
    assert "error NM210 no environment is chosen" in result.out
    assert "values/values-prod.yaml or -f values/values-dev.yaml" in result.out


@pytest.mark.parametrize(
    ("name", "words", "hint"),
    [
        ("values/values-prd.yaml", "there is no such file", "did you mean 'values/values-prod.yaml'?"),
        ("values", "it is a directory, not a file", "name a YAML file in it"),
        ("values/values-prod.yaml/x", "not a directory", "check the path"),
        ("", "the file name is empty", "give the name of a file"),
        ("values/\x01.yaml", "there is no such file", "check the path"),
    ],
)
def test_a_file_that_cannot_be_read_could_not_run(name: str, words: str, hint: str, netmatrix: Run) -> None:
    result = netmatrix("validate", "-f", name)
    assert result.status == 2
    assert "NM001" in result.out
    assert words in result.out
    assert hint in result.out
    assert "\x01" not in result.out


def test_the_same_file_twice_says_the_same(netmatrix: Run, file: Path) -> None:
    once = netmatrix("validate", *PROD, "-f", file, "--merged", *TODAY)
    twice = netmatrix("validate", *PROD, "-f", file, "-f", file, "--merged", *TODAY)
    assert once.status == twice.status == 0
    assert once.out == twice.out
    file.write_text("podz: 1\n", encoding="utf-8")
    assert len(problems(netmatrix("validate", *PROD, "-f", file, "-f", file))) == 1


def test_standard_input_is_a_file(netmatrix: Run, file: Path) -> None:
    prod = (ROOT / PROD[1]).read_bytes()
    assert netmatrix("validate", "-f", "-", *TODAY, stdin=prod).status == 0
    assert netmatrix("validate", "-f-", "-f", file, "--set", "pods.ui.ports.http=81", *TODAY, stdin=prod).status == 0
    wrong = netmatrix("validate", *PROD, "-f", "-", stdin=b"# x\npodz: 1\n")
    assert problems(wrong)[0].startswith("-:2:1: error NM202")
    empty = netmatrix("validate", "-f", "-")
    assert empty.status == 2
    assert "-:1:1: error NM005 the file is empty" in empty.out
    twice = netmatrix("validate", "-f", "-", "-f", "-", stdin=prod)
    assert twice.status == 2
    assert "standard input is named more than once" in twice.out


@pytest.mark.parametrize("where", ["pipe", "closed"])
def test_standard_input_of_a_process(where: str, process: Run) -> None:
    if where == "pipe":
        result = process("validate", "-f", "-", *TODAY, stdin=(ROOT / PROD[1]).read_bytes())
        assert result.status == 0
        return
    code = "import os, sys; os.close(0); os.execv(sys.executable, [sys.executable, '-m', 'netmatrix', *sys.argv[1:]])"
    result = process("validate", "-f", "-", program=["-c", code])
    assert result.status == 2
    assert "standard input cannot be read: it is closed" in result.out


@pytest.mark.parametrize(
    ("argument", "place", "path"),
    [
        (("--set", "pods.ui.ports.http=99999"), "--set pods.ui.ports.http=99999", "pods.ui.ports.http"),
        (("--set-string", "pods.ui.ports.http=80"), "--set-string pods.ui.ports.http=80", "pods.ui.ports.http"),
        (("--set-json", 'pods.ui={"portz":{}}'), '--set-json pods.ui={"portz":{}}', "pods.ui.portz"),
        (("--set-literal", "environment=x"), "--set-literal environment=x", "environment"),
        (("--set", "podz=1"), "--set podz=1", "podz"),
    ],
)
def test_an_argument_is_judged_and_is_the_place(
    argument: tuple[str, str], place: str, path: str, netmatrix: Run
) -> None:
    result = netmatrix("validate", *PROD, *argument, *TODAY)
    assert result.status == 1
    (line,) = problems(result)
    assert line.startswith(f"{place}: error NM")
    row = json.loads(netmatrix("validate", *PROD, *argument, *TODAY, "--format", "json").out)["findings"]
    (finding,) = [one for one in row if one["severity"] == "error"]
    assert (finding["file"], finding["path"], finding["line"]) == (place, path, None)


def test_an_argument_can_mend_and_break_what_a_file_says(netmatrix: Run, file: Path) -> None:
    file.write_text("namespaces: {app: {name: other}, jobs: {name: other}}\n", encoding="utf-8")
    assert netmatrix("validate", *PROD, "-f", file, *TODAY).status == 1
    assert netmatrix("validate", *PROD, "-f", file, "--set", "namespaces.jobs.name=third", *TODAY).status == 0
    mixed = netmatrix("validate", *PROD, "--set", "environment=dev", *TODAY)
    assert mixed.status == 1
    assert {line.split(" error ")[1][:5] for line in problems(mixed)} == {"NM211", "NM212"}
    places = {line.split(":")[0] for line in problems(mixed)}
    assert places == {"values/values-prod.yaml", "--set environment=dev"}


def test_an_argument_that_helm_cannot_read_could_not_run(netmatrix: Run) -> None:
    result = netmatrix("validate", *PROD, "--set", "a", "--set-json", "b={")
    assert result.status == 2
    assert result.err.startswith("--set a: error NM4")
    assert "\n--set-json b={: error NM4" in result.err


@pytest.mark.parametrize("depth", [70, 900, 20_000])
def test_an_argument_nested_deep_is_no_fault_of_the_toolchain(depth: int, netmatrix: Run) -> None:
    result = netmatrix("validate", *PROD, "--set-json", f"flows={'[' * depth}{']' * depth}")
    assert result.status in (1, 2)
    assert len(result.out + result.err) < 100_000


def test_an_exception_expires_on_the_day_after_its_last(netmatrix: Run) -> None:
    files = [*PROD, "-f", "values/clusters/with-exception.yaml"]
    last = yaml.safe_load((ROOT / files[3]).read_text())["exceptions"]["orchestrator-to-registry"]["expires"]
    assert netmatrix("validate", *files, "--today", last).status == 0
    after = netmatrix("validate", *files, "--today", "2099-01-01")
    assert after.status == 1
    lines = (ROOT / files[3]).read_text().splitlines()
    line = next(number for number, text in enumerate(lines, start=1) if "expires:" in text and not text.startswith("#"))
    assert problems(after)[0].startswith(f"values/clusters/with-exception.yaml:{line}:14: error NM274 ")


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "2026-1-1x", ""])
def test_a_day_that_is_none_is_a_usage_error(day: str, netmatrix: Run) -> None:
    result = netmatrix("validate", *PROD, "--today", day)
    assert result.status == 2
    assert "--today" in result.err


def test_the_merged_values_are_printed_as_helm_merges_them_and_hold_again(
    netmatrix: Run, file: Path, tmp_path: Path
) -> None:
    file.write_text(OVERRIDE + "flows: {cron-to-mongo: {enabled: false}}\n", encoding="utf-8")
    result = netmatrix("validate", *PROD, "-f", file, "-f", "values/clusters/with-exception.yaml", "--merged", *TODAY)
    assert result.status == 0, result.out
    values = yaml.safe_load(result.out)
    assert values["pods"]["orchestrator"]["ports"] == {"http": 8080}
    assert values["endpoints"]["dns"]["cidrs"] == ["169.254.20.10/32"]
    again = tmp_path / "merged.yaml"
    again.write_text(result.out, encoding="utf-8")
    second = netmatrix("validate", "-f", again, "--merged", *TODAY)
    assert second.status == 0, second.out
    assert second.out == result.out
    assert "the values hold" in result.err


def test_merged_values_are_not_printed_where_they_do_not_hold(netmatrix: Run) -> None:
    result = netmatrix("validate", *PROD, "--set", "podz=1", "--merged")
    assert result.status == 1
    assert "environment: prod" not in result.out


@pytest.mark.parametrize(
    "text", ["1e3", "y", "on", "0x1F", "22:22", "2001-01-01", "~", "null", "", " a", "a: b", "é\u2028", "#"]
)
def test_text_in_merged_values_stays_text(text: str) -> None:
    from netmatrix.cli.validate import yaml_text
    from netmatrix.document.reader import parse_mapping

    data = {"a": {text or "empty": text, "list": [text]}, "on": True}
    assert parse_mapping(yaml_text(data).encode(), "x").data == data


def test_a_flow_or_section_that_is_nulled_is_a_finding_or_nothing(netmatrix: Run, tmp_path: Path) -> None:
    for text in (
        "flows: null\n",
        "exceptions: null\n",
        "environment: null\n",
        "pods: null\n",
        "endpoints: ~\n",
        "flows: {cron-to-mongo: {}}\n",
        "flows: {cron-to-mongo: {enabled: null}}\n",
        "namespaces: {app: null}\n",
    ):
        (tmp_path / "null.yaml").write_text(text, encoding="utf-8")
        result = netmatrix("validate", *PROD, "-f", tmp_path / "null.yaml")
        assert result.status in (0, 1)
        merged = netmatrix("validate", *PROD, "-f", tmp_path / "null.yaml", "--merged")
        assert merged.status == result.status


@pytest.fixture
def three(file: Path) -> list[str]:
    """Arguments that give an error in a file, one in an argument, and a note."""
    file.write_text("pods:\n  ui:\n    ports: {http: '%0A::error::x, y: z'}\n", encoding="utf-8")
    return ["validate", *PROD, "-f", str(file), "--set", "podz=1", *TODAY]


def test_json_is_one_document(netmatrix: Run, three: list[str], file: Path) -> None:
    result = netmatrix(*three, "--format", "json")
    log = json.loads(result.out)
    assert result.status == 1
    assert log["summary"]["error"] == 2
    assert {(row["file"], row["line"], row["column"]) for row in log["findings"] if row["severity"] == "error"} == {
        (str(file), 3, 19),
        ("--set podz=1", None, None),
    }


def test_sarif_has_what_code_scanning_asks_for(netmatrix: Run, three: list[str]) -> None:
    log = json.loads(netmatrix(*three, "--format", "sarif").out)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert {"NM210", "NM274"} <= {rule["id"] for rule in rules}, "what was checked and held is listed too"
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"]
        assert min(location["physicalLocation"]["region"].values()) >= 1


def test_github_annotations_are_escaped_and_on_by_themselves_in_its_pipelines(
    netmatrix: Run, process: Run, three: list[str]
) -> None:
    result = netmatrix(*three, "--format", "github")
    lines = result.out.splitlines()
    assert all(line.startswith(("::error ", "::notice ")) for line in lines)
    assert any("%250A::error::x, y: z" in line for line in lines)
    by_itself = process(*three, env={"GITHUB_ACTIONS": "true"})
    assert by_itself.out == result.out
    assert "[github]" in process("validate", "--help", env={"GITHUB_ACTIONS": "true"}).out
    assert not process(*three, env={"GITHUB_ACTIONS": "true"}, stdin=b"").err


@pytest.mark.parametrize("format_", ["text", "json", "sarif", "github"])
def test_what_holds_is_a_whole_document_too(format_: str, netmatrix: Run) -> None:
    result = netmatrix("validate", *PROD, "--format", format_, *TODAY)
    assert result.status == 0
    if format_ in ("json", "sarif"):
        assert json.loads(result.out)
    merged = netmatrix("validate", *PROD, "--format", format_, "--merged", *TODAY)
    assert yaml.safe_load(merged.out)["environment"] == "prod", "the values alone stand on standard output"


@pytest.mark.parametrize("format_", ["json", "sarif", "github"])
def test_a_matrix_that_does_not_hold_is_told_in_the_format_that_was_asked_for(
    format_: str, netmatrix: Run, tmp_path: Path
) -> None:
    (tmp_path / "matrix.yaml").write_text("a: 1\n", encoding="utf-8")
    result = netmatrix("validate", "--format", format_, cwd=tmp_path)
    assert result.status == 2
    assert result.err == ""
    assert "NM10" in result.out
    assert format_ == "github" or json.loads(result.out)


def test_values_are_judged_from_any_folder(netmatrix: Run, copy: Path, tmp_path: Path) -> None:
    below = copy / "values" / "clusters"
    assert netmatrix("validate", "-f", "../values-prod.yaml", "-f", "k3s.yaml", *TODAY, cwd=below).status == 0
    outside = ["--matrix", "copy/matrix.yaml", "-f", "copy/values/values-prod.yaml", *TODAY]
    assert netmatrix("validate", *outside, cwd=tmp_path).status == 0
