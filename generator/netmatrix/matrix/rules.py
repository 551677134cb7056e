"""What a matrix must satisfy, by rule id."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule

SCHEMA = Rule("NM101", "the matrix has the form that matrix.schema.json describes")
UNKNOWN_KEY = Rule("NM102", "every key of the matrix is known")
MISSING_KEY = Rule("NM103", "every demanded key of the matrix is there")
UNKNOWN_PARTY = Rule("NM104", "a flow's ends are pods or endpoints of the matrix")
UNKNOWN_PORT = Rule("NM105", "a port name is defined by the destination")
UNKNOWN_ENVIRONMENT = Rule("NM106", "an environment is one of the matrix's")
UNKNOWN_NAMESPACE = Rule("NM107", "a pod's namespace is one of the matrix's")
SELECTORS_OVERLAP = Rule("NM108", "two pods of one namespace demand different values of a shared label")
UNUSED = Rule("NM109", "every pod and endpoint is used by a flow")
EXCEPT_OUTSIDE = Rule("NM110", "an exception lies strictly inside one of its endpoint's ranges")
DUPLICATE_FLOW = Rule("NM111", "no connection is granted by two flows")
NO_POD = Rule("NM112", "one end of a flow is a pod of ours")
NEVER = Rule("NM113", "no flow grants what a never line forbids")
NEVER_END = Rule("NM114", "the ends of a never line are pods or anyone")
OPERATION_EVERYWHERE = Rule("NM115", "an operational flow holds in every environment, as the overlay does")
NAME = Rule("NM116", "names are unique and short enough for the objects made from them")
CIDR = Rule("NM117", "an address range is written in its canonical form")
TITLE = Rule("NM118", "a row has a title in every environment")
ACCESS = Rule("NM119", "an access line leads to a pod's port, and its URL has a local port of its own")
SAME_PORT = Rule("NM120", "the ports of a pod are distinct")
CEILING = Rule("NM121", "an endpoint's own ports, peers and ranges lie within its ceiling")
FOREIGN_NAMESPACE = Rule("NM122", "an endpoint's peers live in namespaces that are not ours")
NAMESPACE = Rule("NM123", "namespaces are distinct, and Kubernetes' own are not created")

RULES = tuple(value for value in dict(vars()).values() if isinstance(value, Rule))


class MatrixError(FindingsError):
    """The matrix cannot be used: its findings say where and why."""
