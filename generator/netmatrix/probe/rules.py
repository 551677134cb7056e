"""What can keep a probe from saying anything, by rule id."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule

NOT_RUNNING = Rule(
    "NM911",
    "the pods of a run start, and answer themselves",
    "Read why the cluster does not run the pod that the message names; `--image` names another image.",
)
NO_ANSWER = Rule(
    "NM912",
    "every question of a run gets an answer",
    "See that the image has agnhost and a shell, and that `kubectl exec` works in the cluster.",
)
NOT_REMOVED = Rule(
    "NM913", "nothing of a run is left in the cluster", "Run `netmatrix probe --clean-up` until nothing is left."
)
OTHER_RUN = Rule(
    "NM914",
    "no other run is going on in the cluster",
    "Wait until it has ended; if it was killed, `netmatrix probe --clean-up` removes what it left.",
)

RULES = (NOT_RUNNING, NO_ANSWER, NOT_REMOVED, OTHER_RUN)


class ProbeError(FindingsError):
    """The cluster could be asked, and gave no answer that can be judged."""
