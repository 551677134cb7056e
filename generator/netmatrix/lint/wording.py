"""Rules of policies in the words of the person who has to judge them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netmatrix.lint.subject import RuleOf
from netmatrix.policy.labels import NAMESPACE_NAME, Operator, Requirement, Selector
from netmatrix.policy.objects import Direction, Peer, Port, Rule

_MOST = 5
_LONGEST = 100


def listed(items: Iterable[object], most: int = _MOST) -> str:
    """`a, b and 3 more`."""
    texts = [str(item) for item in items]
    shown = ", ".join(texts[:most])
    return shown if len(texts) <= most else f"{shown} and {len(texts) - most} more"


def counted(items: Sequence[object], noun: str) -> str:
    """`1 workload`, `2 workloads`."""
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def selector_text(selector: Selector) -> str:
    """A selector: `app=db,tier in (a, b),legacy not set`."""
    return _cut(",".join(_requirement_text(item) for item in selector.requirements))


def peer_text(peer: Peer, home: str) -> str:
    """Whom a peer of a policy in the namespace `home` names."""
    if peer.ip_block is not None:
        excepts = counted(peer.ip_block.excepts, "range") if peer.ip_block.excepts else ""
        return f"{peer.ip_block.cidr}{' except ' if excepts else ''}{excepts}"
    pods = peer.pod_selector.requirements if peer.pod_selector else ()
    who = f"the pods with {selector_text(Selector(pods))}" if pods else "every pod"
    return f"{who} {_namespaces_text(peer.namespace_selector, home)}"


def ports_text(rule: Rule) -> str:
    """The ports of a rule: `TCP 80, UDP 53`."""
    return listed(map(port_text, rule.ports)) if rule.ports else "every port"


def port_text(port: Port) -> str:
    """One entry of ports: `TCP 80-90`, `every port of UDP`."""
    if port.port is None:
        return f"every port of {port.protocol}"
    end = f"-{port.end_port}" if port.end_port is not None else ""
    return f"{port.protocol} {port.port}{end}"


def lets(of: RuleOf, whom: str) -> str:
    """What a rule does: `lets WHOM in on TCP 80`."""
    if of.direction is Direction.INGRESS:
        return f"lets {whom} in on {ports_text(of.rule)}"
    return f"lets its pods out to {whom} on {ports_text(of.rule)}"


def lets_everybody(of: RuleOf) -> str:
    """What a rule without peers does."""
    outside = "from outside" if of.direction is Direction.INGRESS else "outside"
    return lets(of, f"everybody, also {outside} the cluster,")


def _namespaces_text(selector: Selector | None, home: str) -> str:
    if selector is None:
        return f"of its own namespace {home}"
    if not selector.requirements:
        return "of every namespace"
    first = selector.requirements[0]
    if len(selector.requirements) == 1 and first.key == NAMESPACE_NAME and first.operator is Operator.IN:
        return f"of namespace {listed(first.values)}"
    return f"of the namespaces with {selector_text(selector)}"


def _requirement_text(item: Requirement) -> str:
    match item.operator:
        case Operator.IN if len(item.values) == 1:
            return f"{item.key}={item.values[0]}"
        case Operator.IN:
            return f"{item.key} in ({listed(item.values)})"
        case Operator.NOT_IN:
            return f"{item.key} not in ({listed(item.values)})"
        case Operator.EXISTS:
            return f"{item.key} set"
        case Operator.DOES_NOT_EXIST:
            return f"{item.key} not set"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
