"""A NetworkPolicy of networking.k8s.io/v1: decoded strictly, defaulted and validated as the API server does it.

Sources: `pkg/apis/networking/v1/defaults.go` and `pkg/apis/networking/validation/validation.go` of Kubernetes, and its
API reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from netmatrix.document import KeyPath, did_you_mean
from netmatrix.document.wording import quoted
from netmatrix.policy import rules
from netmatrix.policy.addresses import Cidr, CidrError, parse_cidr
from netmatrix.policy.fields import Fields
from netmatrix.policy.labels import Operator, Requirement, Selector
from netmatrix.policy.objects import Direction, IPBlock, NetworkPolicy, Peer, Port, Rule
from netmatrix.policy.ports import FIRST_PORT, LAST_PORT, Protocol
from netmatrix.policy.source import Origin

_SPEC = frozenset({"podSelector", "policyTypes", "ingress", "egress"})
_RULE = {
    Direction.INGRESS: frozenset({"from", "ports"}),
    Direction.EGRESS: frozenset({"to", "ports"}),
}
_PEERS = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
_PEER = frozenset({"podSelector", "namespaceSelector", "ipBlock"})
_BLOCK = frozenset({"cidr", "except"})
_PORT = frozenset({"protocol", "port", "endPort"})
_SELECTOR = frozenset({"matchLabels", "matchExpressions"})
_REQUIREMENT = frozenset({"key", "operator", "values"})

_PORT_NAME = re.compile(r"(?=[a-z0-9-]{1,15}\Z)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_MOST_TYPES = 2


def network_policy(
    fields: Fields, data: Mapping[str, Any], namespace: str, name: str, path: KeyPath = ()
) -> NetworkPolicy:
    """The policy in `data`, whose metadata has been read."""
    spec_path = (*path, "spec")
    spec = fields.struct(data.get("spec"), spec_path, _SPEC)
    meta = data.get("metadata")
    annotations = meta.get("annotations") if isinstance(meta, dict) else None
    egress = _rules(fields, spec, Direction.EGRESS, spec_path)
    return NetworkPolicy(
        namespace=namespace,
        name=name,
        pod_selector=selector(fields, spec.get("podSelector"), (*spec_path, "podSelector")),
        types=_policy_types(fields, spec, spec_path, has_egress=bool(egress)),
        ingress=_rules(fields, spec, Direction.INGRESS, spec_path),
        egress=egress,
        origin=Origin(fields.source, path),
        written=_names(tuple(field for field in spec if field != "policyTypes" or spec[field])),
        annotations=fields.mapping(annotations, (*path, "metadata", "annotations")),
    )


def is_port_name(text: str) -> bool:
    """An IANA service name: at most 15 lower-case letters, digits and `-`, a letter among them (RFC 6335, 5.1)."""
    return bool(_PORT_NAME.fullmatch(text))


def protocol(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> Protocol:
    """A port's protocol: "If not specified, this field defaults to TCP" (API reference, NetworkPolicyPort)."""
    text = fields.string(data, "protocol", path)
    if text is None:
        return Protocol.TCP
    if text not in Protocol.__members__:
        hint = did_you_mean(text.upper(), Protocol.__members__) if len(text) < 10 else "write TCP, UDP or SCTP"
        fields.error(rules.PORT, (*path, "protocol"), f"{quoted(text)} is not a protocol", hint)
        return Protocol.TCP
    return Protocol(text)


def selector(fields: Fields, value: Any, path: KeyPath) -> Selector:
    """A label selector. One that is empty or missing selects everything."""
    data = fields.struct(value, path, _SELECTOR)
    if not data:
        return Selector()
    labels = fields.labels(data.get("matchLabels"), (*path, "matchLabels"))
    if len(data) == len(labels) == 1:
        return Selector(tuple(Requirement(key, Operator.IN, (item,)) for key, item in labels.items()))
    requirements = {Requirement(key, Operator.IN, (item,)) for key, item in labels.items()}
    if "matchExpressions" in data:
        at = (*path, "matchExpressions")
        for entry_path, entry in fields.entries(data["matchExpressions"], at, _REQUIREMENT):
            requirements.add(_requirement(fields, entry, entry_path))
    return Selector(tuple(sorted(requirements, key=lambda r: (r.key, r.operator, r.values))))


def _policy_types(fields: Fields, spec: Mapping[str, Any], path: KeyPath, *, has_egress: bool) -> frozenset[Direction]:
    """The directions that the policy is about.

    "If no policyTypes are specified on a NetworkPolicy then by default Ingress will always be set and Egress will be
    set if the NetworkPolicy has any egress rules" (Kubernetes documentation, Network Policies).
    """
    at = (*path, "policyTypes")
    given = fields.items(spec.get("policyTypes"), at)
    if not given:
        return frozenset(Direction) if has_egress else frozenset({Direction.INGRESS})
    if len(given) > _MOST_TYPES:
        fields.error(rules.POLICY_TYPE, at, "there are more than two policy types", "write Ingress, Egress or both")
    types = set()
    for index, item in enumerate(given[:_MOST_TYPES]):
        text = fields.string_at(item, (*at, index))
        if text in {direction.value for direction in Direction}:
            types.add(Direction(text))
        elif text or type(item) is str:
            message, hint = f"{quoted(text)} is not a policy type", "write Ingress or Egress"
            fields.error(rules.POLICY_TYPE, (*at, index), message, hint)
    return frozenset(types)


def _rules(fields: Fields, spec: Mapping[str, Any], direction: Direction, path: KeyPath) -> tuple[Rule, ...]:
    """The rules of one direction, in their order."""
    field = direction.value.lower()
    if field not in spec:
        return ()
    return tuple(
        Rule(
            peers=tuple(
                _peer(fields, peer, peer_path)
                for peer_path, peer in fields.entries(
                    entry.get(_PEERS[direction]), (*entry_path, _PEERS[direction]), _PEER
                )
            ),
            ports=tuple(
                _port(fields, port, port_path)
                for port_path, port in fields.entries(entry.get("ports"), (*entry_path, "ports"), _PORT)
            ),
            origin=Origin(fields.source, entry_path),
            written=_names(tuple(entry)),
        )
        for entry_path, entry in fields.entries(spec[field], (*path, field), _RULE[direction])
    )


def _peer(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> Peer:
    """One peer. A selector that is null was not given."""
    pods, namespaces, block = data.get("podSelector"), data.get("namespaceSelector"), data.get("ipBlock")
    if pods is None and namespaces is None and block is None:
        hint = "add podSelector, namespaceSelector or ipBlock; leave out the whole list if everybody is meant"
        fields.error(rules.PEER, path, "the peer says nothing: it must specify a peer", hint)
    if block is not None and (pods is not None or namespaces is not None):
        hint = "make two peers of it"
        fields.error(rules.PEER, path, "the peer has an ipBlock and a selector", hint)
    return Peer(
        pod_selector=None if pods is None else selector(fields, pods, (*path, "podSelector")),
        namespace_selector=None if namespaces is None else selector(fields, namespaces, (*path, "namespaceSelector")),
        ip_block=None if block is None else ip_block(fields, block, (*path, "ipBlock")),
        origin=Origin(fields.source, path),
    )


def ip_block(fields: Fields, value: Any, path: KeyPath) -> IPBlock | None:
    """An ipBlock: each except must be "a strict subset of `cidr`" (validation.go, ValidateIPBlock)."""
    data = fields.struct(value, path, _BLOCK)
    text = fields.string(data, "cidr", path, required=True)
    cidr = None if text is None else _cidr(fields, text, (*path, "cidr"))
    excepts: list[Cidr] = []
    for index, item in enumerate(fields.items(data.get("except"), (*path, "except"))):
        at = (*path, "except", index)
        text = fields.string_at(item, at)
        excepted = _cidr(fields, text, at) if type(item) is str else None
        if cidr is None or excepted is None:
            continue
        if not excepted.strictly_within(cidr):
            message = f"{quoted(text)} does not lie strictly inside {quoted(str(cidr))}"
            fields.error(rules.EXCEPT, at, message, "remove it; the API server refuses the whole policy")
        excepts.append(excepted)
    return None if cidr is None else IPBlock(cidr, tuple(excepts))


def _cidr(fields: Fields, text: str, path: KeyPath) -> Cidr | None:
    try:
        return parse_cidr(text)
    except CidrError as error:
        fields.error(rules.CIDR, path, str(error), error.hint)
        return None


def _port(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> Port:
    """One entry of `ports` (validation.go, ValidateNetworkPolicyPort)."""
    port = data.get("port")
    end_port = fields.integer(data, "endPort", path)
    if type(port) is str:
        if not is_port_name(port):
            hint = f"write it without quotes: {port}" if port.isdecimal() and len(port) < 6 else "write a port name"
            fields.error(rules.PORT, (*path, "port"), f"{quoted(port)} is not a port name", hint)
    elif port is not None:
        port = fields.integer(data, "port", path)
        if port is not None:
            port_number(fields, port, (*path, "port"))
    if end_port is not None:
        if type(port) is int:
            port_number(fields, end_port, (*path, "endPort"))
            if end_port < port:
                fields.error(rules.PORT, (*path, "endPort"), f"endPort {end_port} is below port {port}")
        elif data.get("port") is None or type(port) is str:
            fields.error(rules.PORT, (*path, "endPort"), "endPort stands beside no number", "write a number as port")
    return Port(protocol(fields, data, path), port, end_port, _names(tuple(data)))


def port_number(fields: Fields, number: int, path: KeyPath) -> None:
    """Check a port's number."""
    if not FIRST_PORT <= number <= LAST_PORT:
        text = str(number) if abs(number) < 10**9 else "the number"
        fields.error(rules.PORT, path, f"{text} is not a port", f"write a number from {FIRST_PORT} to {LAST_PORT}")


def _requirement(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> Requirement:
    """One entry of matchExpressions (apimachinery, ValidateLabelSelectorRequirement)."""
    key = fields.string(data, "key", path, required=True) or ""
    if key:
        fields.label_key(key, (*path, "key"))
    text = fields.string(data, "operator", path, required=True) or ""
    values = set()
    for index, item in enumerate(fields.items(data.get("values"), (*path, "values"))):
        value = fields.string_at(item, (*path, "values", index))
        fields.label_value(value, (*path, "values", index))
        values.add(value)
    if text not in {operator.value for operator in Operator}:
        if text:
            hint = did_you_mean(text[:20], [operator.value for operator in Operator])
            fields.error(rules.SELECTOR, (*path, "operator"), f"{quoted(text)} is not an operator", hint)
        return Requirement(key, Operator.EXISTS)
    operator = Operator(text)
    if operator in (Operator.IN, Operator.NOT_IN) and not values:
        fields.error(rules.SELECTOR, path, f"{operator} needs values", "add values")
    if operator in (Operator.EXISTS, Operator.DOES_NOT_EXIST) and values:
        fields.error(rules.SELECTOR, (*path, "values"), f"{operator} takes no values", "remove them, or write In")
    return Requirement(key, operator, tuple(sorted(values)))


@lru_cache(maxsize=1024)
def _names(fields: tuple[str, ...]) -> frozenset[str]:
    """The names of fields as a set; few different ones occur, and each is kept once."""
    return frozenset(fields)
