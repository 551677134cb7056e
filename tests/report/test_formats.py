"""Findings as people and machines read them: sorted, placed, and not to be forged by what a value holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml, TestCase

from netmatrix.document import Finding, Place, Rule, Severity
from netmatrix.report import Format, render

UNKNOWN = Rule("NM104", "A flow's ends are defined.", "Define it.")
SET = Rule("NM201", "Values hold to the schema.", "Mend it.")
PLAIN = Finding(UNKNOWN, "goes to 'mongdb'", Place("m.yaml", 88, 32), ("flows", "a"), "did you mean 'mongo'?")
ARGUMENT = Finding(SET, "is no number", Place("--set a.b=c:d,e"), ("a", "b"), severity=Severity.WARNING)
PROGRAM = Finding(
    Rule("NM402", "Helm is new enough.", "Install a newer one."), "is too old", Place("/usr/bin/helm", 0, 0)
)
PIPED = Finding(SET, "is no number", Place("-", 3, 5), severity=Severity.NOTE)
HOSTILE = Finding(
    UNKNOWN,
    "is 'x\n::error::forged\r\n\x1b[31mred\u202e%0A\x00\u2028[here](http://host.invalid)'",
    Place("a:b,c\n%41 d.yaml", 1, 2),
    hint="one\n::warning::two",
)
ALL = [PROGRAM, HOSTILE, PIPED, ARGUMENT, PLAIN]


def results(findings: list[Finding], **arguments: Any) -> list[dict[str, Any]]:
    log = json.loads(render(findings, Format.SARIF, **arguments))
    found: list[dict[str, Any]] = log["runs"][0]["results"]
    return found


def test_text_names_place_rule_path_and_remedy() -> None:
    text = "m.yaml:88:32: error NM104 flows.a: goes to 'mongdb'\n  did you mean 'mongo'?\n"
    assert render([PLAIN], Format.TEXT) == text
    assert render([ARGUMENT], Format.TEXT) == "--set a.b=c:d,e: warning NM201 a.b: is no number\n"
    assert render([PROGRAM], Format.TEXT) == "/usr/bin/helm: error NM402 is too old\n"
    assert render([PIPED], Format.TEXT) == "-:3:5: note NM201 is no number\n"


def test_text_names_a_path_once() -> None:
    named = Finding(UNKNOWN, "flows.a goes to 'x'", Place("m.yaml", 1, 1), ("flows", "a"))
    assert render([named], Format.TEXT) == "m.yaml:1:1: error NM104 flows.a goes to 'x'\n"


def test_a_github_command_escapes_its_properties() -> None:
    assert render([PLAIN], Format.GITHUB) == (
        "::error file=m.yaml,line=88,col=32,title=NM104::flows.a: goes to 'mongdb'%0Adid you mean 'mongo'?\n"
    )
    colons = Finding(SET, "50% of: a,b", Place("a:b,c%.yaml", 1, 2))
    assert render([colons], Format.GITHUB) == (
        "::error file=a%3Ab%2Cc%25.yaml,line=1,col=2,title=NM201::50%25 of: a,b\n"
    )


def test_a_github_command_gives_no_file_for_what_is_none() -> None:
    assert render([ARGUMENT], Format.GITHUB) == "::warning title=NM201::--set a.b=c:d,e%0Aa.b: is no number\n"
    assert render([PROGRAM], Format.GITHUB) == "::error title=NM402::/usr/bin/helm%0Ais too old\n"
    assert render([PIPED], Format.GITHUB) == "::notice title=NM201::-:3:5%0Ais no number\n"


@pytest.mark.parametrize("format_", [Format.TEXT, Format.GITHUB])
def test_a_hostile_value_forges_no_line(format_: Format) -> None:
    text = render([HOSTILE, HOSTILE], format_)
    assert len(text.splitlines()) == (4 if format_ is Format.TEXT else 2)
    assert all(line.startswith(("a", "  one", "::error file=a%3A")) for line in text.splitlines())
    assert text.replace("\n", "").isprintable()
    assert "\\x1b[31mred\\u202e" in text


def test_json_has_a_row_for_each_finding_and_counts_them() -> None:
    log = json.loads(render(ALL, Format.JSON))
    assert log["summary"] == {"error": 3, "warning": 1, "note": 1}
    assert {
        "rule": "NM104",
        "severity": "error",
        "message": "goes to 'mongdb'",
        "hint": "did you mean 'mongo'?",
        "file": "m.yaml",
        "line": 88,
        "column": 32,
        "path": "flows.a",
    } in log["findings"]
    lines = {row["file"]: (row["line"], row["column"]) for row in log["findings"]}
    assert lines["--set a.b=c:d,e"] == lines["/usr/bin/helm"] == (None, None)
    assert lines["-"] == (3, 5)


@pytest.mark.parametrize("format_", list(Format))
def test_findings_are_sorted_by_place(format_: Format) -> None:
    findings = [Finding(SET, f"number {n}", Place("v.yaml", line, 1)) for n, line in ((3, 20), (1, 3), (2, 10))]
    text = render(findings, format_)
    assert text == render(findings[::-1], format_)
    assert text.index("number 1") < text.index("number 2") < text.index("number 3")


def test_no_findings_are_an_empty_text_and_a_whole_document() -> None:
    assert render([], Format.TEXT) == render([], Format.GITHUB) == ""
    empty = {"findings": [], "summary": {"error": 0, "warning": 0, "note": 0}}
    assert json.loads(render([], Format.JSON)) == empty
    assert results([]) == []


def test_sarif_has_the_shape_of_2_1_0() -> None:
    log = json.loads(render(ALL, Format.SARIF))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    assert set(run) == {"tool", "columnKind", "results"}
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["NM104", "NM201", "NM402"]
    assert all(rule["shortDescription"]["text"] for rule in rules)
    assert len(run["results"]) == len(ALL)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        assert all(len(value) == 32 for value in result["partialFingerprints"].values())
        assert result["partialFingerprints"]
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        assert min(region["startLine"], region["startColumn"]) >= 1


def test_sarif_lists_the_rules_that_were_checked() -> None:
    log = json.loads(render([PLAIN], Format.SARIF, rules={"NM201": SET}))
    assert [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]] == ["NM104", "NM201"]
    assert log["runs"][0]["results"][0]["ruleIndex"] == 0


def test_sarif_places_are_relative_uris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def uri(file: str) -> str:
        (result,) = results([Finding(SET, "x", Place(file, 1, 1))])
        found: str = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        return found

    assert uri(str(tmp_path / "values" / "a.yaml")) == "values/a.yaml"
    assert uri("./values/a.yaml") == "values/a.yaml"
    assert uri("a:b c%41#?.yaml") == "a%3Ab%20c%2541%23%3F.yaml"
    assert uri("ü.yaml") == "%C3%BC.yaml"
    assert uri("\udcff.yaml") == "%FF.yaml", "a name that is not UTF-8"
    assert uri("/elsewhere/a b.yaml") == "file:///elsewhere/a%20b.yaml"


def test_sarif_gives_what_is_no_file_the_place_that_github_demands_and_makes_no_uri_of_it() -> None:
    for finding, uri in ((ARGUMENT, "command-line"), (PROGRAM, "command-line"), (PIPED, "standard-input")):
        (result,) = results([finding])
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == uri
        assert finding.place.file in location["logicalLocations"][0]["fullyQualifiedName"]
        assert finding.place.file in result["message"]["text"]


def test_sarif_fingerprints_hold_when_lines_move_and_differ_otherwise() -> None:
    def fingerprints(*findings: Finding) -> list[str]:
        return [result["partialFingerprints"]["netmatrix/v1"] for result in results(list(findings))]

    moved = Finding(UNKNOWN, "goes to 'mongdb'", Place("m.yaml", 99, 1), ("flows", "a"))
    other = Finding(UNKNOWN, "goes to 'mongdb'", Place("m.yaml", 99, 1), ("flows", "b"))
    assert fingerprints(PLAIN) == fingerprints(moved)
    assert len(set(fingerprints(PLAIN, moved, other))) == 3
    assert fingerprints(PLAIN, moved, other) == fingerprints(other, moved, PLAIN)


def test_sarif_messages_hold_no_links() -> None:
    (result,) = results([HOSTILE])
    assert "[here](" not in result["message"]["text"]
    render([Finding(SET, "\udcff", Place("\udcff"), ("\udcff",))], Format.SARIF).encode("utf-8")


def test_sarif_has_the_fingerprint_that_code_scanning_reads_only_where_it_cannot_make_it() -> None:
    for finding, has in ((PLAIN, False), (ARGUMENT, True), (PROGRAM, True), (PIPED, True)):
        (result,) = results([finding])
        assert ("primaryLocationLineHash" in result["partialFingerprints"]) is has
    (elsewhere,) = results([Finding(SET, "x", Place("/elsewhere/a.yaml", 1, 1))])
    assert elsewhere["partialFingerprints"]["primaryLocationLineHash"]


def test_sarif_rules_have_help_and_say_more_where_more_is_known() -> None:
    class Known(Rule):
        @property
        def help(self) -> str:
            return "**Fix:** mend it"

    log = json.loads(
        render([], Format.SARIF, rules={"NM104": UNKNOWN, "NM1": Known("NM1", "All is well.", "Mend it.")})
    )
    known, plain = log["runs"][0]["tool"]["driver"]["rules"]
    assert known["help"] == {"text": "**Fix:** mend it", "markdown": "**Fix:** mend it"}
    assert plain["help"]["text"] == "What holds: A flow's ends are defined.\n\n**Fix:** Define it."
    assert plain["fullDescription"]["text"]


def suite(findings: list[Finding], **arguments: Any) -> JUnitXml:
    """A JUnit report as another project's reader has it."""
    return JUnitXml.fromstring(render(findings, Format.JUNIT, **arguments).encode())


def cases(findings: list[Finding], **arguments: Any) -> list[TestCase]:
    return [case for one in suite(findings, **arguments) for case in one]


def test_junit_fails_for_errors_alone_and_counts_what_it_holds() -> None:
    read = suite(ALL)
    failed = [case.classname for case in cases(ALL) if not case.is_passed]
    assert set(failed) == {"NM104", "NM402"}
    assert (read.tests, read.failures, read.errors) == (len(cases(ALL)), len(failed), 0) == (len(ALL), 3, 0)
    assert sum(case.is_passed and bool(case.system_out) for case in cases(ALL)) == 2


def test_junit_names_place_and_remedy() -> None:
    (case,) = cases([PLAIN])
    assert (case.classname, case.name) == ("NM104", "m.yaml:88:32: flows.a: goes to 'mongdb'")
    assert case._elem.attrib["file"] == "m.yaml"
    assert case._elem.attrib["line"] == "88"
    (failure,) = case.result
    assert (failure.type, failure.message) == ("NM104", "flows.a: goes to 'mongdb'")
    assert failure.text.endswith("\ndid you mean 'mongo'?")
    (piped,) = cases([PIPED])
    assert "file" not in piped._elem.attrib


def test_junit_has_a_passed_test_for_every_rule_that_holds() -> None:
    read = cases([PLAIN], rules={"NM104": UNKNOWN, "NM201": SET})
    assert [(case.classname, case.is_passed) for case in read] == [("NM104", False), ("NM201", True)]
    assert [case.is_passed for case in cases([], rules={"NM201": SET})] == [True]


@pytest.mark.parametrize("text", ["</failure><x>", "]]>", "&lt;\"'", "\x00\x08\x1b\ufffe\udcff", "a\r\n\tb", "ü\u2028"])
def test_junit_is_xml_whatever_a_value_holds(text: str) -> None:
    finding = Finding(Rule("NM1", text, text), text, Place(text, 1, 1), (text,), hint=text)
    (case,) = cases([finding])
    (failure,) = case.result
    spelled = failure.message.split(": ")[-1]
    assert spelled.encode("ascii", "backslashreplace").decode().isprintable()
    assert spelled == "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    assert render([finding], Format.JUNIT).isascii()
