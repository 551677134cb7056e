"""The record of proofs: what was written there is found on the very same basis, and anything else never."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netmatrix.fleet.outcome import Proved
from netmatrix.fleet.record import DamagedRecordError, Record

BASIS = {"netmatrix": "1", "helm": "4", "matrix": "sha256:m"}
PROVED = Proved("sha256:v", "sha256:manifests", 12)


@pytest.fixture
def record(tmp_path: Path) -> Record:
    record = Record(tmp_path / "record", BASIS)
    record.keep(PROVED)
    return record


def only_file(record: Record) -> Path:
    (file,) = record.folder.iterdir()
    return file


def test_what_was_kept_is_found_by_a_later_run(record: Record) -> None:
    assert Record(record.folder, dict(BASIS)).find("sha256:v") == PROVED


def test_other_values_were_not_proved(record: Record) -> None:
    assert record.find("sha256:w") is None


@pytest.mark.parametrize("part", BASIS)
def test_on_another_basis_nothing_was_proved(part: str, record: Record) -> None:
    assert Record(record.folder, {**BASIS, part: "another"}).find("sha256:v") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"connections": "x"}'])
def test_a_file_that_is_none_of_ours_is_noticed(content: bytes, record: Record) -> None:
    only_file(record).write_bytes(content)
    with pytest.raises(DamagedRecordError):
        record.find("sha256:v")


def test_every_byte_that_is_cut_off_or_changed_is_noticed(record: Record) -> None:
    file = only_file(record)
    whole = file.read_bytes()
    for length in range(len(whole) - 1):  # the last is the line break
        file.write_bytes(whole[:length])
        with pytest.raises(DamagedRecordError):
            record.find("sha256:v")
    for position, byte in enumerate(whole):
        if not chr(byte).isspace():
            file.write_bytes(whole[:position] + bytes([byte ^ 1]) + whole[position + 1 :])
            with pytest.raises(DamagedRecordError):
                record.find("sha256:v")


def test_a_file_moved_to_another_s_place_is_noticed(record: Record) -> None:
    """Whole and with a checksum that fits, but about something else."""
    other = Record(record.folder, {**BASIS, "matrix": "sha256:other"})
    first = only_file(record)
    other.keep(PROVED)
    (second,) = set(record.folder.iterdir()) - {first}
    first.rename(second)
    with pytest.raises(DamagedRecordError):
        other.find("sha256:v")


def test_a_file_says_all_that_it_rests_on(record: Record) -> None:
    content = json.loads(only_file(record).read_text(encoding="utf-8"))
    assert content["basis"] == BASIS
    assert (content["values"], content["manifests"], content["connections"]) == ("sha256:v", "sha256:manifests", 12)
