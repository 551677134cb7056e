"""Whether manifests grant a matrix exactly: for every packet between pods that could exist and addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netmatrix.document import Finding, Place
from netmatrix.policy.bits import Bits
from netmatrix.policy.classes import TooManyClassesError
from netmatrix.policy.differences import Ends, ends, names_ports
from netmatrix.policy.objects import Foreign, Namespace, NetworkPolicy
from netmatrix.policy.open_world import Mentioned, OpenWorld, mentioned_in, with_port_names
from netmatrix.policy.packet import EndVerdict, judge_packet
from netmatrix.policy.read import Manifests
from netmatrix.policy.semantics import Model
from netmatrix.proof import rules
from netmatrix.proof.coverage import Coverage, coverage
from netmatrix.proof.deviations import Deviation, deviations
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
class Verdict:
    """Whether the claim holds, what it covers, and every way in which it fails.

    `model_dependent` is what is granted only where an ipBlock matches the addresses of pods, as with some network
    plugins it does: the claim holds in both models, and these packets differ between them. `unjudged` are policies of
    kinds that are not understood here, and that may override or add to those that are.
    """

    granted: Granted
    counter_examples: tuple[CounterExample, ...]
    model_dependent: tuple[Deviation, ...]
    coverage: Coverage
    unjudged: tuple[Foreign, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the manifests allow exactly what the matrix grants, as far as all of them were understood."""
        return not self.counter_examples and not self.unjudged


def verify(granted: Granted, manifests: Manifests, file: str) -> Verdict:
    """Compare what `manifests` allow with what is `granted`.

    The claim: for every source and destination (all pods that could ever exist, with every namespace, label set and
    address that selectors and ranges tell apart, and all IPv4 and IPv6 addresses), protocol and port, of which one end
    at least is in a governed namespace, the connection is allowed if and only if it is granted; in both models of what
    an ipBlock matches. Raises ProofError where that cannot be decided; `file` is what it names then.
    """
    world = open_world(mentioned_in(manifests.policies) | granted.mentioned(), manifests.namespaces, file)
    governed = governed_pods(granted, world.universe)
    names = Names(granted, world)
    expected = [expected_ends(granted, world, model) for model in MODELS]
    named = any(map(names_ports, manifests.policies))
    asked = []
    for model, wanted in zip(MODELS, expected, strict=True):
        surely = ends(manifests.policies, world.universe, model)
        allowed = ends(manifests.policies, with_port_names(world.universe), model) if named else surely
        asked.append((wanted, allowed, True, model.ipblock_matches_pods))
        asked.append((wanted, surely, False, model.ipblock_matches_pods))
    found = deviations(world, names, asked, governed)
    return Verdict(
        granted,
        tuple(_counter_example(granted, manifests.policies, item) for item in found),
        _model_dependent(world, names, expected, governed),
        coverage(granted, manifests.policies, world),
        tuple(item for item in manifests.foreign if item.is_policy),
    )


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


def _model_dependent(world: OpenWorld, names: Names, expected: list[Ends], governed: Bits) -> tuple[Deviation, ...]:
    without, with_pods = expected
    return deviations(world, names, [(without, with_pods, True, True)], governed)


def _counter_example(granted: Granted, policies: Iterable[NetworkPolicy], item: Deviation) -> CounterExample:
    """The packet judged once more, one rule at a time; sets and rules must come to the same."""
    model = Model(ipblock_matches_pods=item.models[0])
    verdicts = judge_packet(policies, item.packet, model)
    grants = grants_of_packet(granted, item.packet, model)
    allowed, wanted = all(end.allowed for end in verdicts), all(end.granted for end in grants)
    if (allowed, wanted) != (item.gained, not item.gained):
        message = f"{item.source_text} -> {item.destination_text} is judged in two ways; this is a fault of netmatrix"
        finding = Finding(
            rules.CONTRADICTION, message, _any_place(verdicts), hint="please report it with the manifests"
        )
        raise rules.ProofError([finding])
    return CounterExample(item, verdicts, grants)


def _any_place(verdicts: tuple[EndVerdict, EndVerdict]) -> Place:
    """A place among the policies that judge a packet."""
    origins = [policy.place for end in verdicts for policy in end.isolated_by if policy.place]
    return origins[0] if origins else Place("manifests")
