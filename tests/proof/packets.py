"""All packets of a crowd at once: which of them two judges see differently.

A judge answers for one end: what a pod's own rules or grants admit at the other end, and on which ports. It is asked
about every single end and port; sets of ends are kept as the bits of a number, so that packets can be compared by the
million. `test_packets.py` holds that this comes to what brute force says of packets one by one.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from tests.policy.brute_force import Data, Packet, World, applies, is_peer, policy_types, port_is_open
from tests.proof.crowd import Crowd
from tests.proof.granted import Line, Requirements, is_governed, is_named, is_row, lines

DIRECTIONS = ("Egress", "Ingress")


class Admission(Protocol):
    """A rule of a policy, or a flow: who may be at the other end, on which ports."""

    @property
    def key(self) -> Hashable:
        """Two admissions of one key answer alike."""

    @property
    def by_address(self) -> bool:
        """Whether the address of a pod may matter; labels alone are the same at all addresses."""

    def names(self, pod: Data | None, ip: str) -> bool:
        """Whether it speaks of that other end."""

    def opens(self, destination: Data | None, protocol: str, port: int) -> bool:
        """Whether it speaks of that port of the destination."""


class Judge(Protocol):
    """Says what ends of connections admit."""

    def admissions(self, pod: Data, direction: str) -> tuple[Admission, ...] | None:
        """What a pod admits in that direction; None where it admits everything."""


@dataclass(frozen=True)
class RuleAdmission:
    """A rule of a policy, as brute force reads it."""

    world: World
    policy: Data
    rule: Data
    end: str

    @cached_property
    def key(self) -> Hashable:
        return json.dumps([self.policy["metadata"], self.rule, self.end], sort_keys=True)

    @property
    def by_address(self) -> bool:
        return any("ipBlock" in peer for peer in self.rule.get(self.end) or [])

    def names(self, pod: Data | None, ip: str) -> bool:
        peers = self.rule.get(self.end) or []
        return not peers or any(is_peer(self.world, self.policy, peer, pod, ip) for peer in peers)

    def opens(self, destination: Data | None, protocol: str, port: int) -> bool:
        return port_is_open(self.rule, Packet(None, "", destination, "", protocol, port))


class Policies:
    """The judge of what manifests allow."""

    def __init__(self, world: World) -> None:
        self._of_policies = {
            direction: [
                (policy, tuple(RuleAdmission(world, policy, rule, end) for rule in policy["spec"].get(field) or []))
                for policy in world.policies
                if direction in policy_types(policy)
            ]
            for direction, field, end in (("Egress", "egress", "to"), ("Ingress", "ingress", "from"))
        }

    def admissions(self, pod: Data, direction: str) -> tuple[Admission, ...] | None:
        applying = [found for policy, found in self._of_policies[direction] if applies(policy, pod)]
        return tuple(item for found in applying for item in found) if applying else None


@dataclass(frozen=True)
class LineAdmission:
    """One end of a flow or an exception, as brute force reads it."""

    wanted: Requirements
    line: Line
    other: Data

    @property
    def key(self) -> Hashable:
        return self.line.name, json.dumps(self.other)

    @property
    def by_address(self) -> bool:
        return "cidr" in self.other or "endpoint" in self.other

    def names(self, pod: Data | None, ip: str) -> bool:
        return is_named(self.wanted, self.other, pod, ip)

    def opens(self, destination: Data | None, protocol: str, port: int) -> bool:
        return self.line.opens(protocol, port)


class Grants:
    """The judge of what the matrix grants."""

    def __init__(self, wanted: Requirements) -> None:
        self.wanted = wanted
        self.lines = list(lines(wanted))

    def admissions(self, pod: Data, direction: str) -> tuple[Admission, ...] | None:
        if not is_governed(self.wanted, pod):
            return None
        ends = [
            (line, *((line.source, line.destination) if direction == "Egress" else (line.destination, line.source)))
            for line in self.lines
        ]
        return tuple(
            LineAdmission(self.wanted, line, other) for line, own, other in ends if is_row(self.wanted, own, pod)
        )


Columns = tuple[int, ...]
"""For each port, the other ends that are admitted, as bits."""


@dataclass(frozen=True)
class Answer:
    """What a judge admits: for each direction, for each pod of the crowd."""

    of: dict[str, list[Columns]]


class Sampler:
    """Asks judges about a crowd, and remembers what it has asked of admissions that are the same."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.near, self.far = len(crowd.pod_ips), len(crowd.outside_ips)
        self.pod_ends = (1 << self.near * len(crowd.pods)) - 1
        self.all_ends = (1 << self.near * len(crowd.pods) + self.far) - 1
        self._ends: dict[Hashable, int] = {}
        self._ports: dict[Hashable, tuple[int, int]] = {}
        self._columns: dict[Hashable, Columns] = {}

    def ask(self, judge: Judge) -> Answer:
        """All that a judge admits. Judges of different kinds or models need samplers of their own."""
        return Answer(
            {item: [self._of_pod(judge.admissions(pod, item), item) for pod in self.crowd.pods] for item in DIRECTIONS}
        )

    def _of_pod(self, admissions: tuple[Admission, ...] | None, direction: str) -> Columns:
        if admissions is None:
            return (self.all_ends,) * len(self.crowd.ports)
        keys = tuple(item.key for item in admissions)
        if (keys, direction) not in self._columns:
            columns = [0] * len(self.crowd.ports)
            for item in admissions:
                ends, (of_pods, of_outside) = self._ends_of(item), self._ports_of(item)
                outside = of_outside if direction == "Egress" else of_pods
                for at in range(len(columns)):
                    columns[at] |= ends & self.pod_ends if of_pods >> at & 1 else 0
                    columns[at] |= ends & ~self.pod_ends if outside >> at & 1 else 0
            self._columns[keys, direction] = tuple(columns)
        return self._columns[keys, direction]

    def _ends_of(self, item: Admission) -> int:
        if item.key not in self._ends:
            if item.by_address:
                answers = [item.names(pod, ip) for pod in self.crowd.pods for ip in self.crowd.pod_ips]
            else:
                first = self.crowd.pod_ips[0]
                answers = [answer for pod in self.crowd.pods for answer in [item.names(pod, first)] * self.near]
            answers += [item.names(None, ip) for ip in self.crowd.outside_ips]
            self._ends[item.key] = bits(answers)
        return self._ends[item.key]

    def _ports_of(self, item: Admission) -> tuple[int, int]:
        """The ports of pods, which are alike in what they call their ports, and those of addresses outside."""
        if item.key not in self._ports:
            of_pods, of_outside = (
                bits([item.opens(destination, *port) for port in self.crowd.ports])
                for destination in (self.crowd.pods[0], None)
            )
            self._ports[item.key] = of_pods, of_outside
        return self._ports[item.key]

    def differing(self, one: Answer, other: Answer, concerned: set[int]) -> Iterator[Packet]:
        """A packet for each pair of ends and port that the two see differently, one end at least being `concerned`."""
        changed = {
            item: [at for at, pair in enumerate(zip(one.of[item], other.of[item], strict=True)) if pair[0] != pair[1]]
            for item in DIRECTIONS
        }
        leaving, everyone = changed["Egress"], set(range(len(self.crowd.pods)))
        for source in leaving:
            if source in concerned:
                yield from self._to_outside(one, other, source)
            for destination in everyone if source in concerned else concerned:
                yield from self._between(one, other, source, destination)
        for destination in changed["Ingress"]:
            if destination in concerned:
                yield from self._from_outside(one, other, destination)
            for source in (everyone if destination in concerned else concerned).difference(leaving):
                yield from self._between(one, other, source, destination)

    def _between(self, one: Answer, other: Answer, source: int, destination: int) -> Iterator[Packet]:
        """A packet passes from each address that the destination admits to each that the source does."""
        out, into = one.of["Egress"][source], one.of["Ingress"][destination]
        out_other, into_other = other.of["Egress"][source], other.of["Ingress"][destination]
        to, from_ = destination * self.near, source * self.near
        every = (1 << self.near) - 1
        for at in range(len(out)):
            if out[at] == out_other[at] and into[at] == into_other[at]:
                continue
            reached, reached_other = out[at] >> to & every, out_other[at] >> to & every
            taken, taken_other = into[at] >> from_ & every, into_other[at] >> from_ & every
            if (reached, taken) == (reached_other, taken_other):
                continue
            if (reached and taken) or (reached_other and taken_other):
                to_ip, from_ip = lone(reached, reached_other, taken, taken_other)
                yield self._packet(source, from_ip, destination, to_ip, at)

    def _to_outside(self, one: Answer, other: Answer, source: int) -> Iterator[Packet]:
        for at, (ends, ends_other) in enumerate(zip(one.of["Egress"][source], other.of["Egress"][source], strict=True)):
            differing = (ends ^ ends_other) & ~self.pod_ends
            if differing:
                yield self._packet(source, 0, None, lowest(differing) - self.near * len(self.crowd.pods), at)

    def _from_outside(self, one: Answer, other: Answer, destination: int) -> Iterator[Packet]:
        pairs = zip(one.of["Ingress"][destination], other.of["Ingress"][destination], strict=True)
        for at, (ends, ends_other) in enumerate(pairs):
            differing = (ends ^ ends_other) & ~self.pod_ends
            if differing:
                yield self._packet(None, lowest(differing) - self.near * len(self.crowd.pods), destination, 0, at)

    def _packet(self, source: int | None, from_ip: int, destination: int | None, to_ip: int, port: int) -> Packet:
        crowd = self.crowd
        return Packet(
            None if source is None else crowd.pods[source],
            (crowd.outside_ips if source is None else crowd.pod_ips)[from_ip],
            None if destination is None else crowd.pods[destination],
            (crowd.outside_ips if destination is None else crowd.pod_ips)[to_ip],
            *crowd.ports[port],
        )


def lone(reached: int, reached_other: int, taken: int, taken_other: int) -> tuple[int, int]:
    """A pair of addresses, the destination's and the source's, that is in one of two different products alone."""
    if reached and taken:
        if reached & ~reached_other:
            return lowest(reached & ~reached_other), lowest(taken)
        if taken & ~taken_other:
            return lowest(reached), lowest(taken & ~taken_other)
    if reached_other & ~reached:
        return lowest(reached_other & ~reached), lowest(taken_other)
    return lowest(reached_other), lowest(taken_other & ~taken)


def lowest(number: int) -> int:
    """The number of the lowest bit that is set."""
    return (number & -number).bit_length() - 1


def bits(answers: list[bool]) -> int:
    """The answers as the bits of a number, the first as the lowest."""
    return int("".join("1" if answer else "0" for answer in reversed(answers)) or "0", 2)
