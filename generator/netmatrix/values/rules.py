"""The rules that values must hold. Ids are stable: the chart's templates report the same ids at the same key paths.

NM290 is reserved: that each file is judged alone, also where a later layer mends it, is told as NM201 or NM202 at that
file's place. NM212, NM274, NM280 and NM281 are held by Python only: Helm knows the merged values alone, never reads the
clock and has no notes.
"""

from __future__ import annotations

from netmatrix.document import Rule

VALUES_SCHEMA = Rule(
    "NM201",
    "values have the types and ranges that the schema states",
    "Write a value of the kind that the message names; the reference of values has every key.",
)
UNKNOWN_KEY = Rule(
    "NM202", "every key is one that the chart knows", "Mend the spelling; the message offers the closest key."
)
MISSING_KEY = Rule(
    "NM203",
    "every key that the chart needs is there",
    "Add the key, or take the `null` away that removes the chart's default.",
)
ENVIRONMENT = Rule("NM210", "an environment of the matrix is chosen", "Add an environment's file as the first `-f`.")
FLOW_NOT_GRANTED = Rule(
    "NM211",
    "only flows that the matrix grants to the environment are enabled",
    "Take that line out, or use the environment that grants the flow; an exception goes beyond both.",
)
ENVIRONMENT_CHANGED = Rule(
    "NM212",
    "an environment that a file chooses is not changed by what comes after it",
    "Take the line out of the override; for the other environment give its own file as the first `-f`.",
)
NAMESPACE_RESERVED = Rule(
    "NM220",
    "our namespaces are not Kubernetes' own",
    "Choose another name: not `default`, and nothing that starts with `kube-`.",
)
NAMESPACES_DISTINCT = Rule("NM221", "our namespaces have different names", "Give the namespaces different names.")
PEER_IN_OUR_NAMESPACE = Rule(
    "NM222",
    "an endpoint's peers are not in our own namespaces",
    "Name the namespace where those pods really are; flows between our own pods are in the matrix.",
)
NAMESPACE_OF_ANOTHER = Rule(
    "NM223",
    "a namespace does not take the name that the matrix gives another",
    "Choose a name that the matrix does not use for another namespace.",
)
SELECTOR_KEY_TWICE = Rule("NM230", "a selector names each label once", "Keep one of the two values.")
SELECTORS_OVERLAP = Rule(
    "NM231",
    "no pod can match the selectors of two rows",
    "Add a label to one of the two selectors that the other one's pods do not have.",
)
SELECTOR_OF_ANOTHER = Rule(
    "NM232",
    "no pod that the matrix calls one row can match another row's selector",
    "Demand a label that those pods do not have; a whole new set of labels is a change of the matrix.",
)
PORTS_NOT_DISTINCT = Rule("NM240", "the ports of a pod are different", "Give the ports different numbers.")
PORT_BEYOND_CEILING = Rule(
    "NM241",
    "an endpoint's ports are among those that the matrix allows",
    "Use one of the ports that the message names; another one is a change of the matrix, or an exception.",
)
CIDR_NOT_CANONICAL = Rule(
    "NM250", "an address range is written in the one form that is accepted", "Write it as the message says."
)
CIDR_TOO_WIDE = Rule(
    "NM251",
    "an endpoint's address ranges are no wider than the matrix allows",
    "Name single hosts or narrower ranges; a wider one is a change of the matrix, or an exception.",
)
EXCEPT_OUTSIDE = Rule(
    "NM253",
    "an additional except lies strictly inside its endpoint's range",
    "Name a range inside the endpoint's own, and smaller than it.",
)
ANYONE_AND_PEERS = Rule(
    "NM260",
    "an endpoint is open to anyone or to listed peers, not both",
    "Set `anyone` to false to name peers, or take the peers away.",
)
PEER_SHAPE = Rule(
    "NM261",
    "a peer is either a `cidr`, or a `namespace` and a `selector`",
    "Give either `cidr`, or both `namespace` and `selector`.",
)
EXCEPTION_END = Rule(
    "NM270",
    "each end of an exception is said in exactly one way",
    "Give exactly one of `pod`, `endpoint`, `cidr`, or `namespace` with `selector`.",
)
EXCEPTION_WITHOUT_POD = Rule(
    "NM271",
    "at least one end of an exception is a pod of ours",
    "Name a pod of the matrix at one end; what others do among themselves is not restricted here.",
)
EXCEPTION_NEVER = Rule(
    "NM272",
    "no exception does what a `never` line of the matrix forbids",
    "Remove or narrow the exception: a `never` line of the matrix wins over it.",
)
EXCEPTION_DATE = Rule(
    "NM273", "an exception expires on a date that exists", "Write a day of the calendar as YYYY-MM-DD."
)
EXCEPTION_EXPIRED = Rule(
    "NM274", "no exception has expired", "Remove the exception, or let its owner renew it with a later date."
)
DISCOVERY_OFFLINE = Rule(
    "NM280",
    "rendering without a cluster knows no discovered addresses",
    "Nothing, where Helm installs. Where it only renders, write the addresses out under `cidrs`.",
)
NO_DESTINATION = Rule(
    "NM281",
    "an enabled flow has somewhere to go to or come from",
    "Name a peer or an address for the endpoint, or switch the flow off.",
)
AUDIT_IMAGE = Rule(
    "NM282",
    "an audit that is switched on has an image",
    "Build the image, push it to your registry, and name it under `audit.image`; none is published.",
)
AUDIT_RESOURCES = Rule(
    "NM283",
    "the audit asks for no more than it may use",
    "Raise the limit, or ask for less: Kubernetes takes no pod that asks for more than its limit.",
)
AUDIT_SCHEDULE = Rule(
    "NM284",
    "no range of the audit's schedule runs backwards",
    "Write two ranges: `22-23,0-6` for the hours of a night, `5-6,0-1` for Friday to Monday.",
)

REMOVED_KEY = Rule(
    "NM291",
    "no key is one that an earlier version had and this one has not",
    "Run `netmatrix migrate` on the file; where nothing took the key's place, take it out.",
)

RULES = tuple(value for value in dict(vars()).values() if isinstance(value, Rule))
"""Every rule of this room, in the order of the ids."""
