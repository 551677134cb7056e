"""The same values files through Python and Helm: one verdict, at one path. corpus/README.md says what a case is."""

from __future__ import annotations

import pytest
from _pytest.mark import ParameterSet

from netmatrix.document import Finding, Severity
from tests.parity.cases import Case, cases
from tests.parity.conftest import SKIP, HelmVerdict, PythonVerdict
from tests.parity.verdicts import SCHEMA_RULES, of_helm, of_python, reconciled
from tests.support.scenarios import ROOT

GOOD, BAD = cases("good"), cases("bad")

EACH_GOOD = pytest.mark.parametrize("case", GOOD, ids=str)
EACH_BAD = pytest.mark.parametrize("case", BAD, ids=str)


def either_way(cases: list[Case]) -> list[ParameterSet]:
    """Each case with Helm's schema and without; in the quick run one of the two, for every case the other one in turn.

    Where the form is wrong that is with the schema: it is what must tell.
    """
    found = []
    for number, case in enumerate(cases):
        of_form = any(fault.rule in SCHEMA_RULES for fault in case.faults_for_helm)
        for extra in ((), (SKIP,)):
            quick = (not extra) if of_form else (number % 2 == bool(extra))
            name = f"{case}-{'no schema' if extra else 'schema'}"
            found.append(pytest.param(case, extra, id=name, marks=() if quick else pytest.mark.long))
    return found


@EACH_GOOD
def test_a_good_file_passes_python(case: Case, python_verdict: PythonVerdict) -> None:
    assert not case.expected
    assert not of_python(python_verdict(case.files, case.sets))


@pytest.mark.parametrize(("case", "extra"), either_way(GOOD))
def test_a_good_file_renders(case: Case, helm_verdict: HelmVerdict, extra: tuple[str, ...]) -> None:
    output = helm_verdict(case.files, case.sets, *extra)
    assert output.status == 0, output.stderr
    assert output.stdout.count(b"kind: NetworkPolicy") >= 17


@EACH_BAD
def test_python_finds_exactly_what_a_bad_file_says(case: Case, python_verdict: PythonVerdict) -> None:
    findings = [item for item in python_verdict(case.files, case.sets) if item.severity is Severity.ERROR]
    told = sorted((f.rule.id, ".".join(map(str, f.path)), place_in(case, f)) for f in findings)
    assert told == sorted((*item.fault, item.place) for item in case.expected)


@pytest.mark.parametrize(("case", "extra"), either_way(BAD))
def test_helm_names_the_same_faults(case: Case, helm_verdict: HelmVerdict, extra: tuple[str, ...]) -> None:
    output = helm_verdict(case.files, case.sets, *extra)
    expected = case.faults_for_helm
    assert reconciled(of_helm(output), expected) == expected, output.stderr
    if expected:
        assert output.status != 0


def test_the_corpus_covers_every_rule_and_is_as_large_as_promised() -> None:
    assert len(GOOD) + len(BAD) >= 60
    assert all(case.expected for case in BAD)
    covered = {item.fault.rule for case in BAD for item in case.expected}
    assert covered >= {
        *("NM201", "NM202", "NM203", "NM210", "NM211", "NM220", "NM221", "NM222", "NM230", "NM231", "NM240"),
        *("NM223", "NM232"),
        *("NM250", "NM251", "NM253", "NM260", "NM261", "NM270", "NM271", "NM272", "NM273", "NM274"),
        *("NM282", "NM283", "NM284"),
    }


def place_in(case: Case, finding: Finding) -> str:
    """The place as a head comment says it: line and column alone where it lies in the case's own file."""
    place = finding.place
    if place.file == str(case.file.relative_to(ROOT)):
        return f"{place.line}:{place.column}"
    return str(place) if not place.file.startswith("--") else place.file
