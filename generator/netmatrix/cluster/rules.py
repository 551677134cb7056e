"""What can be wrong with kubectl and the cluster that it speaks to, by rule id. With any of them nothing was judged."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule

NO_KUBECTL = Rule("NM901", "a kubectl is at hand", "Install kubectl, or name one with `KUBECTL`.")
CRASHED = Rule(
    "NM902",
    "kubectl runs to its end and says what is wanted of it",
    "Run the same kubectl command yourself; the message has what it said.",
)
REFUSED = Rule(
    "NM903",
    "the cluster answers, and does what kubectl asks of it",
    "Read what kubectl says; see that the context is the cluster that you mean.",
)
FORBIDDEN = Rule(
    "NM904",
    "who asks the cluster may do all that the command needs",
    "Ask the cluster's administrator for the verb on the resource that the message names.",
)
ABSENT = Rule(
    "NM905",
    "what the command is about is in the cluster",
    "Install the chart, or give the values that it was installed with.",
)

RULES = (NO_KUBECTL, CRASHED, REFUSED, FORBIDDEN, ABSENT)


class ClusterError(FindingsError):
    """There is no kubectl, or the cluster cannot be asked."""
