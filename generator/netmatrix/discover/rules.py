"""What can be wrong with what a cluster or a dump says of itself, and with where the override should go."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule, UnreadableError

MALFORMED = Rule(
    "NM920",
    "objects hold what the Kubernetes API lets them hold",
    "Take the dump again with kubectl; nothing is concluded from an object that no API server would have accepted.",
)
NOT_OURS = Rule(
    "NM921",
    "a file that `discover` writes over is one that it wrote, unchanged since",
    "Give another file name, or `--force` where nothing of the old file is to be kept.",
)

RULES = (MALFORMED, NOT_OURS)


class MalformedError(UnreadableError):
    """An object is not what the API would have accepted."""


class OverwriteError(FindingsError):
    """The file that should be written is somebody's work."""
