"""What can be wrong with generated files, by rule id."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule

STALE = Rule(
    "NM301", "generated files are what the matrix gives", "Run `netmatrix generate`, and commit what it writes."
)
FOREIGN = Rule(
    "NM302",
    "a file without the generator's marker is not overwritten, and none stands in a generated folder",
    "Move the file elsewhere or delete it, then run the command again.",
)
UNWRITABLE = Rule(
    "NM303",
    "generated files can be written, all of them or none",
    "Mend what the message names, such as permissions or a full disk; nothing was changed.",
)
REGION = Rule(
    "NM304",
    "a hand-written file's generated region has a beginning and an end",
    "Restore the lines that begin and end the region.",
)

REMOVED = Rule(
    "NM305",
    "a removed key is none of today's and has a place among them; its successor is one of them",
    "Name a key that values once had, in a map that is still there, and one that they have now.",
)

ANOTHER_CHART = Rule(
    "NM306",
    "an audit is of the chart that was installed",
    "Build the image from the folder that the chart was installed from (`examples/audit/Containerfile`), and name it "
    "under `audit.image`.",
)

RULES = (STALE, FOREIGN, UNWRITABLE, REGION, REMOVED, ANOTHER_CHART)


class GenerateError(FindingsError):
    """The files cannot be generated; nothing was changed."""
