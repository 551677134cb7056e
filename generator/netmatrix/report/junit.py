"""JUnit XML, as Jenkins, GitLab and others read it: a test case for each finding, and one for each rule that holds.

JUnit has no standard of its own. This is the part that all readers share: suites, suites' counts, cases with
`classname` and `name`, `failure` with `message` and text, `system-out`; `file` and `line` are GitLab's and pytest's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from netmatrix.document import Finding, Rule, Severity
from netmatrix.report.wording import is_file, place_text, printable, relative, said


def render(findings: Sequence[Finding], rules: Mapping[str, Rule]) -> str:
    """One suite. An error is a failed test; what is only told, and each rule without a finding, is one that passed."""
    broken = {finding.rule.id for finding in findings}
    held = [rules[rule] for rule in sorted(rules) if rule not in broken]
    failures = sum(finding.severity is Severity.ERROR for finding in findings)
    counts = _attributes(tests=str(len(findings) + len(held)), failures=str(failures), errors="0")
    text = "\n".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="netmatrix"{counts}>',
            f'  <testsuite name="netmatrix"{counts} skipped="0">',
            *(line for finding in findings for line in _told(finding)),
            *(f"    <testcase{_attributes(classname=rule.id, name=rule.summary)}/>" for rule in held),
            "  </testsuite>",
            "</testsuites>",
            "",
        )
    )
    return text.encode("ascii", errors="xmlcharrefreplace").decode()  # whatever the stream's encoding


def _told(finding: Finding) -> Iterator[str]:
    place = finding.place
    where = {"file": relative(place.file).as_posix(), "line": str(place.line)} if is_file(place) else {}
    name = f"{place_text(place)}: {said(finding)}"
    yield f"    <testcase{_attributes(classname=finding.rule.id, name=name, **where)}>"
    text = "\n".join((f"{place_text(place)}: {finding.severity}: {said(finding)}", *filter(None, [finding.hint])))
    if finding.severity is Severity.ERROR:
        attributes = _attributes(message=said(finding), type=finding.rule.id)
        yield f"      <failure{attributes}>{_text(text)}</failure>"
    else:
        yield f"      <system-out>{_text(text)}</system-out>"
    yield "    </testcase>"


def _attributes(**values: str) -> str:
    return "".join(f" {name}={quoteattr(printable(value))}" for name, value in values.items())


def _text(text: str) -> str:
    """XML 1.0 (section 2.2) has no control characters, not even escaped ones, and no lone surrogates: spelled out."""
    return escape("\n".join(map(printable, text.split("\n"))))
