"""What changes between two sets of policies: every connection that is gained or lost, with what opened or closed it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from netmatrix.document import Finding, Place
from netmatrix.policy.differences import ends
from netmatrix.policy.objects import Foreign, NetworkPolicy
from netmatrix.policy.open_world import Mentioned, OpenWorld, mentioned_in, with_port_names
from netmatrix.policy.packet import EndVerdict, Packet, Party, judge_packet
from netmatrix.policy.ports import PortSet
from netmatrix.policy.read import Manifests
from netmatrix.policy.semantics import Model
from netmatrix.policy.traffic import PortName
from netmatrix.proof import rules
from netmatrix.proof.backends import says_the_same
from netmatrix.proof.deviations import ADDRESSES, Deviation, Question, deviations
from netmatrix.proof.exactly import MODELS, open_world
from netmatrix.proof.grants import Granted
from netmatrix.proof.named_ports import telling_names
from netmatrix.proof.names import Names


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its manifests, the name that they go by, and what a matrix grants there, if there is one.

    `in_files` tells whether the lines of the manifests can be looked up.
    """

    manifests: Manifests
    file: str
    granted: Granted | None = None
    in_files: bool = True

    @property
    def policies(self) -> tuple[NetworkPolicy, ...]:
        """The policies of the manifests."""
        return self.manifests.policies


@dataclass(frozen=True, slots=True)
class Judged:
    """A packet as it is on one side, where a namespace may have its own labels, and what the ends say there."""

    packet: Packet
    ends: tuple[EndVerdict, EndVerdict]

    @property
    def allowed(self) -> bool:
        """Whether the packet passes."""
        return all(end.allowed for end in self.ends)


@dataclass(frozen=True, slots=True)
class Opening:
    """A connection that one side lets through and the other does not.

    `names` are those by which the destination must call the port, where policies speak of ports by name. The example
    is what either side says of the deviation's packet.
    """

    deviation: Deviation
    names: frozenset[PortName]
    closed: Judged
    opened: Judged

    @property
    def model(self) -> Model:
        """The first model in which it is so."""
        return Model(ipblock_matches_pods=self.deviation.models[0])


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs between two sides. `unjudged` are policies that may decide as well, and that nobody read.

    `plain` says which names are of pods whose namespace is supposed to have labels, and the name without them.
    """

    before: Side
    after: Side
    gained: tuple[Opening, ...]
    lost: tuple[Opening, ...]
    unjudged: tuple[Foreign, ...]
    plain: Mapping[str, str]


def difference(before: Side, after: Side) -> Difference:
    """Compare what two sides allow: for every packet between pods that could exist and addresses, in both models.

    What is lost is what going back would gain. Labels of namespaces are those that each side's manifests give; others
    may be anything, and are the same on both. Raises ProofError where it cannot be decided.
    """
    granted = before.granted, after.granted
    gained, plain = _gained(before, after, granted)
    lost, _ = _gained(after, before, granted)
    unjudged = tuple(item for side in (before, after) for item in _unjudged(side))
    return Difference(before, after, gained, lost, unjudged, plain)


def _gained(
    before: Side, after: Side, granted: tuple[Granted | None, Granted | None]
) -> tuple[tuple[Opening, ...], Mapping[str, str]]:
    """What `after` lets through and `before` does not, and the names of pods without suppositions.

    `granted` is what gives the pods their names: that of the old side, and of the new one.
    """
    world = open_world(_mentioned(before, after), after.manifests.namespaces, after.file, before.manifests.namespaces)
    old, new = granted
    names = Names(new, world, old)
    found: dict[tuple[str, str], list[Opening]] = defaultdict(list)
    for port_names in telling_names((*before.policies, *after.policies)):
        for item in _deviations(world, names, before, after, port_names):
            part = _of_names(item, port_names)
            between = found[item.source, item.destination]
            if part is not None and not any(
                known.names <= port_names and _covers(known.deviation, part) for known in between
            ):
                between.append(_opening(world, before, after, part, port_names))
    return tuple(opening for between in found.values() for opening in between), names.plain()


def _unjudged(side: Side) -> Iterator[Foreign]:
    """Policies of other kinds, but for what helm has just rendered of a back end: `verify` says what that comes to."""
    for item in side.manifests.foreign:
        if item.is_policy and (side.in_files or not says_the_same(side.granted, item)):
            yield item


def _mentioned(*sides: Side) -> Mentioned:
    found = mentioned_in(policy for side in sides for policy in side.policies)
    for side in sides:
        if side.granted is not None:
            found |= side.granted.mentioned()
    return found


def _deviations(
    world: OpenWorld, names: Names, before: Side, after: Side, port_names: frozenset[PortName]
) -> tuple[Deviation, ...]:
    then, now = with_port_names(world.earlier, port_names), with_port_names(world.universe, port_names)
    asked = [
        Question(ends(before.policies, then, model), ends(after.policies, now, model), model.ipblock_matches_pods)
        for model in MODELS
    ]
    return deviations(world, names, asked, world.universe.everyone)


def _of_names(item: Deviation, port_names: frozenset[PortName]) -> Deviation | None:
    """The part of a deviation that such names can be about: pods' ports of their protocol."""
    if not port_names:
        return item
    if item.destination == ADDRESSES:
        return None  # to an address, a name stands for no port
    ((_, protocol), *_) = port_names
    ports = item.ports & PortSet.union(PortSet.of(protocol, *pair) for pair in item.ports.of_protocol(protocol))
    if not ports:
        return None
    first = ports.of_protocol(protocol)[0][0]
    return replace(item, ports=ports, packet=replace(item.packet, protocol=protocol, port=first))


def _covers(known: Deviation, item: Deviation) -> bool:
    """Whether what is found between the same two already says as much, for ports of fewer names."""
    return (
        not item.ports - known.ports
        and not item.source_addresses - known.source_addresses
        and not item.destination_addresses - known.destination_addresses
        and {*item.families} <= {*known.families}
        and {*item.models} <= {*known.models}
    )


def _opening(world: OpenWorld, before: Side, after: Side, item: Deviation, port_names: frozenset[PortName]) -> Opening:
    """The packet judged once more on both sides, one rule at a time; sets and rules must come to the same."""
    packet = _called(item.packet, port_names)
    earlier = replace(packet, source=_earlier(world, packet.source), destination=_earlier(world, packet.destination))
    model = Model(ipblock_matches_pods=item.models[0])
    closed = Judged(earlier, judge_packet(before.policies, earlier, model))
    opened = Judged(packet, judge_packet(after.policies, packet, model))
    if closed.allowed or not opened.allowed:
        message = f"{item.source_text} -> {item.destination_text} is judged in two ways; this is a fault of netmatrix"
        hint = "please report it with the manifests"
        raise rules.ProofError([Finding(rules.CONTRADICTION, message, Place(after.file), hint=hint)])
    return Opening(item, port_names, closed, opened)


def _called(packet: Packet, port_names: frozenset[PortName]) -> Packet:
    """The packet to a port that its destination calls so, and that it calls nothing else."""
    if packet.destination.namespace is None:
        return packet
    known = frozenset((name, protocol, packet.port) for name, protocol in port_names)
    return replace(packet, destination=replace(packet.destination, port_names=known))


def _earlier(world: OpenWorld, party: Party) -> Party:
    return party if party.namespace is None else replace(party, namespace=world.as_it_was(party.namespace))
