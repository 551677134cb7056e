"""What the proof and its relatives find, by rule id."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule

GAINED = Rule("NM701", "what the manifests allow, the matrix grants")
LOST = Rule("NM702", "what the matrix grants, the manifests allow")
UNDECIDED = Rule("NM703", "the selectors tell few enough classes of pods apart to go through them all")
CONTRADICTION = Rule("NM704", "two ways of judging a packet come to the same")
UNJUDGED = Rule("NM705", "no policy of a kind that is not understood takes part")

NEW_CONNECTION = Rule("NM711", "what a change lets through that was closed is acknowledged")
LOST_CONNECTION = Rule("NM712", "what a change closes is told")
EXPIRED = Rule("NM713", "no acknowledgement has expired")
UNMATCHED = Rule("NM714", "an acknowledgement names one connection that the change opens")
ACKNOWLEDGEMENT = Rule("NM715", "an acknowledgement has a connection, a reason, who gives it, and its last day")

RULES = tuple(value for value in dict(vars()).values() if isinstance(value, Rule))


class ProofError(FindingsError):
    """Nothing can be said: the verdict would be a guess."""
