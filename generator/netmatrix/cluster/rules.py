"""What can be wrong with kubectl and the cluster that it speaks to, by rule id. With any of them nothing was judged."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule, UnreadableError

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
NOT_SERVED = Rule(
    "NM906",
    "the cluster has the APIs that the command cannot do without",
    "See that the context is the cluster that you mean, and that it is a Kubernetes of a supported version.",
)
NOT_KUBECTLS = Rule(
    "NM907",
    "a dump holds objects as `kubectl get --output=json` prints them, each once or always alike",
    "Take the dump again, all of it at one time, and give its files alone.",
)
NOT_IN_DUMP = Rule(
    "NM908",
    "a dump holds what the command cannot do without",
    "Add what the kubectl command prints that the message names.",
)

RULES = (NO_KUBECTL, CRASHED, REFUSED, FORBIDDEN, ABSENT, NOT_SERVED, NOT_KUBECTLS, NOT_IN_DUMP)


class ClusterError(FindingsError):
    """There is no kubectl, or the cluster cannot be asked."""


class DumpError(ClusterError, UnreadableError):
    """A dump cannot be read, or lacks what is needed."""
