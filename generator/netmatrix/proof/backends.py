"""The same matrix in the words of other APIs: whether their objects come to the same, and where the APIs differ.

Of each back end two things are proved: what its objects allow by themselves, and what everything allows together. Where
the APIs themselves differ, the class of packets is named: what is granted besides in a reading of the objects, or what
they cannot speak of by themselves. Any other packet is a counter-example, as with NetworkPolicies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import product

from netmatrix.document import Finding, Place
from netmatrix.policy.cilium import decode as cilium
from netmatrix.policy.objects import Foreign, Written
from netmatrix.policy.read import Manifests
from netmatrix.policy.tiers import decode as cluster
from netmatrix.policy.tiers.together import Policies, undecided_order
from netmatrix.proof import backend_cilium, backend_cluster, rules
from netmatrix.proof.backend import Backend, BackendVerdict, ClaimVerdict, Excuse, Reading, nothing
from netmatrix.proof.deviations import Deviation
from netmatrix.proof.exactly import CounterExample, Ground, counter_example, deviating, ground
from netmatrix.proof.grants import Granted

_DECODERS: Mapping[str, Callable[[Granted, Iterable[Written]], Backend]] = {
    backend_cilium.NAME: backend_cilium.cilium_backend,
    backend_cluster.NAME: backend_cluster.cluster_backend,
}
_KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    backend_cilium.NAME: (cilium.KIND, cilium.VERSIONS),
    backend_cluster.NAME: (cluster.KIND, cluster.VERSIONS),
}
_EXACTLY = "exactly what the matrix grants passes"


def says_the_same(granted: Granted | None, item: Foreign) -> bool:
    """Whether objects of a kind are those of a back end that the values switch on: `verify` says what they come to."""
    kinds = [_KINDS[name] for name in granted.backends] if granted else []
    return any(item.kind == kind and item.api_version in versions for kind, versions in kinds)


def rendered_by(granted: Granted, manifests: Manifests) -> tuple[Backend, ...]:
    """The objects of each back end that the values switch on. Raises ManifestError where one cannot be read."""
    return tuple(_DECODERS[name](granted, manifests.written) for name in granted.backends)


def proved(backend: Backend, on: Ground, policies: Policies, others: Sequence[Backend], file: str) -> BackendVerdict:
    """The verdict on one back end; `policies` are the NetworkPolicies, `others` all back ends, itself among them."""
    problems = tuple(_problems(backend, on, file))
    if problems:
        return BackendVerdict(backend, problems=problems)
    alone = on if backend.grants else ground(replace(on.granted, grants=()), on.world)
    said = _EXACTLY if backend.grants else "nothing passes to or from the matrix's namespaces"
    return BackendVerdict(
        backend,
        (
            _claim("alone", said, alone, backend.readings, backend.excused_alone),
            _claim("with all others", _EXACTLY, on, _together(policies, others)),
        ),
    )


def _problems(backend: Backend, on: Ground, file: str) -> Iterator[Finding]:
    if not backend.objects:
        message = f"the values switch the back end {backend.name} on, and there is no {backend.kind}"
        hint = f"add its objects to the manifests, or set backends.{backend.name}.enabled to false"
        yield Finding(rules.BACKEND_MISSING, message, Place(file), hint=hint)
    for one, other in undecided_order(backend.readings[0].policies.cluster, on.world.universe):
        message = f"{one} and {other} have the priority {one.priority}, and nobody can say which goes first"
        place = other.place or Place(file)
        yield Finding(rules.BACKEND_ORDER, message, place, hint="give one of the two another priority")


def _together(policies: Policies, backends: Sequence[Backend]) -> list[Reading]:
    """All back ends beside the NetworkPolicies, for every combination of ways to read them."""
    start = Reading(policies)
    return [reduce(_merged, chosen, start) for chosen in product(*(backend.readings for backend in backends))]


def _merged(one: Reading, other: Reading) -> Reading:
    namespaced = (*one.policies.namespaced, *other.policies.namespaced)
    cluster = (*one.policies.cluster, *other.policies.cluster)
    return Reading(Policies(namespaced, cluster), (*one.besides, *other.besides))


def _claim(among: str, said: str, on: Ground, readings: Iterable[Reading], excused: Excuse = nothing) -> ClaimVerdict:
    failing: list[CounterExample] = []
    differing: list[Deviation] = []
    for reading in readings:
        there = on
        if reading.besides:
            there = ground(replace(on.granted, grants=(*on.granted.grants, *reading.besides)), on.world)
            differing += deviating(on, reading.policies)
        for item in deviating(there, reading.policies):
            found = counter_example(there.granted, reading.policies, item)
            if excused(item):
                differing.append(item)
            else:
                failing.append(found)
    return ClaimVerdict(among, said, tuple(failing), () if failing else tuple(differing))
