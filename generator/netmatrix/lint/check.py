"""All rules on all policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from netmatrix.document import Finding, Severity
from netmatrix.lint import allow, directions, dns, ends, overlaps, peers, ports, ranges, selectors, workloads
from netmatrix.lint.rule import LintRule, Remark
from netmatrix.lint.subject import Subject
from netmatrix.policy import Manifests
from netmatrix.policy import rules as policy_rules
from netmatrix.policy.notes import undeclared_namespaces

Check = Callable[[Subject], Iterable[Remark]]

_CHECKS: Sequence[tuple[Check, tuple[LintRule, ...]]] = (
    (peers.and_or, (peers.AND_OR,)),
    (peers.empty_list, (peers.EMPTY_LIST,)),
    (peers.everybody, (peers.EVERYBODY,)),
    (peers.whole_cluster, (peers.WHOLE_CLUSTER,)),
    (peers.label_anywhere, (peers.LABEL_ANYWHERE,)),
    (peers.only_negative, (peers.ONLY_NEGATIVE,)),
    (directions.dead_section, (directions.DEAD_SECTION,)),
    (directions.ingress_by_default, (directions.INGRESS_BY_DEFAULT,)),
    (ports.tcp_by_default, (ports.TCP_BY_DEFAULT,)),
    (ports.whole_protocol, (ports.WHOLE_PROTOCOL,)),
    (ports.wide_range, (ports.WIDE_RANGE,)),
    (ports.name_unknown, (ports.NAME_UNKNOWN,)),
    (ports.name_differs, (ports.NAME_DIFFERS,)),
    (ports.name_of_address, (ports.NAME_OF_ADDRESS,)),
    (ports.many_ports, (ports.MANY_PORTS,)),
    (selectors.impossible, (selectors.IMPOSSIBLE,)),
    (selectors.namespace_by_name_label, (selectors.NAMESPACE_BY_NAME_LABEL,)),
    (selectors.namespace_label_of_pod, (selectors.NAMESPACE_LABEL_OF_POD,)),
    (selectors.changing_label, (selectors.CHANGING_LABEL,)),
    (selectors.selects_nobody, (selectors.SELECTS_NOBODY,)),
    (ranges.except_undone, (ranges.EXCEPT_UNDONE,)),
    (ranges.metadata, (ranges.METADATA,)),
    (ranges.other_metadata, (ranges.OTHER_METADATA,)),
    (ranges.private, (ranges.PRIVATE,)),
    (ranges.ipv6_beside_except, (ranges.IPV6_BESIDE_EXCEPT,)),
    (ranges.pod_addresses, (ranges.POD_ADDRESSES,)),
    (dns.one_protocol, (dns.ONE_PROTOCOL,)),
    (dns.no_dns, (dns.NO_DNS,)),
    (dns.openshift_port, (dns.OPENSHIFT_PORT,)),
    (dns.node_local, (dns.NODE_LOCAL,)),
    (overlaps.overlaps, (overlaps.VOID, overlaps.REDUNDANT)),
    (workloads.not_isolated, (workloads.NOT_ISOLATED,)),
    (workloads.host_network, (workloads.HOST_NETWORK,)),
    (workloads.control_plane, (workloads.CONTROL_PLANE,)),
    (ends.one_sided, (ends.ONE_SIDED,)),
)

RULES: tuple[LintRule, ...] = (*(rule for _, rules in _CHECKS for rule in rules), allow.POINTLESS)
"""Every rule of the linter, by id."""


def lint(manifests: Manifests, faults: Sequence[Finding] = ()) -> tuple[Finding, ...]:
    """The pitfalls in `manifests`, and what the reader says; `faults` are those of objects that it had to leave out.

    With faults, rules that conclude something from what is not there are silent: it may be in what could not be read.
    """
    subject = Subject(manifests)
    findings: list[Finding] = [*faults, *_notes(manifests, is_whole=not faults)]
    used: set[tuple[str, str]] = set()
    judged: set[str] = set()
    for check, rules in _CHECKS:
        if faults and any(rule.needs_all for rule in rules):
            continue
        judged.update(rule.id for rule in rules)
        for remark in check(subject):
            reason = allow.allowed(remark)
            if reason:
                used.add((str(remark.policy), remark.rule.id))
            findings.append(allow.as_allowed(remark.finding(), reason) if reason else remark.finding())
    known = {rule.id for rule in RULES}
    findings += [item.finding() for item in allow.pointless(manifests.policies, known, judged, used)]
    return tuple(sorted(findings, key=Finding.order))


def _notes(manifests: Manifests, *, is_whole: bool) -> Iterable[Finding]:
    """What the reader left aside that could decide, and namespaces of whose labels nothing is known."""
    yield from (note for note in manifests.notes if note.severity is not Severity.NOTE)
    if manifests.workloads:
        yield from undeclared_namespaces(manifests)
    if is_whole and not manifests.policies:
        message, hint = "there is no NetworkPolicy in the input", "name the files or the folder of the policies"
        read = [item.origin for item in manifests.workloads] + [item.origin for item in manifests.foreign]
        first = next((origin for origin in read if origin), None)
        if first:
            yield Finding(policy_rules.NO_MANIFESTS, message, first.place, first.path, hint, Severity.WARNING)
