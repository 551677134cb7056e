"""What is refused: under which rule, at which line and column, in which words, and with which remedy."""

from __future__ import annotations

import inspect
import io
import sys
from pathlib import Path
from typing import NoReturn

import pytest
import yaml

from netmatrix.document import Finding, Rule, Severity, key_path_text, rules
from netmatrix.document.reader import DocumentError, parse_mapping, read_mapping

FILE = "values.yaml"


def findings(content: str | bytes) -> tuple[Finding, ...]:
    with pytest.raises(DocumentError) as caught:
        parse_mapping(content.encode() if isinstance(content, str) else content, FILE)
    return caught.value.findings


def only(found: tuple[Finding, ...]) -> Finding:
    assert len(found) == 1, [f"{f.place}: {f.rule.id} {f.message}" for f in found]
    return found[0]


def where(finding: Finding) -> tuple[str, int, int]:
    return (finding.rule.id, finding.place.line, finding.place.column)


# content, rule, line, column, key path, part of the message, part of the hint
REFUSED: list[tuple[str | bytes, str, int, int, str, str, str]] = [
    # The file
    (b"", "NM005", 1, 1, "", "empty", "comment"),
    (b" \n\t\r\n ", "NM005", 1, 1, "", "empty", "comment"),
    (b"\xef\xbb\xbfa: 1\n", "NM004", 1, 1, "", "byte-order mark", "without BOM"),
    (b"\xff\xfea\x00:\x00", "NM003", 1, 1, "", "UTF-16", "UTF-8"),
    (b"a: 1\nb: \xc3\xa9\xe9\n", "NM003", 2, 5, "", "byte 11 (0xE9), on line 2", "UTF-8"),
    (b"a: 1\nb: \x00\n", "NM003", 2, 4, "", "U+0000", "remove it"),
    (b"a: x\x07\n", "NM003", 1, 5, "", "U+0007", "remove it"),
    ("a: x\x7f\n", "NM003", 1, 5, "", "U+007F", "remove it"),
    ("a: x\x90\n", "NM003", 1, 5, "", "U+0090", "remove it"),
    ("a: 1\nb: é\uffff\n", "NM006", 2, 5, "", "U+FFFF", "remove it"),
    ("a: 1 # x\u2028b: 2\n", "NM018", 1, 9, "", "U+2028", "line feed"),
    ("a: 1 # x\x85b: 2\n", "NM018", 1, 9, "", "U+0085", "line feed"),
    ("a: 1\rb: 2\n", "NM018", 1, 5, "", "carriage return", "line feed"),
    ("a: x\ufeffy\n", "NM018", 1, 5, "", "U+FEFF", "remove it"),
    (b"a: " + b"x" * 1024 * 1024, "NM002", 1, 1, "", "larger than 1 MiB", "is this the file you mean?"),
    # YAML syntax
    ("a:\n\tb: 1\n", "NM006", 2, 1, "", "tab", "replace the tab by spaces"),
    ("a:\n  b: 1\n\tc: 2\n", "NM006", 3, 1, "", "tab", "replace the tab by spaces"),
    ("a:\n  b: 1\n  \tc: 2\n", "NM006", 3, 3, "", "tab", "replace the tab by spaces"),
    ("a: b: c\n", "NM006", 1, 5, "", "':'", "quote a value"),
    ("a: 1\n b: 2\n", "NM006", 2, 3, "", "':'", "line the key up"),
    ("a: 1\nfoo\n", "NM006", 2, 1, "", "'key: value'", "colon"),
    ('a: 1\nb: "x\nc: 1\n', "NM006", 2, 4, "", "does not end", "close the quote"),
    ("a: 1\nb: [1,\nc: 2\n", "NM006", 2, 4, "", "line 2", "close the bracket"),
    ("a: [1\n b: 2]\n", "NM006", 2, 3, "", "", ""),
    ("a:\n  b: 1\n c: 2\n", "NM006", 3, 2, "", "block that starts on line 1", "indent the line"),
    ('a: "x" z\n', "NM006", 1, 8, "", "block that starts on line 1", "closing quote"),
    ("a: @x\n", "NM006", 1, 4, "", "'@'", "quote it"),
    ("a: `x`\n", "NM006", 1, 4, "", "'`'", "quote it"),
    ("a: - b\n", "NM006", 1, 4, "", "list item", "line of its own"),
    ("a: [1,,2]\n", "NM006", 1, 7, "", "value is missing", "quote it"),
    ("a: [::1]\n", "NM006", 1, 5, "", "value is missing", "quote it"),
    ("a: *\n", "NM006", 1, 4, "", "name is missing", "quote a value"),
    ('a: "\\q"\n', "NM006", 1, 5, "", "escape", "single quotes"),
    ('a: "\\ud83d"\n', "NM006", 1, 7, "", "escape", ""),
    ('a: "1\\/2"\n', "NM006", 1, 4, "a", "which Helm does not know", "write / alone"),
    ("{a: 1}}\n", "NM006", 1, 7, "", "after the end of the document", "closing bracket"),
    ("a: 1\nb: *no\n", "NM006", 2, 4, "b", "*no refers to an anchor that is not defined above", "define &no"),
    ("a: *b\nb: &b 1\n", "NM006", 1, 4, "a", "not defined above", "define &b before this line"),
    # The shape of the document
    ("a: 1\n---\nb: 2\n", "NM007", 2, 1, "", "second document", "a file of its own"),
    ("---\n---\na: 1\n", "NM007", 2, 1, "", "second document", "Helm 3 reads the first"),
    ("a: 1\n...\n---\nb: 1\n", "NM007", 3, 1, "", "second document", "a file of its own"),
    ("- a\n", "NM008", 1, 1, "", "is a list", "key: value"),
    ("# c\na:b\n", "NM008", 2, 1, "", "is a single value", "a space after the colon"),
    ("null\n", "NM008", 1, 1, "", "is a single value", "key: value"),
    ("a: 1\n---y: 1\n", "NM019", 2, 1, "", "starts with ---", "next line"),
    ('a: "x\n---y"\n', "NM019", 2, 1, "", "starts with ---", "next line"),
    ("%YAML 1.1\n---\na: 1\n", "NM017", 1, 1, "", "directive", "remove the line"),
    ("# c\n%TAG ! tag:x,2000:\n---\na: 1\n", "NM017", 2, 1, "", "directive", "remove the line"),
    # Keys
    ("a: 1\nb: 2\na: 3\n", "NM009", 3, 1, "a", "key 'a' stands twice in one mapping, on lines 1 and 3", "keep one"),
    ("x: {a: 1, a: 2}\n", "NM009", 1, 11, "x.a", "on line 1", "keep one"),
    ("x:\n  'a': 1\n  a: 1\n", "NM009", 3, 3, "x.a", "on lines 2 and 3", "keep one"),
    ("x: &x {a: 1}\nz: {<<: *x, <<: *x}\n", "NM009", 2, 13, 'z["<<"]', "'<<' stands twice", "keep one"),
    ("x:\n  on: 1\n", "NM010", 2, 3, "x.on", "boolean true", 'quote it: "on":'),
    ("y: 1\n", "NM010", 1, 1, "y", "Helm reads the boolean true", 'quote it: "y":'),
    ("80: 1\n", "NM010", 1, 1, "80", "it is a number", 'quote it: "80":'),
    ("1.5: 1\n", "NM010", 1, 1, '["1.5"]', "it is a number", "quote it"),
    ("1e3: 1\n", "NM010", 1, 1, "1e3", "Helm reads 1000", "quote it"),
    ("012: 1\n", "NM010", 1, 1, "012", "octal", "quote it"),
    ("true: 1\n", "NM010", 1, 1, "true", "it is the boolean true", "quote it"),
    ("~: 1\n", "NM010", 1, 1, '["~"]', "it is null", 'quote it: "~":'),
    ("? \n: 1\n", "NM010", 1, 2, '[""]', "it is null", "write a key"),
    ("2026-12-31: 1\n", "NM010", 1, 1, "2026-12-31", "date", "quote it"),
    ("=: 1\n", "NM010", 1, 1, '["="]', "special token", "quote it"),
    ("a: &n 80\n*n : 1\n", "NM010", 2, 1, "80", "it is a number", "quote it"),
    ("a:\n  ? [b, c]\n  : 1\n", "NM010", 2, 5, "a", "a key is a collection", "as text"),
    ("a: {{ .Values.b }}\n", "NM010", 1, 5, "a", "a key is a collection", "Helm does not run templates"),
    ("? " * 5000, "NM010", 1, 3, "", "a key is a collection", "as text"),
    # Tags
    ("a: !!str 012\n", "NM011", 1, 4, "a", "!!str", "remove the tag"),
    ("a: !foo {b: 1}\n", "NM011", 1, 4, "a", "!foo", "remove the tag"),
    ("a: [!!binary aGk=]\n", "NM011", 1, 5, "a[0]", "!!binary", "remove the tag"),
    ("!!str a: 1\n", "NM011", 1, 1, "a", "!!str", "remove the tag"),
    # Depth, size, aliases
    ("a: " + "[" * 64 + "]" * 64, "NM013", 1, 67, "a" + "[0]" * 63, "64 levels", "nest less"),
    ("a: " + "{b: " * 200000, "NM013", 1, 256, "a" + ".b" * 63, "64 levels", "nest less"),
    ("a: " + "{" * 200000, "NM013", 1, 67, "a", "64 levels", "nest less"),
    ("a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*a" + "]" * 40, "NM013", 2, 44, "b" + "[0]" * 40, "64", ""),
    ("a: [" + "1," * 100_001 + "]\n", "NM014", 1, 200_003, "a[99999]", "100,000 values", "aliases"),
    ("a: &a [*a]\n", "NM015", 1, 8, "a[0]", "*a refers to the collection that it stands in", "write the value out"),
    ("a: &a\n  b: *a\n", "NM015", 2, 6, "a.b", "the collection that it stands in", "write the value out"),
    ("a: &a\n  <<: *a\n", "NM015", 2, 7, 'a["<<"]', "the collection that it stands in", "write the value out"),
    # Merge keys
    ("a: {<<: 3}\n", "NM016", 1, 9, 'a["<<"]', "takes a mapping", "<<: *anchor"),
    ("a: {<<: }\n", "NM016", 1, 9, 'a["<<"]', "takes a mapping", "<<: *anchor"),
    ("a: {<<: [{b: 1}, 2]}\n", "NM016", 1, 9, 'a["<<"]', "list of mappings", "<<: [*one, *other]"),
    ("l: &l [{b: 1}]\na: {<<: *l}\n", "NM016", 2, 9, 'a["<<"]', "written in its place", "<<: [*one, *other]"),
    ("x: &x {p: 1}\na:\n  p: 2\n  <<: *x\n", "NM016", 3, 3, "a.p", "Helm takes the merged value", "put the << first"),
]


@pytest.mark.parametrize(
    ("content", "rule", "line", "column", "path", "message", "hint"),
    REFUSED,
    ids=[f"{case[1]}-{number}" for number, case in enumerate(REFUSED)],
)
def test_a_refusal_says_where_what_and_what_to_do(
    content: str | bytes, rule: str, line: int, column: int, path: str, message: str, hint: str
) -> None:
    found = [f for f in findings(content) if f.rule.id == rule]
    finding = found[0]
    assert where(finding) == (rule, line, column)
    assert key_path_text(finding.path) == path
    assert message in finding.message
    assert hint in finding.hint
    assert finding.hint, "every finding says what to do"
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("written", "reason", "hint"),
    [
        ("yes", "Helm reads the boolean true, YAML 1.2 readers a string", 'write true, or quote it: "yes"'),
        ("No", "Helm reads the boolean false", 'write false, or quote it: "No"'),
        ("ON", "Helm reads the boolean true", 'write true, or quote it: "ON"'),
        ("off", "Helm reads the boolean false", "write false"),
        ("y", "Helm reads the boolean true, other readers a string", 'quote it: "y"'),
        ("N", "Helm reads the boolean false, other readers a string", 'quote it: "N"'),
        ("yEs", "Helm reads a string, although it looks like the boolean true", "quote it"),
        ("012", "Helm reads 10 (octal)", 'write 12 or 10, whichever you mean; for text, quote it: "012"'),
        ("-0777", "Helm reads -511 (octal)", "write -777 or -511"),
        ("00", "octal", 'write 0; for text, quote it: "00"'),
        ("08", "Helm reads 8, other readers a string", 'write 8; for text, quote it: "08"'),
        ("01.5", "Helm reads 1.5", "write 1.5"),
        ("0o14", "Helm reads 12", "write 12"),
        ("0x1F", "Helm reads 31", "write 31"),
        ("-0X1f", "Helm reads -31", "write -31"),
        ("0b11", "Helm reads 3", "write 3"),
        ("1_000", "Helm reads 1000, YAML 1.2 readers a string", 'write 1000; for text, quote it: "1_000"'),
        (".1_", "readers a string", "quote it"),
        ("+_1", "Helm reads 1, YAML 1.2 readers a string", "write 1"),
        ("-_0x1", "Helm reads -1, YAML 1.2 readers a string", "write -1"),
        ("1:20", "Helm reads a string, YAML 1.1 readers a number in base 60", 'quote it: "1:20"'),
        ("22:22", "base 60", "quote it"),
        ("00:11:22:33:44:55", "base 60", "quote it"),
        ("190:20:30.15", "base 60", "quote it"),
        ("1:2:3:4:5:6:7:8", "base 60", "quote it"),
        ("1e3", "Helm reads 1000, YAML 1.1 readers a string", "write 1000"),
        ("1.5E+3", "Helm reads 1500", "write 1500"),
        ("1e400", "YAML 1.1 readers a string", 'quote it: "1e400"'),
        (".inf", "Helm fails on it", "quote it"),
        ("-.INF", "Helm fails on it", "quote it"),
        (".NaN", "Helm fails on it", "quote it"),
        ("+1", "Helm reads 1, stricter readers a string", "write 1"),
        (".5", "Helm reads 0.5", "write 0.5"),
        ("5.", "Helm reads 5", "write 5"),
        ("-0", "minus zero", "write 0"),
        ("-0.0", "minus zero", "write 0"),
        ("2026-12-31", "Helm reads a string, YAML 1.1 readers a date", 'quote it: "2026-12-31"'),
        ("2026-1-2", "YAML 1.1 readers a date", "quote it"),
        ("2026-99-99", "YAML 1.1 readers a date", "quote it"),
        ("2026-12-31T10:00:00Z", "YAML 1.1 readers a date", 'quote it: "2026-12-31T10:00:00Z"'),
        ("2026-12-31 10:00:00.5 +2", "YAML 1.1 readers a date", "quote it"),
        ("9007199254740993", "Helm rounds numbers beyond 2^53", "write a number nearer to zero; for text, quote it"),
        ("-9223372036854775808", "Helm rounds numbers beyond 2^53", "quote it"),
        ("9" * 5000, "Helm rounds numbers beyond 2^53", "quote it"),
        ("9" * 400 + ".5", "Helm rounds numbers beyond 2^53", "quote it"),
        ("0x" + "f" * 5000, "Helm reads a number", "quote it"),
        ("=", "special token", 'quote it: "="'),
        ("<<", "special token", 'quote it: "<<"'),
    ],
)
def test_a_value_that_readers_differ_on_is_refused(written: str, reason: str, hint: str) -> None:
    finding = only(findings(f"a: [{written}]\n"))
    assert where(finding) == ("NM012", 1, 5)
    assert finding.path == ("a", 0)
    assert "without quotes is ambiguous" in finding.message
    assert reason in finding.message
    assert hint in finding.hint
    assert len(finding.message) < 250, "a long value is cut short"


def test_all_that_is_wrong_is_said_in_one_run_and_in_the_order_of_the_file() -> None:
    text = "x: !foo [yes, 012]\non: {1: 2, a: 3, a: 4}\nb: *nothing\nc: @\n"
    assert [where(f) for f in findings(text)] == [
        ("NM011", 1, 4),
        ("NM012", 1, 10),
        ("NM012", 1, 15),
        ("NM010", 2, 1),
        ("NM010", 2, 6),
        ("NM009", 2, 18),
        ("NM006", 3, 4),
        ("NM006", 4, 4),
    ]


def test_what_is_wrong_behind_an_anchor_is_said_once() -> None:
    assert where(only(findings("a: &a [yes]\nb: *a\nc: {d: *a}\n"))) == ("NM012", 1, 8)


def test_a_quoted_key_may_be_anything() -> None:
    text = '"on": 1\n"80": 1\n"~": 1\n"": 1\n\'2026-12-31\': 1\n"a b": 1\n'
    assert list(parse_mapping(text.encode(), FILE).data) == ["on", "80", "~", "", "2026-12-31", "a b"]


def test_an_alias_bomb_is_stopped_where_it_grows_too_large() -> None:
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for last, name in zip("abcdefghi", "bcdefghij", strict=True):
        lines.append(f"{name}: &{name} [{', '.join(['*' + last] * 10)}]")
    finding = only(findings("\n".join(lines)))
    assert where(finding)[:2] == ("NM014", 5)
    assert finding.path[0] == "e"


def test_a_bomb_of_merge_keys_is_stopped() -> None:
    big = ", ".join(f"k{n}: {n}" for n in range(1000))
    text = f"x: &x {{{big}}}\nl:\n" + "- <<: *x\n" * 2000
    assert where(only(findings(text)))[0] == "NM014"


def test_a_missing_file_gets_the_name_of_one_like_it(tmp_path: Path) -> None:
    (tmp_path / "values-prod.yaml").write_text("a: 1\n")
    with pytest.raises(DocumentError) as caught:
        read_mapping(str(tmp_path / "value-prod.yaml"))
    finding = only(caught.value.findings)
    assert where(finding) == ("NM001", 1, 1)
    assert finding.place.file == str(tmp_path / "value-prod.yaml")
    assert finding.message == "there is no such file"
    assert finding.hint == f"did you mean {str(tmp_path / 'values-prod.yaml')!r}?"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing/like/this", "no such file"),
        ("", "name is empty"),
        ("a\0b", "not one that the system allows"),
        ("\ud800", "not one that the system allows"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_a_name_that_leads_nowhere_is_a_finding(name: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_mapping(name)
    finding = only(caught.value.findings)
    assert finding.rule is rules.READABLE
    assert message in finding.message
    assert finding.hint


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        read_mapping(str(tmp_path))
    assert "directory" in only(caught.value.findings).message


def test_a_file_in_a_file_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "v.yaml").write_text("a: 1\n")
    with pytest.raises(DocumentError) as caught:
        read_mapping(str(tmp_path / "v.yaml" / "w.yaml"))
    assert "not a directory" in only(caught.value.findings).message


def test_a_file_that_may_not_be_read_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DocumentError) as caught:
        read_mapping("secret.yaml")
    assert "permission" in only(caught.value.findings).message


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a file without end")
def test_a_file_without_end_is_too_large() -> None:
    with pytest.raises(DocumentError) as caught:
        read_mapping("/dev/zero")
    assert only(caught.value.findings).rule is rules.SIZE


def test_a_closed_standard_input_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.BytesIO()
    closed.close()
    for stdin in (None, closed):
        monkeypatch.setattr(sys, "stdin", None)
        with pytest.raises(DocumentError) as caught:
            read_mapping("-", stdin=stdin)
        assert "standard input" in only(caught.value.findings).message


def test_where_the_stack_is_nearly_full_there_is_still_no_traceback() -> None:
    content = ("a: " + "[" * 60 + "]" * 60).encode()

    def dig(depth: int) -> None:
        if depth:
            dig(depth - 1)
        else:
            parse_mapping(content, FILE)

    limit = sys.getrecursionlimit()
    with pytest.raises(DocumentError) as caught:
        dig(limit - len(inspect.stack()) - 100)
    assert only(caught.value.findings).rule is rules.DEPTH


@pytest.mark.parametrize("content", [case[0] for case in REFUSED], ids=range(len(REFUSED)))
def test_without_libyaml_the_same_files_are_refused(content: str | bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CBaseLoader", raising=False)
    assert all(f.hint for f in findings(content))


def test_rules_have_ids_of_their_own_and_say_what_must_hold() -> None:
    known = [rule for rule in vars(rules).values() if isinstance(rule, Rule)]
    assert len({rule.id for rule in known}) == len(known) == 19
    assert all("NM001" <= rule.id <= "NM019" and rule.summary.endswith(".") for rule in known)
