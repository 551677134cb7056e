"""The project's list of NetworkPolicy pitfalls, P1 to P42, and what becomes of each: a rule, an error of the reader, or
nothing, because manifests do not decide it."""

from __future__ import annotations

from dataclasses import dataclass

from netmatrix.document import Rule
from netmatrix.document.rules import KEY_ONCE
from netmatrix.policy import rules as reading

_OF_ANALYSIS = (reading.HOST_NETWORK, reading.COMPLETED, reading.ADDRESS_UNKNOWN)

READER = tuple(rule for rule in reading.RULES if rule not in _OF_ANALYSIS)
"""The rules of the reader that the linter tells of; the others say what an analysis assumes."""


@dataclass(frozen=True, slots=True)
class Pitfall:
    """One entry of the list. `reading` are the rules of the reader that catch it, in whole or in part; `undecided` says
    why manifests do not decide it, or what of it they do not. The linter's own rules name their pitfalls themselves."""

    id: str
    title: str
    reading: tuple[Rule, ...] = ()
    undecided: str = ""


PITFALLS = (
    Pitfall("P1", "AND or OR between a namespaceSelector and a podSelector"),
    Pitfall("P2", "empty and missing lists of peers, ports and rules", (reading.PEER, reading.TYPE)),
    Pitfall(
        "P3", "a template that leaves an empty section out", (), "a section that was left out whole leaves no trace"
    ),
    Pitfall("P4", "what policyTypes is where it is not written", (reading.POLICY_TYPE,)),
    Pitfall("P5", "TCP by default; every port of a protocol", (), "which other protocol was meant"),
    Pitfall("P6", "endPort", (reading.PORT,)),
    Pitfall("P7", "port names", (reading.PORT,)),
    Pitfall("P8", "except", (reading.EXCEPT,)),
    Pitfall("P9", "ranges with host bits or leading zeros, keys that stand twice", (reading.CIDR, KEY_ONCE)),
    Pitfall("P10", "NotIn and DoesNotExist, and how requirements combine", (reading.SELECTOR,)),
    Pitfall("P11", "namespaces by name"),
    Pitfall("P12", "policies only add up"),
    Pitfall("P13", "labels in selectors"),
    Pitfall("P14", "both ends of a connection"),
    Pitfall(
        "P15", "a pod and itself, directly or through a Service", (), "whether a pod calls itself is in no manifest"
    ),
    Pitfall("P16", "ICMP and other protocols", (), "a policy cannot name them, and plugins differ"),
    Pitfall("P17", "DNS over UDP and TCP"),
    Pitfall("P18", "NodeLocal DNSCache", (), "where the cache is not in the input, nothing tells that it runs"),
    Pitfall("P19", "a resolver at the metadata address", (), "whether the cluster resolves there"),
    Pitfall("P20", "OpenShift's DNS on port 5353"),
    Pitfall("P21", "the address of DNS before or after translation", (), "it depends on the network plugin"),
    Pitfall("P22", "AKS LocalDNS", (), "its address is a setting of the node"),
    Pitfall("P23", "pods with egress and without DNS"),
    Pitfall("P24", "ports and addresses of Services instead of pods", (), "Services are not read, and plugins differ"),
    Pitfall("P25", "the API server by selector"),
    Pitfall("P26", "where webhooks are called from", (), "the control plane's addresses are in no manifest"),
    Pitfall("P27", "pods on the host's network"),
    Pitfall("P28", "probes of the kubelet", (), "they are always allowed; some plugins had faults"),
    Pitfall("P29", "the source address behind a load balancer", (), "it depends on the Service and the way to it"),
    Pitfall("P30", "port-forward and exec", (), "no policy can stop them"),
    Pitfall("P31", "meshes and agents that change destinations", (), "they do so at run time"),
    Pitfall("P32", "what to leave out of the Internet"),
    Pitfall("P33", "IPv6 beside IPv4"),
    Pitfall("P34", "limits of one plugin"),
    Pitfall("P35", "private ranges that are also pods, Services and nodes"),
    Pitfall("P36", "plugins that do not enforce policies", (), "manifests do not tell which plugin runs"),
    Pitfall("P37", "the moments after a pod starts", (), "it is a matter of time"),
    Pitfall("P38", "connections that are open when a policy changes", (), "it is a matter of time"),
    Pitfall("P39", "whether an ipBlock matches pods"),
    Pitfall("P40", "Windows and SCTP", (), "it depends on the network plugin"),
    Pitfall("P41", "who may set labels", (), "RBAC is not read"),
    Pitfall("P42", "values that reach into rules", (), "values are not manifests; `netmatrix validate` judges ours"),
)
