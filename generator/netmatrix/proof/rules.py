"""What the proof and its relatives find, by rule id."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule

GAINED = Rule(
    "NM701",
    "what the manifests allow, the matrix grants",
    "Remove or narrow the rule that is named; where it is meant, it is a flow of the matrix or an exception.",
)
LOST = Rule(
    "NM702",
    "what the matrix grants, the manifests allow",
    "Add what is named to the policy, or install what Helm renders; where closed is meant, switch the flow off.",
)
UNDECIDED = Rule(
    "NM703",
    "the selectors and ranges tell few enough classes of pods apart to go through them all",
    "Use fewer different labels in selectors and fewer overlapping ranges, or report the matrix that needs them all.",
)
CONTRADICTION = Rule(
    "NM704", "two ways of judging a packet come to the same", "Report it: this is a fault of netmatrix itself."
)
UNJUDGED = Rule(
    "NM705",
    "no policy of a kind that is not understood takes part",
    "Leave policies of that kind out of the input, knowing that they may overrule the verdict.",
)
FAULT = Rule(
    "NM706",
    "a cluster of a fleet can be judged without a fault of netmatrix itself",
    "Report it with the cluster's files; the verdicts on the other clusters stand.",
)

BACKEND_MISSING = Rule(
    "NM970",
    "a back end that values switch on has its objects among the manifests",
    "Render or export them too, or switch the back end off.",
)
BACKEND_GAINED = Rule(
    "NM971",
    "what the objects of a back end allow, the matrix grants",
    "Remove or narrow the rule that is named.",
)
BACKEND_LOST = Rule(
    "NM972",
    "what the matrix grants, the objects of a back end allow",
    "Install what Helm renders; where closed is meant, switch the flow off.",
)
BACKEND_ORDER = Rule(
    "NM973",
    "policies of one tier that are about the same pods have different priorities",
    "Give one of them another priority: an implementation may take either first.",
)

NEW_CONNECTION = Rule(
    "NM711",
    "what a change lets through that was closed is acknowledged",
    "Take the change back, or acknowledge the connection in the file that `--acknowledge` names.",
)
LOST_CONNECTION = Rule("NM712", "what a change closes is told", "Nothing, if nobody needs it any more.")
EXPIRED = Rule("NM713", "no acknowledgement has expired", "Remove it, or have it given again with a later day.")
UNMATCHED = Rule(
    "NM714",
    "an acknowledgement names one connection that the change opens",
    "Remove it, or copy the connection as `diff` prints it.",
)
ACKNOWLEDGEMENT = Rule(
    "NM715",
    "an acknowledgement has a connection, a reason, who gives it, and its last day",
    "Write `connection`, `reason`, `who` and `until`, as `netmatrix diff --help` shows.",
)

RULES = tuple(value for value in dict(vars()).values() if isinstance(value, Rule))


class ProofError(FindingsError):
    """Nothing can be said: the verdict would be a guess."""
