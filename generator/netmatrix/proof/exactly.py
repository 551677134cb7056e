"""Whether some policies allow exactly what is granted, and a packet for every way in which they do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netmatrix.document import Finding, Place
from netmatrix.policy.bits import Bits
from netmatrix.policy.classes import TooManyClassesError
from netmatrix.policy.differences import Ends
from netmatrix.policy.objects import Namespace
from netmatrix.policy.open_world import Mentioned, OpenWorld, with_port_names
from netmatrix.policy.packet import EndVerdict
from netmatrix.policy.semantics import Model
from netmatrix.policy.tiers.packet import judge
from netmatrix.policy.tiers.together import Policies
from netmatrix.proof import rules
from netmatrix.proof.deviations import Deviation, Question, deviations
from netmatrix.proof.expected import expected_ends, governed_pods
from netmatrix.proof.grants import Granted
from netmatrix.proof.judge import EndGrants, grants_of_packet
from netmatrix.proof.names import Names

MODELS = (Model(ipblock_matches_pods=False), Model(ipblock_matches_pods=True))


@dataclass(frozen=True, slots=True)
class CounterExample:
    """A deviation, and what policies and matrix say at each end of its packet, the source's first."""

    deviation: Deviation
    verdicts: tuple[EndVerdict, EndVerdict]
    grants: tuple[EndGrants, EndGrants]


@dataclass(frozen=True, slots=True)
class Ground:
    """What policies are compared on: all pods that could exist, and what is granted between them, in either model."""

    granted: Granted
    world: OpenWorld
    names: Names
    governed: Bits
    expected: tuple[Ends, ...]


def ground(granted: Granted, world: OpenWorld) -> Ground:
    """What `granted` means in a world that tells its ends apart."""
    expected = tuple(expected_ends(granted, world, model) for model in MODELS)
    return Ground(granted, world, Names(granted, world), governed_pods(granted, world.universe), expected)


def deviating(on: Ground, policies: Policies) -> tuple[Deviation, ...]:
    """Every way in which `policies` allow more or less than is granted."""
    asked: list[Question] = []
    universe = on.world.universe
    for model, wanted in zip(MODELS, on.expected, strict=True):
        surely, blocks = policies.ends(universe, model), model.ipblock_matches_pods
        if policies.name_ports:
            allowed = policies.ends(with_port_names(universe), model)
            asked.append(Question(wanted, allowed, blocks))
            asked.append(Question(wanted, surely, blocks, gains=False, losses=True))
        else:
            asked.append(Question(wanted, surely, blocks, losses=True))
    return deviations(on.world, on.names, asked, on.governed)


def model_dependent(on: Ground) -> tuple[Deviation, ...]:
    """What is granted only where an ipBlock matches the addresses of pods."""
    without, with_pods = on.expected
    return deviations(on.world, on.names, [Question(without, with_pods, model=True)], on.governed)


def counter_example(granted: Granted, policies: Policies, item: Deviation) -> CounterExample:
    """The packet judged once more, one rule at a time; sets and rules must come to the same. Raises ProofError."""
    model = Model(ipblock_matches_pods=item.models[0])
    verdicts = judge(policies, item.packet, model)
    grants = grants_of_packet(granted, item.packet, model)
    allowed, wanted = all(end.allowed for end in verdicts), all(end.granted for end in grants)
    if (allowed, wanted) != (item.gained, not item.gained):
        message = f"{item.source_text} -> {item.destination_text} is judged in two ways; this is a fault of netmatrix"
        finding = Finding(
            rules.CONTRADICTION, message, _any_place(verdicts), hint="please report it with the manifests"
        )
        raise rules.ProofError([finding])
    return CounterExample(item, verdicts, grants)


def open_world(
    mentioned: Mentioned,
    namespaces: Mapping[str, Namespace],
    file: str,
    earlier: Mapping[str, Namespace] | None = None,
) -> OpenWorld:
    """All pods that could exist, as far as they are told apart. Raises ProofError, which names `file`, for too many."""
    try:
        return OpenWorld(mentioned, namespaces, earlier)
    except TooManyClassesError as error:
        message = (
            f"the selectors and address ranges tell more than {error.most:,} classes of pods apart: too many to judge"
        )
        hint = "let selectors of one namespace demand different values of one label, and name fewer overlapping ranges"
        raise rules.ProofError([Finding(rules.UNDECIDED, message, Place(file), hint=hint)]) from None


def _any_place(verdicts: tuple[EndVerdict, EndVerdict]) -> Place:
    """A place among the policies that judge a packet."""
    origins = [policy.place for end in verdicts for policy in end.isolated_by if policy.place]
    return origins[0] if origins else Place("manifests")
