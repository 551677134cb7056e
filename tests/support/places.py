"""A data plane that knows a rule's addresses by the rule's place, and what it lets through while policies change.

kube-router (k3s and k0s bring it along) keeps the peers of a rule in sets of addresses, one of pods and one of ranges,
named after the policy and the place of the rule in it. It fills all sets anew, then replaces all rules: in between, the
ports of the old rule hold for the peers of the new one that has its place (`syncNetworkPolicyChains` and
`fullPolicySync` of its network policy controller). Helm changes one policy after the other, so that each may be old,
in between or new while another is something else: an end lets through what any of the three lets through.

The pods that a policy is about are such a set too, and the old rules are asked for the old pods alone: in between it is
about those that it is about before and after. One command fills all sets, one after another; what may stand while that
runs, for microseconds, is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tests.policy.brute_force import Data, Packet, World, namespace_of
from tests.proof.crowd import NAME, OTHER, PROTOCOLS, Crowd, Spoken, addresses, distinct, namespace, pod, satisfying
from tests.proof.packets import Answer, Columns, Policies, Sampler, lowest
from tests.proof.spoken import numbers_of_policies, ranges_of_policies, said_by_policies

_ENDS = {"ingress": "from", "egress": "to"}


def accepted_between(before: Iterable[Data], after: Iterable[Data]) -> list[str]:
    """The packets that may pass while `after` takes the place of `before`, and that neither of the two allows.

    Objects may be of any kind; packets are told for one address of each end, over TCP, UDP and SCTP, in both families.
    """
    old, new = _policies(before), _policies(after)
    between = list(mixed(old, new))
    return _accepted(old, new, between, [*old, *new, *between])


def accepted_in_turn(before: Iterable[Data], after: Iterable[Data]) -> list[str]:
    """Those of them that may pass on any data plane: between two pods, one of which is as before, the other as after.

    Kubernetes changes one policy after the other, and nothing changes two at once.
    """
    old, new = _policies(before), _policies(after)
    return _accepted(old, new, [], [*old, *new, *mixed(old, new)])


def _policies(objects: Iterable[Data]) -> list[Data]:
    return [item for item in objects if item["kind"] == "NetworkPolicy"]


def _accepted(old: list[Data], new: list[Data], between: list[Data], spoken: list[Data]) -> list[str]:
    passing = [*old, *new, *between]
    found: dict[str, None] = {}
    for crowd in _crowds(spoken):
        sampler = Sampler(crowd)  # one for all three: a rule that stands in two of them is asked once
        one, other, any_of_them = (_answer(sampler, policies) for policies in (old, new, passing))
        for packet in _packets(crowd, one, other, _joined(one, other, any_of_them)):
            found[_told(packet)] = None
    return list(found)


def mixed(before: Iterable[Data], after: Iterable[Data]) -> Iterator[Data]:
    """The policies that stand on both sides, with the ports of each old rule and the peers of the new one in its place.

    Peers of a kind that the old rule has none of meet no rule, and of a place that is gone keep their old addresses.
    """
    renewed = {_key(item): item for item in after}
    for item in before:
        other = renewed.get(_key(item))
        if other is None or other["spec"] == item["spec"]:
            continue
        labels = _labels_of_both(item, other)
        if labels is None:
            continue
        for direction, end in _ENDS.items():
            pairs = zip(item["spec"].get(direction) or [], other["spec"].get(direction) or [], strict=False)
            rules = [rule for old, new in pairs for rule in _swapped(old, new, end)]
            about = {"podSelector": {"matchLabels": labels}, "policyTypes": [direction.capitalize()]}
            yield {**item, "spec": {**about, direction: rules}}


def _labels_of_both(before: Data, after: Data) -> Data | None:
    """What a pod carries that both policies are about; None where no pod can. The chart's selectors are such labels."""
    old, new = (item["spec"]["podSelector"].get("matchLabels") or {} for item in (before, after))
    return None if any(old.get(key, value) != value for key, value in new.items()) else {**old, **new}


def _swapped(old: Data, new: Data, end: str) -> Iterator[Data]:
    kinds = {"ipBlock" in peer for peer in old.get(end) or []}
    peers = [peer for peer in new.get(end) or [] if ("ipBlock" in peer) in kinds]
    if peers:
        yield {**old, end: peers}


def _key(policy: Data) -> tuple[str, str]:
    return namespace_of(policy), policy["metadata"]["name"]


def _crowds(policies: list[Data]) -> Iterator[Crowd]:
    """A pod for each selector and one for none, wherever selectors look; addresses and ports at every edge."""
    spoken = list(said_by_policies(policies))
    labels = distinct([{}, *(found for item in spoken if (found := satisfying(item.pods)) is not None)])
    homes = sorted({OTHER, *(name for item in spoken for name in _names(item))})
    ports = sorted({number for port in numbers_of_policies(policies) for number in (port, port + 1)})
    pods = [pod(home, own, []) for home in homes for own in labels]
    for version in (4, 6):
        near, far = addresses(ranges_of_policies(policies), version)
        pairs = [(protocol, number) for protocol in PROTOCOLS for number in ports]
        yield Crowd([namespace(name, {}) for name in homes], pods, near[:1], far, pairs)


def _names(spoken: Spoken) -> Iterator[str]:
    if isinstance(spoken.namespace, str):
        yield spoken.namespace
    elif NAME in (spoken.namespace.get("matchLabels") or {}):
        yield spoken.namespace["matchLabels"][NAME]


def _answer(sampler: Sampler, policies: list[Data]) -> Answer:
    crowd = sampler.crowd
    return sampler.ask(Policies(World(crowd.namespaces, crowd.pods, policies, ipblock_matches_pods=True)))


def _joined(*answers: Answer) -> Answer:
    return Answer(
        {
            direction: [_united(columns) for columns in zip(*(answer.of[direction] for answer in answers), strict=True)]
            for direction in answers[0].of
        }
    )


def _united(columns: tuple[Columns, ...]) -> Columns:
    united = list(columns[0])
    for column in columns[1:]:
        united = [one | other for one, other in zip(united, column, strict=True)]
    return tuple(united)


def _packets(crowd: Crowd, one: Answer, other: Answer, passing: Answer) -> Iterator[Packet]:
    """One for each pair of ends and port. A pod of the crowd has one address, and its number among all ends."""
    count = len(crowd.pods)
    more = {
        direction: [
            at
            for at in range(count)
            if passing.of[direction][at] not in (one.of[direction][at], other.of[direction][at])
        ]
        for direction in passing.of
    }
    # A pair whose ends let through what they let through before and after alike needs no look.
    changed = {
        direction: [
            at for at in range(count) if one.of[direction][at] != other.of[direction][at] or at in more[direction]
        ]
        for direction in passing.of
    }
    everyone = range(count)
    pairs = {(source, destination) for source in changed["Egress"] for destination in everyone}
    pairs |= {(source, destination) for source in everyone for destination in changed["Ingress"]}
    for source, destination in sorted(pairs):
        out, into = (
            [answer.of["Egress"][source] for answer in (passing, one, other)],
            [answer.of["Ingress"][destination] for answer in (passing, one, other)],
        )
        for at, port in enumerate(crowd.ports):
            if not out[0][at] >> destination & 1 or not into[0][at] >> source & 1:
                continue
            if not any(out[side][at] >> destination & into[side][at] >> source & 1 for side in (1, 2)):
                address = crowd.pod_ips[0]
                yield Packet(crowd.pods[source], address, crowd.pods[destination], address, *port)
    for direction, ends in more.items():
        for end in ends:
            columns = zip(*(answer.of[direction][end] for answer in (passing, one, other)), strict=True)
            for port, (some, first, second) in zip(crowd.ports, columns, strict=True):
                beyond = (some & ~first & ~second) >> count
                if beyond:
                    mine, near, far = crowd.pods[end], crowd.pod_ips[0], crowd.outside_ips[lowest(beyond)]
                    if direction == "Egress":
                        yield Packet(mine, near, None, far, *port)
                    else:
                        yield Packet(None, far, mine, near, *port)


def _told(packet: Packet) -> str:
    ends = ((packet.source, packet.source_ip), (packet.destination, packet.destination_ip))
    source, destination = (ip if item is None else _name(item) for item, ip in ends)
    return f"{source} -> {destination} {packet.protocol} {packet.port}"


def _name(item: Data) -> str:
    labels: dict[str, Any] = item["metadata"]["labels"]
    return f"{namespace_of(item)}/{','.join(labels.values()) or 'nobody'}"
