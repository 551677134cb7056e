"""What holds for every set of ports or addresses, and for every set of policies."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from netmatrix.policy import Manifests, Model, Reach, connections, parse_manifests
from netmatrix.policy.addresses import FAMILIES, AddressSet, Cidr
from netmatrix.policy.intervals import Intervals, canonical, contains, difference, intersection, union
from netmatrix.policy.objects import Direction
from netmatrix.policy.ports import ALL_PORTS, PortSet, Protocol, UnionOfSome
from netmatrix.policy.semantics import isolates
from tests.policy.brute_force import World
from tests.policy.worlds import policies, worlds
from tests.support.shares import examples

LAST = 30
NUMBERS = st.tuples(st.integers(1, LAST), st.integers(1, LAST))
PAIRS = st.lists(st.tuples(st.integers(0, LAST), st.integers(0, LAST)), max_size=6)


def members(intervals: Intervals) -> set[int]:
    return {number for first, last in intervals for number in range(first, last + 1)}


@given(PAIRS, PAIRS)
def test_two_sets_are_equal_exactly_if_they_have_the_same_members(one: Any, other: Any) -> None:
    left, right = canonical(one), canonical(other)
    assert members(left) == {number for first, last in one for number in range(first, last + 1)}
    assert (left == right) == (members(left) == members(right))


@given(PAIRS, PAIRS)
def test_operations_on_intervals_are_those_on_sets_and_stay_canonical(one: Any, other: Any) -> None:
    left, right = canonical(one), canonical(other)
    for found, expected in (
        (union(left, right), members(left) | members(right)),
        (intersection(left, right), members(left) & members(right)),
        (difference(left, right), members(left) - members(right)),
    ):
        assert members(found) == expected
        assert found == canonical(found)
    assert all(contains(left, number) == (number in members(left)) for number in range(LAST + 2))


def test_all_ports_of_all_protocols_are_all_connections() -> None:
    pieces = [PortSet.of(protocol, 1, 1000) | PortSet.of(protocol, 1001, 65535) for protocol in Protocol]
    assert PortSet.union(pieces) == ALL_PORTS
    assert str(ALL_PORTS - PortSet.of(Protocol.UDP, 53)) == "SCTP 1-65535,TCP 1-65535,UDP 1-52,54-65535"


PORTS = st.builds(lambda protocol, pair: PortSet.of(protocol, *sorted(pair)), st.sampled_from(Protocol), NUMBERS)


@given(st.lists(PORTS, min_size=1, max_size=9), st.lists(st.sets(st.integers(0, 8)), max_size=6))
def test_the_union_of_some_is_that_of_those_that_are_switched_on(sets: Any, switches: Any) -> None:
    union_of_some, on = UnionOfSome(sets), set[int]()
    assert not union_of_some.whole
    for indices in switches:
        indices = {index % len(sets) for index in indices}
        union_of_some.toggle(indices)
        on ^= indices
        assert union_of_some.whole == PortSet.union(sets[index] for index in on)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)), max_size=4))
def test_the_cidrs_of_a_set_are_the_set_and_each_as_wide_as_can_be(pairs: Any) -> None:
    addresses = AddressSet(ipv4=canonical(pairs))
    cidrs = list(addresses.cidrs())
    assert AddressSet.union(cidr.addresses() for cidr in cidrs) == addresses
    for cidr in cidrs:
        wider = Cidr(cidr.family, cidr.first >> 33 - cidr.prefix << 33 - cidr.prefix, cidr.prefix - 1)
        assert cidr.prefix == 0 or wider.addresses() - addresses
    if addresses:
        assert not addresses - Cidr.around(addresses).addresses()


@examples(20, 60, worlds(), st.randoms(use_true_random=False))
def test_the_order_of_policies_and_rules_does_not_matter(world: World, random: Any) -> None:
    before = listed(read(world), world)
    for policy in world.policies:
        for field in ("ingress", "egress"):
            if policy["spec"].get(field):
                random.shuffle(policy["spec"][field])
    random.shuffle(world.policies)
    random.shuffle(world.pods)
    assert listed(read(world), world) == before


@examples(20, 60, worlds(), st.data())
def test_a_policy_more_never_takes_a_connection_from_a_pod_that_is_isolated_already(
    world: World, data: st.DataObject
) -> None:
    """Network policies "are additive": only isolating a pod takes something from it."""
    deny: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    walls = [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "wall", "namespace": namespace},
            "spec": deny,
        }
        for namespace in ("default", "blue")
    ]
    isolated = replace(world, policies=[*world.policies, *walls])
    more = replace(isolated, policies=[*isolated.policies, data.draw(policies("more"))])
    before, after = Reach(read(isolated), model(world)), Reach(read(more), model(world))
    pods = [pod for group in before.universe.groups for pod in group.members]
    again = {str(pod): pod for group in after.universe.groups for pod in group.members}
    for source in pods:
        for destination in pods:
            for family in FAMILIES:
                then = before.between_pods(source, destination, family)
                now = after.between_pods(again[str(source)], again[str(destination)], family)
                assert not then - now


@examples(20, 60, worlds())
def test_a_pod_that_no_policy_isolates_is_open_to_every_address(world: World) -> None:
    manifests = read(world)
    found = {(item.source, item.destination): item.ports for item in connections(Reach(manifests, model(world)))}
    for pod in manifests.workloads:
        for direction in Direction:
            free = not any(
                isolates(item, direction) and item.namespace == pod.namespace and item.pod_selector.matches(pod.labels)
                for item in manifests.policies
            )
            whole = "0.0.0.0-255.255.255.255"
            ends = (whole, str(pod)) if direction is Direction.INGRESS else (str(pod), whole)
            if free and pod.addresses.ipv4:
                assert found[ends] == ALL_PORTS


def read(world: World) -> Manifests:
    items = [*world.namespaces, *world.pods, *world.policies]
    return parse_manifests(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode(), "world.json")


def model(world: World) -> Model:
    return Model(ipblock_matches_pods=world.ipblock_matches_pods)


def listed(manifests: Manifests, world: World) -> list[str]:
    return sorted(str(item) for item in connections(Reach(manifests, model(world))))
