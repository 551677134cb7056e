"""Two judges of a mutant: `verify`, and brute force on packets that no line of the product chose.

`python -m tests.proof.judging` (`make mutants`) judges all mutants of all scenarios and prints how many each operator
made, how many were killed, and how many change no packet; with NETMATRIX_MUTANT_SHARE=N one of N.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from ipaddress import ip_address, ip_network
from itertools import islice

from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.project import Project, open_to_judge
from netmatrix.cli.rendering import rendered
from netmatrix.cli.validating import judge
from netmatrix.cli.verifying import granted_by
from netmatrix.policy import ManifestError, parse_manifests
from netmatrix.proof.exactly import CounterExample
from netmatrix.proof.grants import Granted
from netmatrix.proof.verify import verify
from tests.policy.brute_force import Data, Packet, World, applies, arrives
from tests.proof.mutants import OPERATORS, extra_policies
from tests.support.rendering import objects_of
from tests.support.scenarios import ROOT, Scenario

SCENARIOS = (
    Scenario("prod"),
    Scenario("dev"),
    Scenario("prod", operational=True),
    Scenario("prod", cluster="ingress-controller"),
    Scenario("dev", operational=True, cluster="gke"),
    Scenario("prod", cluster="with-exception"),
)
SHARE = int(os.environ.get("NETMATRIX_MUTANT_SHARE", "1"))
TODAY = date(2026, 11, 1)
EFFORT = 3_000
"""Packets that brute force tries, in either model, before it believes that a mutant changes nothing."""
POD_IPS = ("10.244.1.7", "203.0.113.9", "10.96.0.1", "fd00::7", "2001:db8::9")
GOVERNED = ("stalker", "stalker-jobs", "default")
NAMESPACES = (*GOVERNED, "kube-system", "ingress-nginx", "elsewhere")


@dataclass(frozen=True)
class Subject:
    """Some files of values: what is granted, and the policies that helm renders."""

    files: tuple[str, ...]
    granted: Granted
    policies: tuple[Data, ...]


@dataclass(frozen=True)
class Mutant:
    """The policies with one thing changed; `touched` are the changed policies, before and after."""

    operator: str
    told: str
    policies: tuple[Data, ...]
    touched: tuple[Data, ...]


@cache
def project() -> Project:
    return open_to_judge(str(ROOT / "matrix.yaml"))


def subject(scenario: Scenario) -> Subject:
    """A scenario that the project ships."""
    return subject_of(tuple(map(str, scenario.files())))


@cache
def subject_of(files: tuple[str, ...]) -> Subject:
    """Some files of values, later ones win."""
    options = ValuesOptions(str(ROOT / "matrix.yaml"), files, (), TODAY)
    judged = judge(project(), options)
    objects = objects_of(rendered(project(), options, judged))
    policies = tuple(item for item in objects if item["kind"] == "NetworkPolicy")
    return Subject(files, granted_by(project(), options, judged), policies)


def mutants(of: Subject) -> Iterator[Mutant]:
    for operator, make in OPERATORS.items():
        for number, policy in enumerate(of.policies):
            for told, changed in make(policy):
                after = (changed,) if changed else ()
                rest = (*of.policies[:number], *after, *of.policies[number + 1 :])
                name = f"{policy['metadata']['namespace']}/{policy['metadata']['name']}"
                yield Mutant(operator, f"{name}: {told}", rest, (policy, *after))
    for told, policy in extra_policies():
        yield Mutant("add a policy", told, (*of.policies, policy), (policy,))
    yield Mutant("reorder", "all policies", of.policies[::-1], ())


def outcome(of: Subject, mutant: Mutant, effort: int = EFFORT) -> str:
    """`refused` by the reader, `killed` with a packet that brute force confirms, or `equivalent` to the original.

    Raises AssertionError where the two judges differ: that is what the tests wait for.
    """
    items = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(mutant.policies)})
    try:
        manifests = parse_manifests(items.encode(), "mutant.json")
    except ManifestError:
        return "refused"
    verdict = verify(of.granted, manifests, "mutant.json")
    if verdict.holds:
        found = next(changed_packets(of, mutant, effort), None)
        assert found is None, f"{mutant.operator}, {mutant.told}: verify holds, but {found} changes"
        return "equivalent"
    for item in verdict.counter_examples:
        before, after = (as_brute_force_sees_it(policies, item) for policies in (of.policies, mutant.policies))
        differs = f"{mutant.operator}, {mutant.told}: verify says that {item.deviation.packet} changes"
        assert (before, after) == (not item.deviation.gained, item.deviation.gained), differs
    return "killed"


def as_brute_force_sees_it(policies: Sequence[Data], item: CounterExample) -> bool:
    """Whether the packet of a counter-example passes; a name of a port is any port where more is open than granted."""
    packet = item.deviation.packet
    ends: list[Data | None] = []
    namespaces: dict[str, dict[str, str]] = {}
    for party in (packet.source, packet.destination):
        if party.namespace is None:
            ends.append(None)
            continue
        namespaces[party.namespace.name] = dict(party.namespace.labels)
        names = [("web", packet.protocol, packet.port)] if item.deviation.gained else []
        ends.append(pod(party.namespace.name, dict(party.labels), names))
    world = World(
        [{"metadata": {"name": name, "labels": labels}} for name, labels in namespaces.items()],
        [],
        list(policies),
        item.deviation.models[0],
    )
    addresses = [packet.address(party) for party in (packet.source, packet.destination)]
    return arrives(world, Packet(ends[0], addresses[0], ends[1], addresses[1], packet.protocol, packet.port))


def pod(namespace: str, labels: dict[str, str], names: Iterable[tuple[str, str, int]] = ()) -> Data:
    ports = [{"name": name, "protocol": protocol, "containerPort": number} for name, protocol, number in names]
    return {"metadata": {"namespace": namespace, "labels": labels}, "spec": {"containers": [{"ports": ports}]}}


def changed_packets(of: Subject, mutant: Mutant, effort: int) -> Iterator[Packet]:
    """Packets that pass before and not after, or the reverse, among `effort` chosen at random in either model.

    One end is a pod that a changed policy selects; all else would be judged alike. And one end is a pod of a governed
    namespace: of what others do among themselves the proof claims nothing.
    """
    pods = candidates(mutant)
    subjects = [item for item in pods if any(applies(policy, item) for policy in mutant.touched)]
    addresses, ports = boundaries(mutant), interesting_ports(mutant)
    chosen = random.Random(mutant.told)
    for matches_pods in (False, True):
        before = World([], [], list(of.policies), matches_pods)
        after = World([], [], list(mutant.policies), matches_pods)
        for _ in range(effort if subjects else 0):
            packet = some_packet(chosen, subjects, pods, addresses, ports)
            if is_claimed(packet) and arrives(before, packet) != arrives(after, packet):
                yield packet


def is_claimed(packet: Packet) -> bool:
    ends = (packet.source, packet.destination)
    return any(end is not None and end["metadata"]["namespace"] in GOVERNED for end in ends)


def some_packet(
    chosen: random.Random, subjects: list[Data], pods: list[Data], addresses: list[str], ports: list[tuple[str, int]]
) -> Packet:
    """From or to one of `subjects`, to or from another pod or an address."""
    one = chosen.choice(subjects)
    other = chosen.choice(pods) if chosen.random() < 0.7 else None
    address = chosen.choice(POD_IPS if other else addresses)
    own = chosen.choice([item for item in POD_IPS if (":" in item) == (":" in address)])
    protocol, number = chosen.choice(ports)
    if chosen.random() < 0.5:
        return Packet(one, own, other, address, protocol, number)
    return Packet(other, address, one, own, protocol, number)


def candidates(mutant: Mutant) -> list[Data]:
    """Pods that carry the labels of any selector, all but one of them, or none, in every namespace."""
    label_sets: list[dict[str, str]] = [{}, {"mutant": "mutant"}, {"web": "mutant"}]
    for policy in mutant.policies:
        for selector in selectors(policy):
            labels = dict(selector.get("matchLabels") or {})
            label_sets.append(labels)
            if policy in mutant.touched:
                label_sets += [{k: v for k, v in labels.items() if k != key} for key in labels]
                label_sets += [{**labels, key: "mutant"} for key in labels]
    distinct = {json.dumps(labels, sort_keys=True): labels for labels in label_sets}
    return [pod(namespace, labels) for labels in distinct.values() for namespace in NAMESPACES]


def selectors(policy: Data) -> Iterator[Data]:
    yield policy["spec"].get("podSelector") or {}
    for direction, key in (("ingress", "from"), ("egress", "to")):
        for rule in policy["spec"].get(direction) or []:
            yield from (peer["podSelector"] for peer in rule.get(key) or [] if peer.get("podSelector"))


def boundaries(mutant: Mutant) -> list[str]:
    """Addresses on both sides of every range that the changed policies name."""
    found = {"198.51.100.7", "2001:db8::7"}
    for policy in mutant.touched:
        for direction, key in (("ingress", "from"), ("egress", "to")):
            for rule in policy["spec"].get(direction) or []:
                blocks = [peer["ipBlock"] for peer in rule.get(key) or [] if "ipBlock" in peer]
                for cidr in (c for block in blocks for c in (block["cidr"], *(block.get("except") or ()))):
                    network = ip_network(cidr)
                    first, last = int(network[0]), int(network[-1])
                    kind = type(network[0])
                    for number in (first - 1, first, last, last + 1):
                        if 0 <= number < 2**network.max_prefixlen:
                            found.add(str(kind(number)))
    return sorted(found, key=lambda text: (ip_address(text).version, int(ip_address(text))))


def interesting_ports(mutant: Mutant) -> list[tuple[str, int]]:
    numbers = {7}
    for policy in mutant.touched:
        for direction in ("ingress", "egress"):
            for rule in policy["spec"].get(direction) or []:
                for item in rule.get("ports") or []:
                    if isinstance(item.get("port"), int):
                        numbers |= {item["port"], item["port"] + 1, item.get("endPort", item["port"])}
    return [(protocol, number) for protocol in ("TCP", "UDP", "SCTP") for number in sorted(numbers)]


def count(scenario: Scenario) -> dict[str, Counter[str]]:
    """What became of the mutants of a scenario, by operator."""
    of, counts = subject(scenario), defaultdict[str, Counter[str]](Counter)
    for mutant in islice(mutants(of), 0, None, SHARE):
        counts[mutant.operator][outcome(of, mutant)] += 1
    return dict(counts)


def main() -> int:
    """Judge all, print the count. Leaves with a traceback where the judges differ."""
    counts = defaultdict[str, Counter[str]](Counter)
    with ProcessPoolExecutor() as pool:
        for scenario, found in zip(SCENARIOS, pool.map(count, SCENARIOS), strict=True):
            print(f"{scenario}: {sum(item.total() for item in found.values())} mutants judged", file=sys.stderr)
            for operator, outcomes in found.items():
                counts[operator] += outcomes
    total: Counter[str] = sum(counts.values(), Counter())
    print(f"{'operator':<26} {'mutants':>8} {'killed':>8} {'refused':>8} {'change nothing':>15}")
    for operator, found_by in sorted(counts.items()):
        numbers = (found_by[name] for name in ("killed", "refused", "equivalent"))
        print(f"{operator:<26} {found_by.total():>8} {' '.join(f'{number:>8}' for number in numbers)}")
    share = f" (one of {SHARE})" if SHARE > 1 else ""
    print(
        f"{len(counts)} operators, {total.total()} mutants{share}: {total['killed'] + total['refused']} killed, "
        f"{total['refused']} of them by the reader; in {total['equivalent']} brute force finds no packet changed"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
