"""What the network did, beside what the engine computes and what the matrix grants."""

from __future__ import annotations

from dataclasses import dataclass

from tests.e2e.expectation import Expectation
from tests.e2e.packets import Packet, Pass
from tests.e2e.probing import Result


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A packet on which the three are not of one mind."""

    packet: Packet
    result: Result
    engine: bool
    matrix: bool

    @property
    def is_open(self) -> bool:
        """Whether the network let it through, and the right one answered."""
        return self.result is Result.OPEN

    def __str__(self) -> str:
        engine = "allow" if self.engine else "forbid"
        matrix = "grants" if self.matrix else "does not grant"
        return f"{self.packet}: {self.result.name.lower()}; the policies {engine} it, the matrix {matrix} it"


def disagreements(found: Pass, expected: Expectation) -> list[Disagreement]:
    """Every packet of a pass on which network, engine and matrix do not say the same."""
    judged = (
        Disagreement(packet, result, expected.engine(packet), expected.matrix(packet))
        for packet, result in found.results
    )
    return [item for item in judged if not item.is_open == item.engine == item.matrix]


def closed(found: Pass) -> list[str]:
    """What did not arrive, where everything should."""
    return [f"{packet}: {result.name.lower()}" for packet, result in found.results if result is not Result.OPEN]
