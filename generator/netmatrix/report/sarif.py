"""SARIF 2.1.0 (OASIS), with what code scanning demands of rules, results, places and fingerprints.

Source: GitHub documentation, "SARIF support for code scanning", Supported SARIF output file properties.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote_from_bytes

import netmatrix
from netmatrix.document import Finding, Place, Rule, Severity, key_path_text
from netmatrix.report.wording import has_position, is_file, place_text, relative, said

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_DESCRIPTION = 1024
"""The longest description that code scanning takes."""
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def render(findings: Sequence[Finding], rules: Mapping[str, Rule]) -> str:
    """One run of the tool `netmatrix`."""
    ids = sorted(rules)
    index = {rule: number for number, rule in enumerate(ids)}
    seen: Counter[str] = Counter()
    run = {
        "tool": {
            "driver": {
                "name": "netmatrix",
                # By this, code scanning tells what a new version finds from what a change brings.
                "semanticVersion": netmatrix.__version__,
                "rules": [_rule(rules[rule]) for rule in ids],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, index[finding.rule.id], seen) for finding in findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    """Code scanning demands both descriptions and a help text of every rule."""
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary[:_DESCRIPTION]},
        "fullDescription": {"text": rule.summary[:_DESCRIPTION]},
        "help": {"text": rule.help, "markdown": rule.help},
        "properties": {"tags": ["kubernetes", "network-policy"]},
    }


def _result(finding: Finding, rule: int, seen: Counter[str]) -> dict[str, Any]:
    place = finding.place
    words = said(finding) if is_file(place) else f"{place_text(place)}: {said(finding)}"
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": _plain("\n".join(filter(None, (words, finding.hint))))},
        "locations": [_location(finding)],
        "partialFingerprints": _fingerprints(finding, seen),
    }


def _location(finding: Finding) -> dict[str, Any]:
    """A file's line and column; what is no file, such as `--set a=b`, is named, and its text never made a URI.

    GitHub refuses a whole log for one result without a physical location (`locationFromSarifResult: expected a physical
    location`), so that what is no file gets the name of a stand-in.
    """
    place, path = finding.place, key_path_text(finding.path)
    logical = {"fullyQualifiedName": _unicode(path), "kind": "property"}
    uri, line, column = _uri(place), place.line, place.column
    if not is_file(place):
        logical = {"fullyQualifiedName": _unicode(place_text(place))}
        uri = "standard-input" if has_position(place) else "command-line"
        line, column = (line, column) if has_position(place) else (1, 1)
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": uri},
            "region": {"startLine": line, "startColumn": column, "endLine": line, "endColumn": column + 1},
        }
    }
    if logical["fullyQualifiedName"]:
        location["logicalLocations"] = [logical]
    return location


def _uri(place: Place) -> str:
    """Relative to the working directory where it lies inside, as code scanning wants it, else a file: URI."""
    path = relative(place.file)
    return path.as_uri() if path.is_absolute() else quote_from_bytes(os.fsencode(path.as_posix()))


def _plain(text: str) -> str:
    """A message as SARIF shows it: `[text](target)` would be a link (section 3.11.6), and a value may hold one."""
    return _unicode(text).replace("](", "\\](")


def _unicode(text: str) -> str:
    """Without the lone surrogates of file names that are not UTF-8: JSON could spell them, but few could read it."""
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


def _fingerprints(finding: Finding, seen: Counter[str]) -> dict[str, str]:
    """Ours, and the one that code scanning reads where it cannot make it.

    `upload-sarif` hashes the line of a file in the repository itself, and warns of any other value that it finds
    there; for what is no such file it has nothing, and would take each run's result for a new one.
    """
    own = _fingerprint(finding, seen)
    is_hashed = is_file(finding.place) and not relative(finding.place.file).is_absolute()
    return {"netmatrix/v1": own} | ({} if is_hashed else {"primaryLocationLineHash": own})


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """Stable when lines move: the file, the rule and the key path, counted where they repeat."""
    place = relative(finding.place.file).as_posix() if is_file(finding.place) else place_text(finding.place)
    key = _unicode("\0".join((place, finding.rule.id, key_path_text(finding.path))))
    seen[key] += 1
    return hashlib.sha256(f"{key}\0{seen[key]}".encode()).hexdigest()[:32]
