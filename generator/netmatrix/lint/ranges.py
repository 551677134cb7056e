"""Ranges of addresses: what they hold beyond what was meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from netmatrix.document import Severity
from netmatrix.lint.rule import LintRule, Remark
from netmatrix.lint.selection import selects_all_of
from netmatrix.lint.subject import RuleOf, Subject
from netmatrix.lint.wording import listed, ports_text
from netmatrix.policy.addresses import ALL_ADDRESSES, NO_ADDRESSES, AddressSet, Cidr, Family, parse_cidr
from netmatrix.policy.labels import Selector
from netmatrix.policy.objects import Direction, IPBlock, Peer
from netmatrix.policy.ports import PortSet, Protocol

EXCEPT_UNDONE = LintRule(
    "NM640",
    "what an except leaves out is not allowed elsewhere",
    "Write the except into the other block too, or remove it here.",
    Severity.WARNING,
    "An except narrows its own ipBlock alone; another peer, rule or policy that allows the same pods the range wins.",
    "Kubernetes e2e tests, network_policy.go: an address that overlaps both cidr and except is allowed",
    ("P8",),
)
METADATA = LintRule(
    "NM641",
    "a broad range leaves out the cloud's instance metadata",
    "Add the address to except; where it is the resolver too, allow port 53 alone.",
    Severity.WARNING,
    "Pods that reach the metadata address can read the node's credentials on most clouds.",
    "jupyterhub/zero-to-jupyterhub-k8s#3179, cilium/cilium#34387, tektoncd/operator#4000",
    ("P19", "P32"),
)
OTHER_METADATA = LintRule(
    "NM642",
    "a broad range leaves out the clouds' other credential and agent addresses",
    "Add the addresses of the cloud in use to except.",
    Severity.NOTE,
    "Some clouds hand out credentials, or reach the node's agent, at further addresses; Azure's is a public one.",
    "cilium/cilium#34387, Azure/AgentBaker#345, Smana/runlore#57",
    ("P32",),
)
PRIVATE = LintRule(
    "NM643",
    "a range that stands for the Internet leaves out the private ones",
    "Add the private ranges to except; for IPv6 write 2000::/3 instead of ::/0.",
    Severity.NOTE,
    "A broad range also holds private networks; on plugins where an ipBlock matches pods it is every pod, Service and "
    "node, on the others it is not.",
    "Kubernetes documentation, Network Policies, ipBlock; cilium/cilium#9209; RFC 1918, RFC 4193, RFC 6052, RFC 6598",
    ("P32", "P35", "P39"),
)
IPV6_BESIDE_EXCEPT = LintRule(
    "NM644",
    "what is excepted for IPv4 is excepted for IPv6",
    "Write 2000::/3 instead of ::/0, or except fc00::/7, fe80::/10, 64:ff9b::/96 and 64:ff9b:1::/48.",
    Severity.WARNING,
    "The IPv6 range beside it has no such except: private IPv6 networks, and through NAT64 the very IPv4 addresses "
    "that are excepted, stay open.",
    "kubermatic/kubermatic#9546, vibed-project/vibeD#60; RFC 6052",
    ("P33",),
)
POD_ADDRESSES = LintRule(
    "NM645",
    "an ipBlock holds no address of a pod",
    "Select pods by labels; add the pods' range to except.",
    Severity.NOTE,
    "Whether an ipBlock matches a pod is up to the network plugin: with Calico and OVN it does, with Cilium not.",
    "Kubernetes documentation, Network Policies, ipBlock: these should be cluster-external IPs; cilium/cilium#9209",
    ("P35", "P39"),
)

_HTTP = 80
_AGENT = 32526
_METADATA: Mapping[str, str] = {
    "169.254.169.254/32": "of AWS, Azure, Google Cloud and others",
    "fd00:ec2::254/128": "of AWS, over IPv6",
}
_OTHER_METADATA: Mapping[str, str] = {
    "169.254.170.2/32": "ECS task credentials",
    "169.254.170.23/32": "EKS Pod Identity",
    "fd00:ec2::23/128": "EKS Pod Identity",
    "168.63.129.16/32": "Azure's host agent",
    "100.100.100.200/32": "Alibaba Cloud metadata",
}
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10", "64:ff9b::/96")
_OPENED_BY_IPV6 = ("fc00::/7", "64:ff9b::/96")
_MOST_GROUPS = 500
"""Different selections with ranges in one namespace, beyond which excepts are not compared."""


def except_undone(subject: Subject) -> Iterator[Remark]:
    """Excepts that lie wholly in what other peers allow the same pods, on all ports of the rule."""
    groups = _allowed_ranges(subject)
    for of, peer, block in _blocks(subject):
        others = groups[of.policy.namespace, of.direction] if block.excepts else {}
        if not others or len(others) > _MOST_GROUPS or of.names:
            continue
        allowed = _allowed_elsewhere(of, others)
        for index, cidr in enumerate(block.excepts):
            if allowed and not cidr.addresses() - allowed:
                at = peer.origin.at("ipBlock", "except", index) if peer.origin else None
                message = (
                    f"{cidr} is excepted here and allowed to the same pods by another peer on {ports_text(of.rule)}"
                )
                yield Remark(EXCEPT_UNDONE, message, at, of.policy)


def metadata(subject: Subject) -> Iterator[Remark]:
    """Egress to the metadata address that nobody named."""
    for of, peer, block in _broad_egress(subject, _HTTP):
        for cidr in _inside(block, _METADATA):
            message = f"{block.cidr} holds {cidr}, the instance metadata {_METADATA[cidr]}, on {ports_text(of.rule)}"
            yield Remark(METADATA, message, peer.origin, of.policy)


def other_metadata(subject: Subject) -> Iterator[Remark]:
    """Egress to other such addresses that nobody named."""
    for of, peer, block in _broad_egress(subject, _HTTP, _AGENT):
        found = [f"{cidr} ({_OTHER_METADATA[cidr]})" for cidr in _inside(block, _OTHER_METADATA)]
        if found:
            yield Remark(OTHER_METADATA, f"{block.cidr} holds {listed(found)}", peer.origin, of.policy)


def private(subject: Subject) -> Iterator[Remark]:
    """Egress to whole private ranges inside broader ones."""
    for of, peer, block in _blocks(subject):
        found = _inside(block, _PRIVATE)
        if found and of.direction is Direction.EGRESS and not _is_beside_excepts(of, block):
            message = f"{block.cidr} holds {listed(found)} as well, on {ports_text(of.rule)}"
            yield Remark(PRIVATE, message, peer.origin, of.policy)


def ipv6_beside_except(subject: Subject) -> Iterator[Remark]:
    """IPv6 ranges without the excepts of the IPv4 range in the same rule."""
    for of, peer, block in _blocks(subject):
        if of.direction is Direction.EGRESS and _is_beside_excepts(of, block):
            held = listed(_inside(block, _OPENED_BY_IPV6))
            message = f"{block.cidr} holds {held}; the IPv4 range beside it leaves such addresses out"
            yield Remark(IPV6_BESIDE_EXCEPT, message, peer.origin, of.policy)


def pod_addresses(subject: Subject) -> Iterator[Remark]:
    """Ranges that hold the address of a pod of the input."""
    pods = [pod for pod in subject.workloads if pod.addresses != ALL_ADDRESSES and not pod.host_network]
    known = AddressSet.union(pod.addresses for pod in pods) if pods else NO_ADDRESSES
    for of, peer, block in _blocks(subject):
        common = block.addresses() & known
        if common:
            first = next(pod for pod in pods if pod.addresses & common)
            message = f"{block.cidr} holds addresses of pods, such as that of {first}"
            yield Remark(POD_ADDRESSES, message, peer.origin, of.policy)


def _blocks(subject: Subject) -> Iterator[tuple[RuleOf, Peer, IPBlock]]:
    return ((of, peer, peer.ip_block) for of, peer in subject.peers() if peer.ip_block is not None)


def _broad_egress(subject: Subject, *ports: int) -> Iterator[tuple[RuleOf, Peer, IPBlock]]:
    """Egress to more than one address, on one of the TCP `ports`."""
    for of, peer, block in _blocks(subject):
        single = block.cidr.prefix == (32 if block.cidr.family is Family.IPV4 else 128)
        opened = of.opened
        if of.direction is Direction.EGRESS and not single and any(opened.contains(Protocol.TCP, at) for at in ports):
            yield of, peer, block


def _inside(block: IPBlock, ranges: Iterable[str]) -> list[str]:
    """Those of `ranges` that lie wholly in what the block allows, and are smaller than it."""
    allowed = block.addresses()
    return [text for text in ranges if _is_inside(parse_cidr(text), block, allowed)]


def _is_inside(cidr: Cidr, block: IPBlock, allowed: AddressSet) -> bool:
    return cidr.strictly_within(block.cidr) and not cidr.addresses() - allowed


def _is_beside_excepts(of: RuleOf, block: IPBlock) -> bool:
    """Whether an IPv6 block opens what an IPv4 block of the same rule takes care to leave out."""
    blocks = [peer.ip_block for peer in of.rule.peers if peer.ip_block is not None]
    careful = any(other.cidr.family is Family.IPV4 and other.excepts for other in blocks)
    return careful and block.cidr.family is Family.IPV6 and bool(_inside(block, _OPENED_BY_IPV6))


_Groups = Mapping[tuple[Selector, PortSet], AddressSet]


def _allowed_ranges(subject: Subject) -> Mapping[tuple[str, Direction], _Groups]:
    """By namespace and direction, all addresses that blocks allow, by the selected pods and the ports."""
    collected: dict[tuple[str, Direction], dict[tuple[Selector, PortSet], list[AddressSet]]] = defaultdict(dict)
    for of, _, block in _blocks(subject):
        key = (of.policy.pod_selector, of.opened)
        found = collected[of.policy.namespace, of.direction].setdefault(key, [])
        found.append(block.addresses())
    return {place: {key: AddressSet.union(sets) for key, sets in groups.items()} for place, groups in collected.items()}


def _allowed_elsewhere(of: RuleOf, groups: _Groups) -> AddressSet:
    """What blocks allow the pods of a rule on all of its ports; its own block adds nothing that it excepts."""
    wanted = of.opened
    found = [
        addresses
        for (selector, ports), addresses in groups.items()
        if wanted and not wanted - ports and selects_all_of(selector, of.policy.pod_selector)
    ]
    return AddressSet.union(found)
