"""What an audit finds in a cluster, by rule id. With NM944 nothing was judged; the others are findings."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule

DRIFTED = Rule(
    "NM940",
    "a policy in the cluster is as Helm renders it",
    "Upgrade the release with the same values; Helm 4 puts its own back with `--force-conflicts`.",
)
MISSING = Rule(
    "NM941",
    "every policy that Helm renders is in the cluster",
    "Upgrade the release with the same values, or give the values that it was installed with.",
)
FOREIGN = Rule(
    "NM942",
    "the governed namespaces hold no policy but those that Helm renders",
    "Remove the policy that is named; policies add up, so that what it opens no other one can close.",
)
STALE = Rule(
    "NM943",
    "the addresses that installing discovered are those that the Service has now",
    "Upgrade the release with the same values: that looks them up anew.",
)
UNREADABLE = Rule(
    "NM944",
    "every policy, pod and EndpointSlice that an audit looks at can be read",
    "Mend or remove the object that is named; nothing is said about a cluster of which a part is not understood.",
)
NO_ROW = Rule(
    "NM945",
    "every pod in a governed namespace is a row of the matrix",
    "Move the pod to a namespace of its own, mend its labels or the row's selector, or add a row to the matrix.",
)
NO_POD = Rule(
    "NM946",
    "every row of the matrix that has a flow on has a pod",
    "Compare the labels that the row's pods carry with its selector in the values; a row may also be asleep.",
)
HOST_NETWORK = Rule(
    "NM947",
    "no pod in a governed namespace is on the host's network, where no NetworkPolicy holds",
    "Take `hostNetwork` out of the pod, or move it to a namespace of its own.",
)
OVERRIDE = Rule(
    "NM948",
    "no policy of another API can overrule what the governed namespaces' policies say",
    "Read the object that is named: what it allows or denies comes before, or adds to, what was judged here.",
)
NO_NAMESPACE = Rule(
    "NM949",
    "every namespace of the matrix is in the cluster",
    "Install the chart, or give the values that it was installed with.",
)
NOT_THE_MATRIX = Rule(
    "NM950",
    "the policies in the cluster together allow exactly what the matrix grants",
    "Read the packets that are named, and the rules that open or close them.",
)

RULES = tuple(value for value in dict(vars()).values() if isinstance(value, Rule))


class AuditError(FindingsError):
    """Nothing can be said about the cluster: a part of it is not understood."""
