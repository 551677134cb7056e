"""What the network did, beside what the engine computes and what the matrix grants."""

from __future__ import annotations

from dataclasses import dataclass

from tests.e2e.expectation import Expectation
from tests.e2e.packets import Packet, Pass
from tests.e2e.probing import Result


@dataclass(frozen=True, slots=True)
class Comparison:
    """A packet, and what the three say to it."""

    packet: Packet
    result: Result
    engine: bool
    matrix: bool

    @property
    def holds(self) -> bool:
        """Whether they are of one mind. What was let in where nobody may be was, whoever answered or did not."""
        return self.engine == self.matrix and self.result.agrees(self.matrix)

    def __str__(self) -> str:
        engine = "allow" if self.engine else "forbid"
        matrix = "grants" if self.matrix else "does not grant"
        return f"{self.packet}: {self.result.name.lower()}; the policies {engine} it, the matrix {matrix} it"


def disagreements(found: Pass, expected: Expectation) -> list[Comparison]:
    """Every packet of a pass on which network, engine and matrix do not say the same."""
    judged = (
        Comparison(packet, result, expected.engine(packet), expected.matrix(packet)) for packet, result in found.results
    )
    return [item for item in judged if not item.holds]


def closed(found: Pass) -> list[str]:
    """What did not arrive, where everything should."""
    return [f"{packet}: {result.name.lower()}" for packet, result in found.results if result is not Result.OPEN]
