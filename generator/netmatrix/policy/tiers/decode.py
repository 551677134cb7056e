"""ClusterNetworkPolicies as they were written, decoded strictly: what is not decided here is an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netmatrix.document import Finding, KeyPath, did_you_mean
from netmatrix.document.wording import quoted
from netmatrix.policy import rules
from netmatrix.policy.addresses import AddressSet, CidrError, parse_cidr
from netmatrix.policy.decode_policy import port_number, selector
from netmatrix.policy.decode_workload import metadata
from netmatrix.policy.fields import Fields
from netmatrix.policy.labels import EVERYTHING
from netmatrix.policy.objects import Direction, Written
from netmatrix.policy.open_world import Selection
from netmatrix.policy.ports import ALL_PORTS, NO_PORTS, PortSet, Protocol
from netmatrix.policy.source import Origin
from netmatrix.policy.tiers.objects import Action, ClusterPeer, ClusterPolicy, ClusterRule, Tier

KIND = "ClusterNetworkPolicy"
VERSIONS = ("policy.networking.k8s.io/v1alpha2", "policy.networking.k8s.io/v1beta1")
"""The same fields and words in both."""

_OBJECT = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})
_SPEC = frozenset({"tier", "priority", "subject", "ingress", "egress"})
_SUBJECT = frozenset({"namespaces", "pods"})
_PODS = ("namespaceSelector", "podSelector")
_PEERS = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
_PEER = {
    Direction.INGRESS: frozenset({"namespaces", "pods"}),
    Direction.EGRESS: frozenset({"namespaces", "pods", "networks", "nodes", "domainNames"}),
}
_EXPERIMENTAL = ("nodes", "domainNames", "destinationNamedPort")
_PROTOCOL = frozenset({"tcp", "udp", "sctp", "destinationNamedPort"})
_MOST = 25
_HIGHEST_PRIORITY = 1000


def is_cluster_policy(item: Written) -> bool:
    """Whether an object is one that is decoded here."""
    return item.kind == KIND and item.api_version in VERSIONS


def cluster_policies(items: Iterable[Written]) -> tuple[ClusterPolicy, ...]:
    """The ClusterNetworkPolicies among `items`, by name. Raises ManifestError with all that is wrong with them."""
    findings: list[Finding] = []
    found: dict[str, ClusterPolicy] = {}
    for item in items:
        if is_cluster_policy(item):
            fields = Fields(item.origin.source, findings)
            policy = _policy(fields, item)
            if found.setdefault(policy.name, policy) != policy:
                message = f"the {KIND} {quoted(policy.name)} is defined differently at {found[policy.name].place}"
                fields.error(rules.DEFINED_TWICE, item.origin.path, message, "keep one of the two")
    if findings:
        raise rules.ManifestError(findings)
    return tuple(policy for _, policy in sorted(found.items()))


def _policy(fields: Fields, item: Written) -> ClusterPolicy:
    path = item.origin.path
    fields.struct(item.data, path, _OBJECT)
    meta = metadata(fields, item.data, path)
    at = (*path, "spec")
    if item.data.get("spec") is None:
        fields.missing("spec", path)
    spec = fields.struct(item.data.get("spec"), at, _SPEC)
    return ClusterPolicy(
        name=fields.name(meta, (*path, "metadata")),
        tier=Tier(_word(fields, spec, "tier", at, [tier.value for tier in Tier])),
        priority=_priority(fields, spec, at),
        subject=_subject(fields, spec.get("subject"), (*at, "subject")),
        ingress=_rules(fields, spec, Direction.INGRESS, at),
        egress=_rules(fields, spec, Direction.EGRESS, at),
        origin=item.origin,
    )


def _word(fields: Fields, data: Mapping[str, Any], field: str, path: KeyPath, known: list[str]) -> str:
    """One of a few words; the first of them where it is none, which is reported."""
    text = fields.string(data, field, path, required=True)
    if text is not None and text not in known:
        hint = did_you_mean(text[:20], known) or f"write {', '.join(known)}"
        fields.error(rules.BACKEND_FIELD, (*path, field), f"{quoted(text)} is no {field}", hint)
    return text if text in known else known[0]


def _priority(fields: Fields, spec: Mapping[str, Any], path: KeyPath) -> int:
    """ "Priority is a value from 0 to 1000" (API); there is no default."""
    number = fields.integer(spec, "priority", path)
    if number is None:
        if "priority" not in spec:
            fields.missing("priority", path)
        return 0
    if not 0 <= number <= _HIGHEST_PRIORITY:
        hint = f"write a number from 0 to {_HIGHEST_PRIORITY}"
        fields.error(rules.BACKEND_FIELD, (*path, "priority"), "the priority is out of range", hint)
    return number


def _one_of(fields: Fields, data: Mapping[str, Any], path: KeyPath, what: str) -> str | None:
    """The one field that is set: "Exactly one of the fields must be set" (API)."""
    given = [field for field, value in data.items() if value is not None]
    if len(given) != 1 or len(data) != 1:
        fields.error(rules.BACKEND_FIELD, path, f"{what} must have exactly one field", "make two of it, or name one")
        return None
    return given[0]


def _subject(fields: Fields, value: Any, path: KeyPath) -> Selection:
    data = fields.struct(value, path, _SUBJECT)
    field = _one_of(fields, data, path, "the subject")
    return _selection(fields, data, field, path) if field else Selection(EVERYTHING, EVERYTHING)


def _selection(fields: Fields, data: Mapping[str, Any], field: str, path: KeyPath) -> Selection:
    """`namespaces`: all pods in them; `pods`: "namespace AND pod selectors" (API). An empty selector selects all,
    and so does a `namespaceSelector` that is left out, which the CRD does not require."""
    at = (*path, field)
    if field == "namespaces":
        return Selection(selector(fields, data[field], at), EVERYTHING)
    pods = fields.struct(data[field], at, frozenset(_PODS))
    if pods.get("podSelector") is None:
        fields.missing("podSelector", at)
    namespaces, labels = (selector(fields, pods.get(name), (*at, name)) for name in _PODS)
    return Selection(namespaces, labels)


def _rules(fields: Fields, spec: Mapping[str, Any], direction: Direction, path: KeyPath) -> tuple[ClusterRule, ...]:
    field, peers = direction.value.lower(), _PEERS[direction]
    at = (*path, field)
    entries = fields.entries(spec.get(field), at, frozenset({"name", "action", "protocols", peers}))
    _few(fields, entries, at, least=0)
    return tuple(_rule(fields, entry, direction, entry_path) for entry_path, entry in entries)


def _rule(fields: Fields, data: Mapping[str, Any], direction: Direction, path: KeyPath) -> ClusterRule:
    fields.string(data, "name", path)
    field = _PEERS[direction]
    entries = fields.entries(data.get(field), (*path, field), _PEER[direction])
    _few(fields, entries, (*path, field), least=1)
    return ClusterRule(
        action=Action(_word(fields, data, "action", path, [action.value for action in Action])),
        peers=tuple(_peer(fields, entry, entry_path) for entry_path, entry in entries),
        ports=_ports(fields, data, path),
        origin=Origin(fields.source, path),
    )


def _few(fields: Fields, entries: list[tuple[KeyPath, Mapping[str, Any]]], path: KeyPath, *, least: int) -> None:
    if not least <= len(entries) <= _MOST:
        hint = f"give {least} to {_MOST}"
        fields.error(rules.BACKEND_FIELD, path, f"there are {len(entries) or 'no'} entries", hint)


def _peer(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> ClusterPeer:
    field = _one_of(fields, data, path, "a peer")
    if field is None or _is_experimental(fields, field, path):
        return ClusterPeer()
    if field == "networks":
        return ClusterPeer(networks=_networks(fields, data[field], (*path, field)))
    return ClusterPeer(pods=_selection(fields, data, field, path))


def _is_experimental(fields: Fields, field: str, path: KeyPath) -> bool:
    if field not in _EXPERIMENTAL:
        return False
    hint = "say it with pods, namespaces, networks or port numbers"
    fields.error(rules.BACKEND_FEATURE, (*path, field), f"{field} is experimental, and not judged", hint)
    return True


def _networks(fields: Fields, value: Any, path: KeyPath) -> AddressSet:
    found: list[AddressSet] = []
    items = fields.items(value, path)
    if not 0 < len(items) <= _MOST:
        fields.error(rules.BACKEND_FIELD, path, f"there are {len(items) or 'no'} ranges", f"give 1 to {_MOST}")
    for index, item in enumerate(items):
        text = fields.string_at(item, (*path, index))
        try:
            found += [parse_cidr(text).addresses()] if text else []
        except CidrError as error:
            fields.error(rules.CIDR, (*path, index), str(error), error.hint)
    return AddressSet.union(found)


def _ports(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> PortSet:
    """ "If unspecified, protocol-specific attributes will not be used to match traffic" (API, `protocols`)."""
    if "protocols" not in data:
        return ALL_PORTS
    at = (*path, "protocols")
    entries = fields.entries(data["protocols"], at, _PROTOCOL)
    _few(fields, entries, at, least=1)
    return PortSet.union([NO_PORTS, *(_protocol(fields, entry, entry_path) for entry_path, entry in entries)])


def _protocol(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> PortSet:
    field = _one_of(fields, data, path, "an entry of protocols")
    if field is None or _is_experimental(fields, field, path):
        return NO_PORTS
    match = fields.struct(data[field], (*path, field), frozenset({"destinationPort"}))
    at = (*path, field, "destinationPort")
    port = fields.struct(match.get("destinationPort"), at, frozenset({"number", "range"}))
    protocol = Protocol(field.upper())
    kind = _one_of(fields, port, at, "a destinationPort")
    if kind == "number":
        number = fields.integer(port, "number", at)
        if number is None:
            return NO_PORTS
        port_number(fields, number, (*at, "number"))
        return PortSet.of(protocol, number)
    if kind == "range":
        return _range(fields, fields.struct(port["range"], (*at, "range"), frozenset({"start", "end"})), at, protocol)
    return NO_PORTS


def _range(fields: Fields, data: Mapping[str, Any], path: KeyPath, protocol: Protocol) -> PortSet:
    """ "Start port must be less than End port" (API, PortRange)."""
    at = (*path, "range")
    first, last = (fields.integer(data, name, at) for name in ("start", "end"))
    if first is None or last is None:
        fields.error(rules.PORT, at, "a range needs start and end", "write both")
        return NO_PORTS
    port_number(fields, first, (*at, "start"))
    port_number(fields, last, (*at, "end"))
    if first >= last:
        fields.error(rules.PORT, at, f"the range starts at {first}, and ends at {last}", "write the lower one first")
        return NO_PORTS
    return PortSet.of(protocol, first, last)
