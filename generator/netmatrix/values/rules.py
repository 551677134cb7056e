"""The rules that values must hold. Ids are stable: the chart's templates report the same ids at the same key paths.

NM290 is reserved: that each file is judged alone, also where a later layer mends it, is told as NM201 or NM202 at that
file's place. NM274, NM280 and NM281 are held by Python only: Helm never reads the clock and has no notes.
"""

from __future__ import annotations

from netmatrix.document import Rule

VALUES_SCHEMA = Rule("NM201", "values have the types and ranges that the schema states")
UNKNOWN_KEY = Rule("NM202", "every key is one that the chart knows")
MISSING_KEY = Rule("NM203", "every key that the chart needs is there")
ENVIRONMENT = Rule("NM210", "an environment of the matrix is chosen")
FLOW_NOT_GRANTED = Rule("NM211", "only flows that the matrix grants to the environment are enabled")
NAMESPACE_RESERVED = Rule("NM220", "our namespaces are not Kubernetes' own")
NAMESPACES_DISTINCT = Rule("NM221", "our namespaces have different names")
PEER_IN_OUR_NAMESPACE = Rule("NM222", "an endpoint's peers are not in our own namespaces")
NAMESPACE_OF_ANOTHER = Rule("NM223", "a namespace does not take the name that the matrix gives another")
SELECTOR_KEY_TWICE = Rule("NM230", "a selector names each label once")
SELECTORS_OVERLAP = Rule("NM231", "no pod can match the selectors of two rows")
SELECTOR_OF_ANOTHER = Rule("NM232", "no pod that the matrix calls one row can match another row's selector")
PORTS_NOT_DISTINCT = Rule("NM240", "the ports of a pod are different")
PORT_BEYOND_CEILING = Rule("NM241", "an endpoint's ports are among those that the matrix allows")
CIDR_NOT_CANONICAL = Rule("NM250", "an address range is written in the one form that is accepted")
CIDR_TOO_WIDE = Rule("NM251", "an endpoint's address ranges are no wider than the matrix allows")
EXCEPT_OUTSIDE = Rule("NM253", "an additional except lies strictly inside its endpoint's range")
ANYONE_AND_PEERS = Rule("NM260", "an endpoint is open to anyone or to listed peers, not both")
PEER_SHAPE = Rule("NM261", "a peer is either a `cidr`, or a `namespace` and a `selector`")
EXCEPTION_END = Rule("NM270", "each end of an exception is said in exactly one way")
EXCEPTION_WITHOUT_POD = Rule("NM271", "at least one end of an exception is a pod of ours")
EXCEPTION_NEVER = Rule("NM272", "no exception does what a `never` line of the matrix forbids")
EXCEPTION_DATE = Rule("NM273", "an exception expires on a date that exists")
EXCEPTION_EXPIRED = Rule("NM274", "no exception has expired")
DISCOVERY_OFFLINE = Rule("NM280", "rendering without a cluster knows no discovered addresses")
NO_DESTINATION = Rule("NM281", "an enabled flow has somewhere to go to or come from")

RULES = tuple(value for value in dict(vars()).values() if isinstance(value, Rule))
"""Every rule of this room, in the order of the ids."""
