"""The record of what was proved: one small file for each set of values that holds, so that no run proves it twice.

A file says all that its proof rests on and carries its own checksum; it counts only where every word of that is the
same again. What does not hold is never recorded: it is judged anew, with its places as they are now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from netmatrix.document.digest import data_digest
from netmatrix.document.write import write_whole
from netmatrix.fleet.outcome import Proved

_FORMAT = 1


class DamagedRecordError(Exception):
    """A file of the record is not what was written there."""

    def __init__(self, file: Path) -> None:
        super().__init__(str(file))
        self.file = file


@dataclass(frozen=True, slots=True)
class Record:
    """A folder of proofs. `basis` is what all of them rest on beside their values: whatever could change a verdict."""

    folder: Path
    basis: Mapping[str, str]

    def find(self, values: str) -> Proved | None:
        """What was proved of the merged values with this digest on the same basis.

        Raises DamagedRecordError where something else stands in the place of its file, or where that cannot be read.
        """
        file = self._file(values)
        try:
            content = json.loads(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise DamagedRecordError(file) from error
        try:
            proved = Proved(values, str(content["manifests"]), int(content["connections"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedRecordError(file) from error
        if content != self._content(proved):
            raise DamagedRecordError(file)
        return proved

    def keep(self, proved: Proved) -> None:
        """Write down what was proved. Raises OSError where the folder cannot be written."""
        content = json.dumps(self._content(proved), indent=2)
        write_whole(self._file(proved.values), f"{content}\n".encode())

    def _file(self, values: str) -> Path:
        return self.folder / f"{data_digest(self._subject(values)).removeprefix('sha256:')}.json"

    def _subject(self, values: str) -> dict[str, Any]:
        return {"format": _FORMAT, "basis": dict(self.basis), "values": values}

    def _content(self, proved: Proved) -> dict[str, Any]:
        content = {**self._subject(proved.values), **asdict(proved)}
        return {**content, "checksum": data_digest(content)}
