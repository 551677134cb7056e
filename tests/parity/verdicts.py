"""What Helm and what Python say of the same values, in one form: a rule id and a key path for each fault.

Helm speaks in two ways. Its schema validator says `- at '/pods/ui/ports/http': got string, want integer`; the chart's
own requirements say `  NM211 flows.jobs-to-dns.enabled: ...`. A key path is written with dots alone here, `a.b.0` for
the first item of `a.b`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from netmatrix.document import Finding, Severity
from netmatrix.helm import Output

INVALID, UNKNOWN, MISSING = "NM201", "NM202", "NM203"
SCHEMA_RULES = (INVALID, UNKNOWN, MISSING)
SOMEWHERE = "?"
"""Helm's validator tells a wrong path for a key that does not fit (`propertyNames`): only the key itself is sure."""

_SCHEMA_LINE = re.compile(r"^ *- at '(?P<at>[^\n]*?)': (?P<what>.*)$", re.MULTILINE)
_CHART_LINE = re.compile(
    r'^  (?P<rule>NM[0-9]{3}) (?P<path>(?:[^:\s\["]|\[[0-9]+\]|\["(?:[^"\\]|\\.)*"\])+): ', re.MULTILINE
)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")


class Fault(NamedTuple):
    """One thing that is wrong."""

    rule: str
    path: str

    def __str__(self) -> str:
        return f"{self.rule} {self.path}"


def of_python(findings: Iterable[Finding]) -> frozenset[Fault]:
    """The errors among `findings`."""
    return frozenset(
        Fault(finding.rule.id, ".".join(map(str, finding.path)))
        for finding in findings
        if finding.severity is Severity.ERROR
    )


def of_helm(output: Output) -> frozenset[Fault]:
    """All that Helm names; nothing where it renders, or where it fails without naming anything."""
    if output.status == 0:
        return frozenset()
    chart = {Fault(line["rule"], _dots(line["path"])) for line in _CHART_LINE.finditer(output.stderr)}
    return frozenset(chart or {fault for line in _SCHEMA_LINE.finditer(output.stderr) for fault in _of_schema(line)})


def reconciled(helm: Iterable[Fault], python: Iterable[Fault]) -> frozenset[Fault]:
    """What Helm says, with the full paths of bad keys where Python names the same keys."""
    known = {fault for fault in python if fault.rule == INVALID}
    found: set[Fault] = set()
    for fault in helm:
        same = {other for other in known if fault.path.startswith(SOMEWHERE) and other.path.endswith(fault.path[1:])}
        found |= same or {fault}
    return frozenset(found)


def _of_schema(line: re.Match[str]) -> Iterator[Fault]:
    at = ".".join(part.replace("~1", "/").replace("~0", "~") for part in line["at"].split("/")[1:])
    what = line["what"]
    if what == "validation failed" or (not at and what.startswith(("'", "maxLength"))):
        return  # a heading, or why the key of the line above does not fit
    for words, rule in (("additional propert", UNKNOWN), ("missing propert", MISSING)):
        if what.startswith(words):
            for name in _QUOTED.findall(what):
                yield Fault(rule, f"{at}.{_plain(name)}".lstrip("."))
            return
    if what.startswith("invalid propertyName "):
        yield Fault(INVALID, f"{SOMEWHERE}.{_plain(_QUOTED.findall(what)[0])}")
        return
    yield Fault(INVALID, at)


def _plain(quoted: str) -> str:
    """What Helm's validator put in single quotes, without its escapes; a double quote stands there as itself."""
    double = re.sub(r'(\\.)|"', lambda found: found[1] or r"\"", quoted)
    text: str = json.loads('"' + double.replace("\\'", "'").replace("\\x", "\\u00") + '"')
    return text


def _dots(path: str) -> str:
    """The chart's `a["x.y"].b[0]` with dots alone."""
    parts = re.sub(r'\[("(?:[^"\\]|\\.)*")\]', lambda key: f".{json.loads(key[1])}", path)
    return re.sub(r"\[([0-9]+)\]", r".\1", parts).removeprefix("." if path.startswith("[") else "")
