"""What `diff` finds between two worlds is what brute force finds: no more, no less, and the same backwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from netmatrix.policy import Manifests, parse_manifests
from netmatrix.policy.addresses import Family, address_text, parse_address
from netmatrix.policy.intervals import contains
from netmatrix.policy.open_world import OpenWorld, mentioned_in
from netmatrix.policy.packet import Packet, Party
from netmatrix.policy.ports import Protocol
from netmatrix.proof.changes import Changes, changes
from netmatrix.proof.deviations import ADDRESSES
from netmatrix.proof.difference import Difference, Opening, Side, difference
from tests.policy import brute_force
from tests.policy.brute_force import Data, World, named
from tests.policy.test_brute_force import PORTS, _pairs, _ways
from tests.policy.worlds import NAMESPACES, PROTOCOLS, labels, policies, worlds
from tests.support.shares import examples

MOST_KINDS = 30
"""Of pods: comparing takes the square of it."""
oracle = settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@dataclass(frozen=True)
class Pair:
    """Two worlds with the same pods."""

    old: World
    new: World


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """A world, and what it becomes: policies come, go and change, namespaces are labelled otherwise."""
    old = draw(worlds())
    kept = [item for item in old.policies if draw(st.integers(0, 3))]
    more = [draw(policies(f"more-{index}")) for index in range(draw(st.integers(0, 2)))]
    spaces = old.namespaces
    if draw(st.booleans()):
        names = draw(st.lists(st.sampled_from(NAMESPACES), unique=True, max_size=2))
        spaces = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": draw(labels)}}
            for name in names
        ]
    pair = Pair(old, replace(old, policies=[*kept, *more], namespaces=spaces))
    assume(kinds_of_pods(pair) <= MOST_KINDS)
    return pair


def kinds_of_pods(pair: Pair) -> int:
    old, new = read(pair.old), read(pair.new)
    return OpenWorld(mentioned_in((*old.policies, *new.policies)), new.namespaces, old.namespaces).pod_classes


def compared(old: World, new: World) -> Difference:
    return difference(Side(read(old), "old.json"), Side(read(new), "new.json"))


def read(world: World) -> Manifests:
    items = [*world.namespaces, *world.pods, *world.policies]
    return parse_manifests(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode(), "world.json")


@examples(4, 25, pairs())
def test_every_packet_that_differs_is_told(pair: Pair) -> None:
    every_packet_that_differs_is_told(pair)


@pytest.mark.oracle
@oracle
@given(pairs())
def test_every_packet_that_differs_is_told_in_many_worlds(pair: Pair) -> None:
    every_packet_that_differs_is_told(pair)


def every_packet_that_differs_is_told(pair: Pair) -> None:
    """By itself, or as one among many: to or from all addresses that are told, the pods at them included."""
    told = changes(compared(pair.old, pair.new))
    gained, lost = ([part for item in items for part in item.openings] for items in (told.gained, told.lost))
    for model in (False, True):
        old, new = (replace(world, ipblock_matches_pods=model) for world in (pair.old, pair.new))
        for packet, family in packets(old):
            before, after = brute_force.arrives(old, packet), brute_force.arrives(new, packet)
            if before != after:
                ways = (packet, replace(packet, source=None), replace(packet, destination=None))
                parts = gained if after else lost
                assert any(tells(part, way, family, model, named_in(pair)) for part in parts for way in ways), packet


def packets(world: World) -> Iterator[tuple[brute_force.Packet, Family]]:
    for source, destination in _pairs(world):
        for family, source_ip, destination_ip in _ways(source, destination):
            for protocol in PROTOCOLS:
                for port in PORTS:
                    yield brute_force.Packet(source, source_ip, destination, destination_ip, protocol, port), family


def named_in(pair: Pair) -> set[str]:
    """The namespaces that either side speaks of; a pod of any other is told as one of another namespace."""
    items = [item for world in (pair.old, pair.new) for item in (*world.policies, *world.namespaces)]
    text = json.dumps(items)
    homes = {brute_force.namespace_of(item) for item in items if item["kind"] == "NetworkPolicy"}
    return homes | {name for name in NAMESPACES if f'"{name}"' in text}


def tells(item: Opening, packet: brute_force.Packet, family: Family, model: bool, spoken_of: set[str]) -> bool:
    """Whether an opening is about the packet."""
    known = item.deviation
    if family not in known.families or model not in known.models:
        return False
    if not known.ports.contains(Protocol(packet.protocol), packet.port):
        return False
    own = named(packet.destination) if packet.destination else set()
    if any((name, str(protocol), packet.port) not in own for name, protocol in item.names):
        return False
    ends = (
        (known.source, known.source_addresses, packet.source, packet.source_ip),
        (known.destination, known.destination_addresses, packet.destination, packet.destination_ip),
    )
    for name, addresses, pod, ip in ends:
        if (name == ADDRESSES) != (pod is None):
            return False
        home = None if pod is None else brute_force.namespace_of(pod)
        if home is not None and (f"namespace {home}" if home in spoken_of else "another namespace") not in name:
            return False
        ((_, first, _),) = parse_address(ip).ranges()
        if not contains(addresses.of_family(family), first):
            return False
    return True


@examples(8, 25, pairs())
def test_every_packet_that_is_shown_differs(pair: Pair) -> None:
    found = compared(pair.old, pair.new)
    for closed, opened, openings in ((pair.old, pair.new, found.gained), (pair.new, pair.old, found.lost)):
        for item in openings:
            assert not passes(closed, item.closed.packet, item), item
            assert passes(opened, item.opened.packet, item), item


def passes(world: World, packet: Packet, item: Opening) -> bool:
    """Whether brute force lets a packet pass, between pods made for it."""
    ends = [party for party in (packet.source, packet.destination) if party.namespace]
    spaces = {
        party.namespace.name: {"metadata": {"name": party.namespace.name, "labels": dict(party.namespace.labels)}}
        for party in ends
        if party.namespace
    }
    made = World(list(spaces.values()), [], world.policies, item.model.ipblock_matches_pods)
    source, destination = (pod(party) for party in (packet.source, packet.destination))
    texts = [address_text(packet.family, party.address) for party in (packet.source, packet.destination)]
    asked = brute_force.Packet(source, texts[0], destination, texts[1], str(packet.protocol), packet.port)
    return brute_force.arrives(made, asked)


def pod(party: Party) -> Data | None:
    if party.namespace is None:
        return None
    ports = [
        {"name": name, "protocol": str(protocol), "containerPort": number}
        for name, protocol, number in party.port_names or ()
    ]
    meta = {"name": "made", "namespace": party.namespace.name, "labels": dict(party.labels)}
    return {"metadata": meta, "spec": {"containers": [{"ports": ports}]}}


@examples(8, 25, pairs(), st.randoms(use_true_random=False))
def test_going_back_loses_what_was_gained_and_the_order_of_documents_does_not_matter(pair: Pair, random: Any) -> None:
    there, back = changes(compared(pair.old, pair.new)), changes(compared(pair.new, pair.old))
    assert texts(there) == texts(back)[::-1]
    for world in (pair.old, pair.new):
        random.shuffle(world.policies)
        random.shuffle(world.namespaces)
    assert texts(changes(compared(pair.old, pair.new))) == texts(there)


@examples(8, 25, worlds())
def test_equals_do_not_differ(world: World) -> None:
    assert texts(changes(compared(world, world))) == ([], [])


def texts(found: Changes) -> tuple[list[str], list[str]]:
    return [item.text for item in found.gained], [item.text for item in found.lost]
