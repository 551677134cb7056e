"""DNS: without it pods reach nothing by name, and half of it fails on some days only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from netmatrix.document import Severity
from netmatrix.lint.rule import LintRule, Remark
from netmatrix.lint.selection import may_share
from netmatrix.lint.subject import SYSTEM_NAMESPACE, RuleOf, Subject
from netmatrix.lint.wording import listed, peer_text, ports_text
from netmatrix.policy import NetworkPolicy
from netmatrix.policy.addresses import AddressSet, parse_cidr
from netmatrix.policy.labels import NAMESPACE_NAME, Operator
from netmatrix.policy.objects import Direction, Peer, Port
from netmatrix.policy.ports import Protocol

ONE_PROTOCOL = LintRule(
    "NM650",
    "DNS is opened for UDP and for TCP",
    "Add the other protocol for the same port.",
    Severity.WARNING,
    "Queries start with UDP, and long answers come over TCP: with one of the two, some names, or all, fail.",
    "RFC 7766; the project's list of pitfalls, P17",
    ("P17",),
)
NO_DNS = LintRule(
    "NM651",
    "pods that may connect to something may resolve its name",
    "Add egress to the cluster's DNS, UDP and TCP 53.",
    Severity.WARNING,
    "Egress is denied but for what is listed, and no policy for these pods lists DNS: no name is resolved.",
    "jupyterhub/zero-to-jupyterhub-k8s#3719, akash-network/node#1339",
    ("P23",),
    needs_all=True,
)
OPENSHIFT_PORT = LintRule(
    "NM652",
    "egress to OpenShift's DNS is opened for port 5353",
    "Add UDP and TCP 5353.",
    Severity.WARNING,
    "The DNS pods of OpenShift listen on 5353, and policies are evaluated after the Service has translated 53.",
    "nmstate/kubernetes-nmstate#1570",
    ("P20",),
)
NODE_LOCAL = LintRule(
    "NM653",
    "DNS is opened to the node's cache where there is one",
    "Add an ipBlock with the cache's address, 169.254.20.10/32 unless it was configured otherwise.",
    Severity.WARNING,
    "NodeLocal DNSCache runs on the host's network: no selector of pods matches it, and queries to it are dropped.",
    "kubernetes/kubernetes#70555, gardener/gardener#2745",
    ("P18",),
    needs_all=True,
)

_DNS = 53
_OPENSHIFT_DNS = 5353
_OPENSHIFT_NAMESPACE = "openshift-dns"
_BOTH = (Protocol.UDP, Protocol.TCP)
_SYSTEM = (SYSTEM_NAMESPACE, _OPENSHIFT_NAMESPACE)
_CACHE_LABEL = ("k8s-app", "node-local-dns")
_MOST_COMPARED = 500
_RESOLVERS = AddressSet.union(
    parse_cidr(text).addresses()
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7")
)
"""Where the resolver of a cluster has its address, as far as that is usual."""


def one_protocol(subject: Subject) -> Iterator[Remark]:
    """Port 53 over one protocol, where no rule for pods that may be the same opens the other."""
    opening = _opening(subject)
    for of in subject.rules:
        for index, port in enumerate(of.rule.ports):
            other = Protocol.TCP if port.protocol is Protocol.UDP else Protocol.UDP
            if port.port == _DNS and port.protocol in _BOTH and not _shared(of, opening[of.direction, other]):
                default = "" if "protocol" in port.written else ", the protocol where none is written"
                message = f"DNS is opened over {port.protocol} alone{default}; {_needed_for(other)}"
                yield Remark(ONE_PROTOCOL, message, of.port_origin(index), of.policy)


def no_dns(subject: Subject) -> Iterator[Remark]:
    """Policies with egress to what has a name, where no policy for pods that may be the same opens DNS."""
    granting: dict[str, list[NetworkPolicy]] = defaultdict(list)
    for of in subject.rules:
        if of.direction is Direction.EGRESS and _opens_dns(of):
            granting[of.policy.namespace].append(of.policy)
    for policy in subject.policies:
        named = _with_names(policy) if Direction.EGRESS in policy.types else []
        if named and not _any_shares(policy, granting[policy.namespace]):
            at = policy.origin.at("spec", "egress") if policy.origin else None
            message = f"its pods may connect to {listed(named, most=2)}, and to no DNS: names are not resolved"
            yield Remark(NO_DNS, message, at, policy)


def openshift_port(subject: Subject) -> Iterator[Remark]:
    """Egress to the namespace of OpenShift's DNS on the Service's port alone."""
    for of in subject.rules:
        opened = of.opened
        missing = opened.contains(Protocol.UDP, _DNS) and not opened.contains(Protocol.UDP, _OPENSHIFT_DNS)
        for peer in of.rule.peers if missing and of.direction is Direction.EGRESS else ():
            if _OPENSHIFT_NAMESPACE in _named_namespaces(peer):
                message = (
                    f"DNS pods of {_OPENSHIFT_NAMESPACE} listen on {_OPENSHIFT_DNS}; this opens {ports_text(of.rule)}"
                )
                yield Remark(OPENSHIFT_PORT, message, peer.origin, of.policy)


def node_local(subject: Subject) -> Iterator[Remark]:
    """DNS to pods alone, where the input runs a cache on every node."""
    key, value = _CACHE_LABEL
    cache = next((pod for pod in subject.workloads if pod.host_network and pod.labels.get(key) == value), None)
    if cache is None:
        return
    to_addresses: dict[str, list[NetworkPolicy]] = defaultdict(list)
    to_pods: dict[NetworkPolicy, RuleOf] = {}
    for of in subject.rules:
        if of.direction is Direction.EGRESS and _opens_dns(of):
            if not of.rule.peers or any(peer.ip_block for peer in of.rule.peers):
                to_addresses[of.policy.namespace].append(of.policy)
            to_pods.setdefault(of.policy, of)
    for policy, of in to_pods.items():
        if not _any_shares(policy, to_addresses[policy.namespace]):
            message = f"DNS is opened to pods alone, and {cache} answers it on the host's network"
            yield Remark(NODE_LOCAL, message, of.origin, policy)


_Opening = dict[tuple[Direction, Protocol], dict[str, list[NetworkPolicy]]]


def _opening(subject: Subject) -> _Opening:
    """The policies of each namespace that open port 53, by direction and protocol."""
    found: _Opening = {(direction, protocol): defaultdict(list) for direction in Direction for protocol in Protocol}
    for of in subject.rules:
        opened = of.opened
        for protocol in _BOTH:
            if opened.contains(protocol, _DNS):
                found[of.direction, protocol][of.policy.namespace].append(of.policy)
    return found


def _shared(of: RuleOf, by_namespace: dict[str, list[NetworkPolicy]]) -> bool:
    return _any_shares(of.policy, by_namespace[of.policy.namespace])


def _any_shares(policy: NetworkPolicy, others: list[NetworkPolicy]) -> bool:
    """Whether one of `others` may select a pod that `policy` selects; so many that one surely does count as one."""
    if len(others) > _MOST_COMPARED:
        return True
    return any(may_share(policy.pod_selector, other.pod_selector) for other in others)


def _needed_for(protocol: Protocol) -> str:
    if protocol is Protocol.TCP:
        return "answers that are too long for UDP come over TCP"
    return "queries start with UDP"


def _opens_dns(of: RuleOf) -> bool:
    """Whether a rule names a DNS port or a DNS server, or opens such a port to what may be the cluster's DNS.

    The server's own port may be any: some clusters' listen on 8053.
    """
    if any(_is_dns(port) for port in of.rule.ports) or any(_names_dns(peer) for peer in of.rule.peers):
        return True
    opened = of.opened
    if not any(opened.contains(protocol, number) for protocol in _BOTH for number in (_DNS, _OPENSHIFT_DNS)):
        return False
    return not of.rule.peers or any(_may_be_dns(peer, of.policy.namespace) for peer in of.rule.peers)


def _is_dns(port: Port) -> bool:
    return port.port in (_DNS, _OPENSHIFT_DNS) or (
        isinstance(port.port, str) and port.port.startswith(("dns", "domain"))
    )


def _names_dns(peer: Peer) -> bool:
    """Whether a peer selects pods by a label such as `k8s-app: kube-dns`."""
    found = peer.pod_selector.requirements if peer.pod_selector else ()
    return any(item.operator is Operator.IN and any("dns" in value for value in item.values) for item in found)


def _may_be_dns(peer: Peer, home: str) -> bool:
    if peer.ip_block is not None:
        return bool(peer.ip_block.addresses() & _RESOLVERS)
    if peer.namespace_selector is None:
        return home in _SYSTEM
    names = _named_namespaces(peer)
    return not names or any(name in _SYSTEM for name in names)


def _named_namespaces(peer: Peer) -> tuple[str, ...]:
    """The namespaces that a peer names; none where it selects by other labels, or all."""
    found = peer.namespace_selector.requirements if peer.namespace_selector else ()
    names = [item.values for item in found if item.key == NAMESPACE_NAME and item.operator is Operator.IN]
    return names[0] if names else ()


def _with_names(policy: NetworkPolicy) -> list[str]:
    """To whom the policy lets its pods out, but for single addresses: those are not asked for by name."""
    found: list[str] = []
    for rule in policy.egress:
        found += [peer_text(peer, policy.namespace) for peer in rule.peers if not _is_single_address(peer)]
        found += [] if rule.peers else ["everybody"]
    return found


def _is_single_address(peer: Peer) -> bool:
    return peer.ip_block is not None and peer.ip_block.cidr.first == peer.ip_block.cidr.last
