"""CiliumNetworkPolicies as they were written, decoded strictly: what is not decided here is an error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from netmatrix.document import Finding, KeyPath
from netmatrix.document.wording import quoted
from netmatrix.policy import rules
from netmatrix.policy.addresses import AddressSet, Cidr, Family
from netmatrix.policy.cilium.labels import endpoints, subject
from netmatrix.policy.cilium.ports import ports_of
from netmatrix.policy.decode_policy import ip_block
from netmatrix.policy.decode_workload import metadata
from netmatrix.policy.fields import Fields
from netmatrix.policy.objects import Direction, IPBlock, NetworkPolicy, Peer, Rule, Written
from netmatrix.policy.source import Origin

KIND = "CiliumNetworkPolicy"
VERSIONS = ("cilium.io/v2",)

_OBJECT = frozenset({"apiVersion", "kind", "metadata", "spec", "specs", "status"})
_SPEC = frozenset({"endpointSelector", "ingress", "egress", "description"})
_OTHER_SPEC = frozenset({"nodeSelector", "ingressDeny", "egressDeny", "labels", "enableDefaultDeny", "log"})
_PREFIX = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
_PEERS = ("Endpoints", "CIDR", "CIDRSet", "Entities")
_OTHER_RULE = {
    Direction.INGRESS: frozenset({"fromRequires", "fromGroups", "fromNodes", "icmps", "authentication"}),
    Direction.EGRESS: frozenset(
        {"toRequires", "toGroups", "toNodes", "toServices", "toFQDNs", "icmps", "authentication"}
    ),
}
_ALL, _API_SERVER = "all", "kube-apiserver"
_NOWHERE = Cidr(Family.IPV4, 0, 32)
_NOBODY = Peer(ip_block=IPBlock(_NOWHERE, (_NOWHERE,)))


def is_cilium_policy(item: Written) -> bool:
    """Whether an object is one that is decoded here."""
    return item.kind == KIND and item.api_version in VERSIONS


def cilium_policies(
    items: Iterable[Written], api_server: AddressSet, default_namespace: str
) -> tuple[NetworkPolicy, ...]:
    """The CiliumNetworkPolicies among `items`, as NetworkPolicies that say the same, by namespace and name.

    "If any rule selects an endpoint and the rule has an ingress section, the endpoint goes into default deny-mode for
    ingress", and so for egress; "traffic matching the union of those rules will be allowed" (Docs, "Endpoint default
    policy", "Rule Basics"): in this the two APIs are one. `api_server` is what the entity of that name stands for; it
    is no pod. Raises ManifestError with all that is wrong, and all that is not decided.
    """
    findings: list[Finding] = []
    found: dict[tuple[str, str], NetworkPolicy] = {}
    for item in items:
        if is_cilium_policy(item):
            fields = Fields(item.origin.source, findings)
            policy = _policy(fields, item, api_server, default_namespace)
            if found.setdefault((policy.namespace, policy.name), policy) != policy:
                fields.error(rules.DEFINED_TWICE, item.origin.path, f"{policy} is defined twice", "keep one of the two")
    if findings:
        raise rules.ManifestError(findings)
    return tuple(policy for _, policy in sorted(found.items()))


def _policy(fields: Fields, item: Written, api_server: AddressSet, default_namespace: str) -> NetworkPolicy:
    path = item.origin.path
    fields.struct(item.data, path, _OBJECT)
    meta = metadata(fields, item.data, path)
    name = fields.name(meta, (*path, "metadata"))
    namespace = fields.string(meta, "namespace", (*path, "metadata")) or default_namespace
    at = (*path, "spec")
    if item.data.get("specs") is not None:
        fields.error(rules.BACKEND_FEATURE, (*path, "specs"), "specs are not judged", "write each as an object")
    if item.data.get("spec") is None:
        fields.missing("spec", path)
    spec = _struct(fields, item.data.get("spec"), at, _SPEC, _OTHER_SPEC)
    directions = {direction: _rules(fields, spec, direction, at, api_server) for direction in Direction}
    if not any(directions.values()):
        # API, Sanitize: "rule must have at least one of Ingress, IngressDeny, Egress, EgressDeny".
        fields.error(rules.BACKEND_FIELD, at, "there is no rule", "write `ingress: [{}]` where nobody is meant")
    return NetworkPolicy(
        namespace,
        f"{name} ({KIND})",
        subject(fields, spec, at, namespace),
        frozenset(direction for direction, found in directions.items() if found),
        directions[Direction.INGRESS],
        directions[Direction.EGRESS],
        item.origin,
    )


def _struct(
    fields: Fields, value: Any, path: KeyPath, judged: frozenset[str], others: frozenset[str]
) -> Mapping[str, Any]:
    """A mapping of fields whose effect is decided; the `others` are reported."""
    data = fields.struct(value, path, judged | others)
    for field in others & data.keys():
        fields.error(rules.BACKEND_FEATURE, (*path, field), f"{field} is not judged", "say it without")
    return data


def _rules(
    fields: Fields, spec: Mapping[str, Any], direction: Direction, path: KeyPath, api_server: AddressSet
) -> tuple[Rule, ...]:
    field, prefix = direction.value.lower(), _PREFIX[direction]
    peers = [f"{prefix}{kind}" for kind in _PEERS]
    known = frozenset({*peers, "toPorts"}) | _OTHER_RULE[direction]
    found: list[Rule] = []
    for at, data in fields.entries(spec.get(field), (*path, field), known):
        _struct(fields, data, at, known - _OTHER_RULE[direction], _OTHER_RULE[direction])
        given = [name for name in peers if name in data]
        if len(given) > 1:
            # API, sanitize: "combining %s and %s is not supported yet".
            message = f"{', '.join(given)} stand in one rule"
            fields.error(rules.BACKEND_FIELD, at, message, "make a rule of each")
        origin = Origin(fields.source, at)
        named = _named(fields, data, given[0], at, api_server) if given else _unnamed(data)
        found.append(Rule(named, ports_of(fields, data, at, direction), origin))
    return tuple(found)


def _unnamed(data: Mapping[str, Any]) -> tuple[Peer, ...]:
    """The peers of a rule that names none: everybody on its ports, and without ports nobody.

    "Nil ToEndpoints is implicitly treated as a wildcard selector if ToPorts are also specified" (API, egress.go);
    "- {}" puts "an endpoint into default deny mode without whitelisting other peers" (Docs, "Ingress/Egress Default
    Deny"), where a NetworkPolicy would be open to all.
    """
    return () if "toPorts" in data else (_NOBODY,)


def _named(
    fields: Fields, data: Mapping[str, Any], field: str, path: KeyPath, api_server: AddressSet
) -> tuple[Peer, ...]:
    at = (*path, field)
    items = fields.items(data[field], at)
    if not items:
        # API, IngressCommonRule: empty and not nil "does not select anything", nil everything; what is stored decides.
        hint = "remove the rule where nobody is meant"
        fields.error(rules.BACKEND_FIELD, at, "the list is empty, which is nobody or everybody", hint)
    if field.endswith("Endpoints"):
        return endpoints(fields, items, at)
    if field.endswith("Entities"):
        return tuple(_entities(fields, items, at, api_server))
    return tuple(_ranges(fields, items, at, plain=field.endswith("CIDR")))


def _entities(fields: Fields, items: list[Any], path: KeyPath, api_server: AddressSet) -> Iterator[Peer]:
    """Everybody, or the API server; what the other entities are is up to the cluster."""
    words = [fields.string_at(item, (*path, index)) for index, item in enumerate(items)]
    for index, word in enumerate(words):
        if word not in (_ALL, _API_SERVER):
            hint = f"say it with pods or ranges; {_ALL} and {_API_SERVER} are judged"
            fields.error(rules.BACKEND_FEATURE, (*path, index), f"the entity {quoted(word)} is not judged", hint)
    if _ALL in words:
        return
    cidrs = list(api_server.cidrs())
    yield from (Peer(ip_block=IPBlock(cidr, outside=True)) for cidr in cidrs)
    if not cidrs:
        yield _NOBODY


def _ranges(fields: Fields, items: list[Any], path: KeyPath, *, plain: bool) -> Iterator[Peer]:
    """ "CIDR rules do not apply to traffic where both sides of the connection are either managed by Cilium or use an IP
    belonging to a node" (Docs, "IP/CIDR based"), as ipBlocks do not there: the model of ipBlocks is that of ranges."""
    for index, item in enumerate(items):
        at = (*path, index)
        others = frozenset({"cidrGroupRef", "cidrGroupSelector"}) & (item.keys() if type(item) is dict else set())
        if others:
            fields.error(rules.BACKEND_FEATURE, at, "groups of ranges are not judged", "name the ranges")
            continue
        block = ip_block(fields, {"cidr": item} if plain else item, at)
        if block is not None:
            yield Peer(ip_block=block, origin=Origin(fields.source, at))
