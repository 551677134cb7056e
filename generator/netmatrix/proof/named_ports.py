"""Port names in policies, on pods of which nothing is known but that they could exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from netmatrix.policy.objects import NetworkPolicy, Port, Rule


def most_open(policies: Iterable[NetworkPolicy]) -> tuple[NetworkPolicy, ...]:
    """The policies as open as they can be: a pod may call any of its ports by any name."""
    return tuple(_with_rules(policy, _with_any_port) for policy in policies)


def most_closed(policies: Iterable[NetworkPolicy]) -> tuple[NetworkPolicy, ...]:
    """The policies as closed as they can be: a pod need not have a port of any name."""
    return tuple(_with_rules(policy, _without_names) for policy in policies)


def _with_rules(policy: NetworkPolicy, change: Callable[[Rule], Rule | None]) -> NetworkPolicy:
    """The policy with other rules; a rule that is left without ports admits nothing, and one without `ports` all."""
    if not any(isinstance(port.port, str) for rule in (*policy.ingress, *policy.egress) for port in rule.ports):
        return policy
    ingress, egress = (tuple(filter(None, map(change, rules))) for rules in (policy.ingress, policy.egress))
    return replace(policy, ingress=ingress, egress=egress)


def _with_any_port(rule: Rule) -> Rule:
    ports = tuple(Port(port.protocol) if isinstance(port.port, str) else port for port in rule.ports)
    return replace(rule, ports=ports)


def _without_names(rule: Rule) -> Rule | None:
    ports = tuple(port for port in rule.ports if not isinstance(port.port, str))
    return replace(rule, ports=ports) if ports or not rule.ports else None
