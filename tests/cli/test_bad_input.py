"""Whatever a file holds, for values and for the matrix: a place, what is wrong, a remedy, and status 1 or 2."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import PROD, TODAY, Result, Run
from tests.support.scenarios import ROOT

BOMB = b"x-a0: &a0 [z, z, z, z, z, z, z, z, z, z]\n" + b"".join(
    f"x-a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n".encode() for n in range(1, 10)
)
TEN_MEGABYTES = b"x-a: [\n" + b"  abcdefgh,\n" * 900_000 + b"]\n"

# What the file holds, where the finding stands, its rule, the exit status, words of the message.
CASES = {
    "empty": (b"", "1:1", "NM005", 2, "the file is empty"),
    "white space": (b" \n\t\n", "1:1", "NM005", 2, "the file is empty"),
    "binary": (b"\x7fELF\x02\x01\x00\x00", "1:1", "NM003", 2, "not text"),
    "binary, not UTF-8": (b"\x89PNG\r\n\x1a\n\xff\xd8", "1:1", "NM003", 2, "not UTF-8"),
    "Latin-1": (b"# ok\nx-a: caf\xe9\n", "2:9", "NM003", 2, "byte 14 (0xE9), on line 2"),
    "UTF-16": ("a: 1\n".encode("utf-16"), "1:1", "NM003", 2, "UTF-16"),
    "BOM": (b"\xef\xbb\xbfx-a: 1\n", "1:1", "NM004", 2, "byte-order mark"),
    "10 MB": (TEN_MEGABYTES, "1:1", "NM002", 2, "larger than 1 MiB"),
    "a megabyte": (b"x-a: [\n" + b" a,\n" * 250_000 + b"]\n", None, "NM014", 2, "100,000"),
    "alias bomb": (BOMB, None, "NM014", 2, "100,000"),
    "alias to itself": (b"x-a: &a [*a]\n", "1:10", "NM015", 2, "the collection that it stands in"),
    "duplicate key": (b"flows: {}\nflows: {}\n", "2:1", "NM009", 1, "flows"),
    "duplicate key, nested": (b"pods:\n  ui: {}\n  'ui': {}\n", "3:3", "NM009", 1, "ui"),
    "tab": (b"pods:\n\tui: {}\n", "2:1", "NM006", 2, "a tab stands in the indentation"),
    "two documents": (b"x-a: 1\n---\nx-b: 1\n", "2:1", "NM007", 2, "document"),
    "a list": (b"- a\n- b\n", "1:1", "NM008", 2, "mapping"),
    "a text": (b"hello\n", "1:1", "NM008", 2, "mapping"),
    "number as key": (b"80: x\n", "1:1", "NM010", 1, "80"),
    "boolean as key": (b"on: x\n", "1:1", "NM010", 1, "on"),
    "null as key": (b"~: x\n", "1:1", "NM010", 1, "~"),
    "list as key": (b"? [a]\n: x\n", "1:3", "NM010", 1, "collection"),
    "on": (b"x-a: on\n", "1:6", "NM012", 1, "boolean true"),
    "off": (b"x-a: off\n", "1:6", "NM012", 1, "boolean false"),
    "yes": (b"x-a: [a, Yes]\n", "1:10", "NM012", 1, "boolean true"),
    "no": (b"x-a: NO\n", "1:6", "NM012", 1, "boolean false"),
    "octal-looking": (b"x-a: 0123\n", "1:6", "NM012", 1, "octal"),
    "sexagesimal": (b"x-a: 22:22\n", "1:6", "NM012", 1, "base 60"),
    "underscores": (b"x-a: 1_000\n", "1:6", "NM012", 1, "1000"),
    "hexadecimal": (b"x-a: 0x1F\n", "1:6", "NM012", 1, "31"),
    "exponent": (b"x-a: 1e3\n", "1:6", "NM012", 1, "1000"),
    "64-bit integer": (b"x-a: 9223372036854775807\n", "1:6", "NM012", 1, "2^53"),
    "beyond 64 bits": (b"x-a: " + b"9" * 5000 + b"\n", "1:6", "NM012", 1, "2^53"),
    "date": (b"x-a: 2026-11-01\n", "1:6", "NM012", 1, "date"),
    "timestamp": (b"x-a: 2026-11-01T10:00:00Z\n", "1:6", "NM012", 1, "date"),
    "infinity": (b"x-a: .inf\n", "1:6", "NM012", 1, "JSON"),
    "tag": (b"x-a: !!python/object/apply:os.system [id]\n", "1:6", "NM011", 1, "tag"),
    "deep nesting": (b"x-a: " + b"[" * 10_000 + b"]" * 10_000 + b"\n", None, "NM013", 2, "deep"),
    "deep blocks": (b"".join(b" " * n + b"a:\n" for n in range(1000)), None, "NM0", 2, ""),
    "open bracket": (b"x-a: [1, 2\nx-b: 1\n", None, "NM006", 2, "bracket"),
    "open quote": (b"x-a: 'b\n", "1:6", "NM006", 2, "does not end"),
    "only a colon": (b": \n", "1:1", "NM006", 2, ""),
    "control characters": (b"x-a: '\x1b[31m'\n", "1:7", "NM003", 2, "U+001B"),
    "odd line break": ("x-a: b\u2028c\n".encode(), "1:7", "NM018", 2, "U+2028"),
    "directive": (b"%YAML 1.1\n---\nx-a: 1\n", "1:1", "NM017", 2, "directive"),
    "merge of a text": (b"x-a: {<<: b}\n", None, "NM016", 1, ""),
}


@pytest.fixture
def values(netmatrix: Run, tmp_path: Path) -> Callable[[bytes], Result]:
    """Validates a values file of that content, on top of prod."""

    def run(content: bytes) -> Result:
        (tmp_path / "bad.yaml").write_bytes(content)
        prod = ["-f", ROOT / PROD[1], "--matrix", ROOT / "matrix.yaml"]
        return netmatrix("validate", *prod, "-f", "bad.yaml", *TODAY, cwd=tmp_path)

    return run


@pytest.fixture
def matrix_file(netmatrix: Run, tmp_path: Path) -> Callable[[bytes], Result]:
    """Generates from a matrix of that content."""

    def run(content: bytes) -> Result:
        (tmp_path / "bad.yaml").write_bytes(content)
        result = netmatrix("generate", "--matrix", "bad.yaml", "--output", "out", cwd=tmp_path)
        assert result.status == 0 or not (tmp_path / "out").exists()
        return result

    return run


@pytest.mark.parametrize("reader", ["values", "matrix_file"])
@pytest.mark.parametrize("case", list(CASES))
def test_a_bad_file_has_a_place_a_reason_and_a_remedy(case: str, reader: str, request: pytest.FixtureRequest) -> None:
    content, position, rule, status, words = CASES[case]
    result: Result = request.getfixturevalue(reader)(content)
    text = result.out + result.err
    assert result.status == status, text
    found = re.search(rf"(?m)^bad\.yaml:([0-9]+:[0-9]+): error ({rule}[0-9]*) (.*)\n  (.+)$", text)
    assert found, text[:2000]
    assert position in (None, found[1])
    assert words in found[3] + found[4]
    assert len(text) < 20_000
    assert text.replace("\n", "").isprintable()


GOOD = {
    "comments alone": b"# nothing\n",
    "anchors and merge keys": (
        b"x-base: &base {http: 81, https: 443, dev: 4200}\n"
        b"pods:\n  ui:\n    ports: {<<: *base, http: 82}\n  jobs: {selector: &s [app=job]}\n"
        b"x-again: *s\n"
    ),
    "quoted oddities": b"x-a: ['on', \"0123\", '22:22', '2026-11-01', '9223372036854775807', \"\\u2028\"]\n",
    "Windows line ends": b"pods:\r\n  ui:\r\n    ports: {http: 81}\r\n",
    "no newline at the end": b"pods: {ui: {ports: {http: 81}}}",
    "document markers": b"---\npods: {ui: {ports: {http: 81}}}\n",
    "block text": b"x-a: |\n  on\n  --- \n  {{ x }}\n",
    "64 levels": b"x-a: " + b"[" * 60 + b"]" * 60 + b"\n",
    "other scripts": "x-a: 网络\nx-b: 'é'\n".encode(),
}


@pytest.mark.parametrize("case", list(GOOD))
def test_what_every_reader_reads_alike_is_accepted(case: str, values: Callable[[bytes], Result]) -> None:
    result = values(GOOD[case])
    assert (result.status, result.out) == (0, "")


def test_merge_keys_mean_what_they_mean_to_helm(netmatrix: Run, tmp_path: Path) -> None:
    (tmp_path / "merge.yaml").write_bytes(GOOD["anchors and merge keys"])
    result = netmatrix("validate", *PROD, "-f", tmp_path / "merge.yaml", "--merged", *TODAY)
    assert yaml.safe_load(result.out)["pods"]["ui"]["ports"] == {"http": 82, "https": 443, "dev": 4200}


def test_a_fault_in_what_an_alias_brings_in_stands_at_a_line_of_the_file(values: Callable[[bytes], Result]) -> None:
    result = values(b"x-base: &base {http: 99999}\npods:\n  ui:\n    ports: *base\n")
    assert result.status == 1
    assert re.search(r"(?m)^bad\.yaml:[14]:[0-9]+: error NM201 pods\.ui\.ports\.http: ", result.out)


@pytest.mark.parametrize("text", ["\n", "\\n---\\nkind: X", "{{ .Values }}", "}", "#", "'", '"', "\\", "a" * 70_000])
def test_hostile_text_in_an_argument_forges_nothing(text: str, process: Run) -> None:
    argument = f"x={text}" if len(text) < 100 else f"flows={text}"
    result = process("validate", *PROD, "--set-literal", argument, *TODAY)
    assert result.status in (1, 2)
    assert "error NM" in result.out + result.err
    lines = result.out.splitlines()
    assert all(line.startswith(("--set-literal ", "  ", "chart/", "values/")) for line in lines), lines
