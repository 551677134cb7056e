"""What a matrix must satisfy, by rule id."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule

SCHEMA = Rule(
    "NM101",
    "the matrix has the form that matrix.schema.json describes",
    "Write what is expected there; `schema/matrix.schema.json` describes every key.",
)
UNKNOWN_KEY = Rule(
    "NM102", "every key of the matrix is known", "Mend the spelling; the message offers the closest key."
)
MISSING_KEY = Rule("NM103", "every demanded key of the matrix is there", "Add the key.")
UNKNOWN_PARTY = Rule(
    "NM104", "a flow's ends are pods or endpoints of the matrix", "Mend the name, or add the pod or endpoint."
)
UNKNOWN_PORT = Rule(
    "NM105",
    "a port name is defined by the destination",
    "Name one of the ports that the destination defines, or add it there.",
)
UNKNOWN_ENVIRONMENT = Rule(
    "NM106", "an environment is one of the matrix's", "Name one of `environments`, or add it there."
)
UNKNOWN_NAMESPACE = Rule(
    "NM107", "a pod's namespace is one of the matrix's", "Name one of `namespaces`, or add it there."
)
SELECTORS_OVERLAP = Rule(
    "NM108",
    "two pods of one namespace demand different values of a shared label",
    "Give the two pods different values of one label, so that no pod can be both.",
)
UNUSED = Rule("NM109", "every pod and endpoint is used by a flow", "Add a flow that uses it, or remove it.")
EXCEPT_OUTSIDE = Rule(
    "NM110", "an exception lies strictly inside one of its endpoint's ranges", "Narrow the exception, or remove it."
)
DUPLICATE_FLOW = Rule("NM111", "no connection is granted by two flows", "Keep one of the two flows.")
NO_POD = Rule(
    "NM112",
    "one end of a flow is a pod of ours",
    "Make a pod of the matrix one of its ends; what others do among themselves is not ours to grant.",
)
NEVER = Rule(
    "NM113",
    "no flow grants what a never line forbids",
    "Remove the flow or the `never` line: they contradict each other.",
)
NEVER_END = Rule("NM114", "the ends of a never line are pods or anyone", "Name a pod, or an endpoint of kind `anyone`.")
OPERATION_EVERYWHERE = Rule(
    "NM115",
    "an operational flow holds in every environment, as the overlay does",
    "Take `environments` away from the flow, or give it `basis: table`.",
)
NAME = Rule(
    "NM116",
    "names are unique and short enough for the objects made from them",
    "Choose a shorter name, or one that is not taken.",
)
CIDR = Rule("NM117", "an address range is written in its canonical form", "Write it as the message says.")
TITLE = Rule("NM118", "a row has a title in every environment", "Add the title of that environment.")
ACCESS = Rule(
    "NM119",
    "an access line leads to a pod's port, and its URL has a local port of its own",
    "Name a port of the pod, and a URL with a local port that no other line uses.",
)
SAME_PORT = Rule("NM120", "the ports of a pod are distinct", "Give the ports different numbers.")
CEILING = Rule(
    "NM121",
    "an endpoint's own ports, peers and ranges lie within its ceiling",
    "Bring it within the ceiling, or change the ceiling, which is a decision about security.",
)
FOREIGN_NAMESPACE = Rule(
    "NM122",
    "an endpoint's peers live in namespaces that are not ours",
    "Name another namespace; a pod of ours is a row under `pods`.",
)
NAMESPACE = Rule(
    "NM123",
    "namespaces are distinct, and Kubernetes' own are not created",
    "Choose different names, and no `create` for a namespace of Kubernetes' own.",
)

PURPOSE = Rule(
    "NM124",
    "one pod at most runs the chart's audit, with operational flows, one of them to the API server, and no other lines",
    "Take `purpose` away from the pod, or what the message names: the pod comes and goes with `audit.enabled`.",
)

RULES = tuple(value for value in dict(vars()).values() if isinstance(value, Rule))


class MatrixError(FindingsError):
    """The matrix cannot be used: its findings say where and why."""
