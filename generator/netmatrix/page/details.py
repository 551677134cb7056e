"""A connection in words: its ports, what decides them at each end, and the line of the matrix."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from netmatrix.page.connections import Connection, Network, Pair
from netmatrix.page.nodes import Node
from netmatrix.policy.ports import ALL_PORTS, PortSet
from netmatrix.proof.deviations import Deviation
from netmatrix.proof.explain import Answer, EndTold, ends_told
from netmatrix.proof.grants import Grant, Granted
from netmatrix.proof.words import model_text, packet_text
from netmatrix.values.context import Context

_BETWEEN_PROTOCOLS = re.compile(r",(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Ports that the same rules decide: whether they are open, by what at each end, and why that is wanted."""

    ports: tuple[str, ...]
    verdict: str
    ends: tuple[EndTold, ...]
    because: tuple[str, ...]
    packet: str


@dataclass(frozen=True, slots=True)
class Detail:
    """A connection as the page tells it.

    `more_ports` are open only where the network plugin lets ipBlocks match pods.
    """

    anchor: str
    source: Node
    destination: Node
    ports: tuple[str, ...]
    more_ports: tuple[str, ...]
    state: str
    explanations: tuple[Explanation, ...]
    conditions: tuple[str, ...]


def details(found: Network, granted: Granted, values: Context, *, with_place: bool) -> Mapping[Pair, Detail]:
    """All connections, in the order of sources and destinations. `with_place` names the lines of policies too."""
    return {
        pair: Detail(
            connection.anchor,
            connection.source,
            connection.destination,
            ports_lines(connection.ports),
            ports_lines(connection.conditional_ports),
            str(connection.state).replace(" ", "-"),
            tuple(_explanations(connection, granted, values, with_place=with_place)),
            tuple(_conditions(connection)),
        )
        for pair, connection in found.connections.items()
    }


def ports_lines(ports: PortSet) -> tuple[str, ...]:
    """A line for each protocol that has some."""
    if not ports:
        return ()
    if ports == ALL_PORTS:
        return ("any port",)
    return tuple(_BETWEEN_PROTOCOLS.split(str(ports)))


def _explanations(
    connection: Connection, granted: Granted, values: Context, *, with_place: bool
) -> Iterator[Explanation]:
    """Each once, with the first of its packets: several examples of one endpoint are often decided alike."""
    told: dict[Explanation, str] = {}
    for part in connection.parts:
        reasons = (_because(grant, granted, values) for grant in part.grants)
        because = tuple(dict.fromkeys(filter(None, reasons)))
        for answer in part.answers:
            ends = tuple(ends_told(granted, answer, with_place=with_place))
            explanation = Explanation(ports_lines(part.ports), _verdict(answer), ends, because, packet="")
            told.setdefault(explanation, packet_text(answer.packet))
    return (replace(explanation, packet=packet) for explanation, packet in told.items())


def _verdict(answer: Answer) -> str:
    allowed, granted = "allowed" if answer.allowed else "not allowed", "granted" if answer.granted else "not granted"
    told = f"{allowed} and {granted}" if answer.allowed == answer.granted else f"{allowed}, and {granted}"
    return told if len(answer.models) > 1 else f"{told}, {model_text(answer.models[0])}"


def _because(grant: Grant, granted: Granted, values: Context) -> str:
    if grant.kind == "exception":
        return values.text("exceptions", grant.name, "reason") or ""
    flow = granted.matrix.flows.get(grant.name)
    return flow.reason if flow else ""


def _conditions(connection: Connection) -> Iterator[str]:
    for item in connection.conditional:
        yield f"{_on(item)}: granted only where the network plugin lets an ipBlock match the addresses of pods"
    for item in connection.deviating:
        told = "allowed, and not granted" if item.gained else "granted, and not allowed"
        yield f"{_on(item)}{item.over}: {told}"


def _on(item: Deviation) -> str:
    return f"{item.source_text} → {item.destination_text}, {', '.join(ports_lines(item.ports))}"
