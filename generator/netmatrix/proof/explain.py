"""One connection explained: what each end says, by which rule, from which line of the matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from netmatrix.policy.objects import NetworkPolicy
from netmatrix.policy.packet import EndVerdict, Packet, judge_packet, open_ports
from netmatrix.policy.ports import FIRST_PORT, PortSet, Protocol
from netmatrix.policy.semantics import Model
from netmatrix.proof.deviations import smallest_port
from netmatrix.proof.exactly import MODELS
from netmatrix.proof.grants import Granted
from netmatrix.proof.judge import EndGrants, grants_of_packet, naming_both
from netmatrix.proof.parties import Named, packet_between
from netmatrix.proof.verdict_json import judged_data, ports_data
from netmatrix.proof.words import by_matrix, by_policy, model_text, packet_text, party_text


@dataclass(frozen=True, slots=True)
class Answer:
    """What policies and matrix say of a packet at its two ends, in the given models of ipBlock, which agree."""

    packet: Packet
    models: tuple[Model, ...]
    verdicts: tuple[EndVerdict, EndVerdict]
    grants: tuple[EndGrants, EndGrants]

    @property
    def allowed(self) -> bool:
        """Whether the packet passes."""
        return all(end.allowed for end in self.verdicts)

    @property
    def granted(self) -> bool:
        """Whether the matrix grants it."""
        return all(end.granted for end in self.grants)


def answers(granted: Granted, policies: Sequence[NetworkPolicy], packet: Packet) -> tuple[Answer, ...]:
    """One answer, or two where it depends on whether an ipBlock matches the addresses of pods."""
    found = [
        Answer(packet, (model,), judge_packet(policies, packet, model), grants_of_packet(granted, packet, model))
        for model in MODELS
    ]
    one, other = found
    if (one.verdicts, one.grants) == (other.verdicts, other.grants):
        return (Answer(packet, MODELS, one.verdicts, one.grants),)
    return one, other


def one_packet_each(
    granted: Granted, policies: Sequence[NetworkPolicy], source: Named, destination: Named
) -> tuple[PortSet, tuple[Packet, ...]]:
    """The ports that are open in either model, with a packet for each range of them.

    Where none is open, a packet to a port that a flow between the two would open, else to the lowest: of which the
    reason why it is denied can be told.
    """
    lowest = packet_between(source, destination, Protocol.TCP, FIRST_PORT)
    ports = PortSet.union(open_ports(policies, lowest, model) for model in MODELS)
    chosen = [(protocol, first) for protocol in Protocol for first, _ in ports.of_protocol(protocol)]
    if not chosen:
        chosen = [smallest_port(grant.ports) for grant in naming_both(granted, lowest, MODELS[-1])[:1]]
    packets = tuple(packet_between(source, destination, *port) for port in chosen)
    return ports, packets or (lowest,)


@dataclass(frozen=True, slots=True)
class EndTold:
    """What is said of one end, in words. No policy and no matrix speaks for an end outside the cluster."""

    direction: str
    own: str
    policy: str
    matrix: str


def ends_told(granted: Granted, answer: Answer, *, with_place: bool = True) -> Iterator[EndTold]:
    """What policies and matrix say at the source's end, then at the destination's."""
    packet = answer.packet
    for end, grants in zip(answer.verdicts, answer.grants, strict=True):
        own = grants.row or party_text(packet, packet.own(end.direction))
        if packet.own(end.direction).namespace is None:
            yield EndTold(end.direction.lower(), own, "outside the cluster; no policy speaks for it", "")
        else:
            matrix = by_matrix(granted, packet, grants, answer.models[0])
            yield EndTold(end.direction.lower(), own, by_policy(end, with_place=with_place), matrix)


def lines(granted: Granted, answer: Answer, source: Named, destination: Named) -> Iterator[str]:
    """The answer for people: the verdict first, then each end."""
    packet = answer.packet
    verdict = "allowed" if answer.allowed else "denied"
    where = "" if len(answer.models) > 1 else f", {model_text(answer.models[0])}"
    yield f"{verdict}: {source.name} -> {destination.name}, {packet.protocol} {packet.port}{where}"
    yield f"  packet   {packet_text(packet)}"
    for end in ends_told(granted, answer):
        yield f"  {end.direction:<8} {'of ' if end.matrix else ''}{end.own}: {end.policy}"
        if end.matrix:
            yield f"  {'':<8} {end.matrix}"
    if answer.allowed != answer.granted:
        wanted = "grants" if answer.granted else "does not grant"
        yield f"  differs  the matrix {wanted} it; `netmatrix verify` tells all that differs"


def data(granted: Granted, answer: Answer) -> dict[str, Any]:
    """The answer for programs."""
    return {
        "allowed": answer.allowed,
        "granted": answer.granted,
        "ipBlockMatchesPods": [model.ipblock_matches_pods for model in answer.models],
        **judged_data(granted, answer.packet, answer.models[0], answer.verdicts, answer.grants),
    }


def document(
    granted: Granted, source: Named, destination: Named, ports: PortSet | None, found: Sequence[Answer]
) -> dict[str, Any]:
    """All answers for programs; `ports` are those that are open, where no port was asked about."""
    named = {"source": source.name, "destination": destination.name}
    of_ports = {} if ports is None else {"openPorts": ports_data(ports)}
    return {**named, **of_ports, "answers": [data(granted, answer) for answer in found]}
