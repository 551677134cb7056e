"""One packet through the tiers: the counterpart of `together`, rule by rule instead of by sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netmatrix.policy import intervals
from netmatrix.policy.objects import Direction
from netmatrix.policy.open_world import Selection
from netmatrix.policy.packet import EndVerdict, Packet, Party, Ruling, judge_end
from netmatrix.policy.semantics import Model
from netmatrix.policy.tiers.objects import Action, ClusterPeer, ClusterPolicy, ClusterRule, Tier
from netmatrix.policy.tiers.together import Policies, ranked


def judge(policies: Policies, packet: Packet, model: Model) -> tuple[EndVerdict, EndVerdict]:
    """What the source's and the destination's ends say; the packet passes where both allow it."""
    return _end(policies, packet, Direction.EGRESS, model), _end(policies, packet, Direction.INGRESS, model)


def _end(policies: Policies, packet: Packet, direction: Direction, model: Model) -> EndVerdict:
    """What one end says. An address outside the cluster is nobody's subject."""
    verdict = judge_end(policies.namespaced, packet, direction, model)
    if packet.own(direction).namespace is None:
        return verdict
    ruling = _ruling(policies, packet, direction, Tier.ADMIN)
    if ruling is None and not verdict.isolated_by:
        ruling = _ruling(policies, packet, direction, Tier.BASELINE)
    return replace(verdict, ruling=ruling)


def _ruling(policies: Policies, packet: Packet, direction: Direction, tier: Tier) -> Ruling | None:
    """What the first rule of a tier decides that matches; None where there is none, or where it passes."""
    for policy, index, rule in _rules(policies, packet, direction, tier):
        if _matches(rule, packet, direction):
            if rule.action is Action.PASS:
                return None
            told = f"{direction.lower()} rule {index + 1} of the ClusterNetworkPolicy {policy}"
            return Ruling(rule.action is Action.ACCEPT, told, rule.origin)
    return None


def _rules(
    policies: Policies, packet: Packet, direction: Direction, tier: Tier
) -> Iterator[tuple[ClusterPolicy, int, ClusterRule]]:
    for policy in ranked(policies.cluster, tier):
        if _is_selected(policy.subject, packet.own(direction)):
            yield from ((policy, index, rule) for index, rule in enumerate(policy.rules(direction)))


def _matches(rule: ClusterRule, packet: Packet, direction: Direction) -> bool:
    if not rule.ports.contains(packet.protocol, packet.port):
        return False
    return any(_is_peer(peer, packet, packet.other(direction)) for peer in rule.peers)


def _is_peer(peer: ClusterPeer, packet: Packet, party: Party) -> bool:
    if peer.pods is not None:
        return _is_selected(peer.pods, party)
    return peer.networks is not None and intervals.contains(peer.networks.of_family(packet.family), party.address)


def _is_selected(selection: Selection, party: Party) -> bool:
    return (
        party.namespace is not None
        and selection.namespaces.matches(party.namespace.labels)
        and selection.pods.matches(party.labels)
    )
