"""What a run will do, decided before anything is created, and told so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netmatrix.probe.cast import Actor, cast, published
from netmatrix.probe.manifests import LIFETIME, LIMITS, PREFIX, REQUESTS, Image
from netmatrix.probe.questions import LeftOut, Outside
from netmatrix.probe.surroundings import Surroundings
from netmatrix.proof.grants import Granted

_NEVER_ASKED = (
    "which labels the application's pods really carry: the pods of a run have those that the values say",
    "pods on the host's network, a node to its own pods, ICMP, SCTP, and connections that are open already",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A run: what is granted, who takes part, and what is left out, each with its reason.

    `left_out` are parts of the matrix that could have been asked about; `not_asked` is what no run asks.
    """

    granted: Granted
    around: Surroundings
    run: str
    actors: tuple[Actor, ...]
    image: Image
    outside: tuple[Outside, ...]
    left_out: tuple[LeftOut, ...]
    not_asked: tuple[str, ...]


def plan(
    granted: Granted,
    around: Surroundings,
    run: str,
    image: Image,
    outside: Sequence[Outside] = (),
    *,
    include_published: bool = False,
) -> Plan:
    """Who takes part: everybody, but for those whom a Service would name although they are never ready.

    Its clients would be sent to a pod of the run while it lasts. `include_published` takes them all the same.
    """
    everybody = cast(granted, f"{PREFIX}-{run}")
    named = {} if include_published else published(everybody, around.services)
    rows = (
        LeftOut(
            actor.id,
            f"Service {named[actor.id]} names pods that are not ready too, so that its clients would reach the run's "
            "pod; --include-published asks all the same",
        )
        for actor in everybody
        if actor.id in named and actor.twin is None
    )
    ports = (item for pods in around.answering for item in pods.left_out)
    actors = tuple(actor for actor in everybody if not {actor.id, actor.twin} & named.keys())
    not_named = () if outside else ("addresses outside the cluster: --outside ADDRESS:PORT names some",)
    left_out = (*rows, *around.unknown, *ports)
    return Plan(granted, around, run, actors, image, tuple(outside), left_out, (*not_named, *_NEVER_ASKED))


def announcement(plan: Plan) -> str:
    """What will be created and removed, where, and what that means for what is there."""
    return "\n".join(_announced(plan)) + "\n"


def _announced(plan: Plan) -> Iterator[str]:
    yield f"cluster: context {plan.around.context}, {plan.around.server}"
    yield f"matrix: {plan.granted.environment}"
    yield "this creates, and removes at the end:"
    yield f"  the namespace {PREFIX}-{plan.run}"
    yield f"  {len(plan.actors)} pods {PREFIX}-{plan.run}-*, of image {plan.image.name}"
    for namespace in dict.fromkeys(actor.namespace for actor in plan.actors):
        here = [actor.id for actor in plan.actors if actor.namespace == namespace]
        yield f"    in {namespace}: {', '.join(here)}"
    yield (
        f"  each asks for cpu {REQUESTS['cpu']} and memory {REQUESTS['memory']}, may use {LIMITS['cpu']} and "
        f"{LIMITS['memory']}, and ends by itself after {LIFETIME // 60} minutes"
    )
    yield "they carry the labels of the matrix's rows, and are never ready: no Service sends them clients"
    for item in plan.around.leftovers:
        yield f"it also removes {item.namespace}, which a run left {item.minutes} minutes ago"
    yield from (f"not asked: {item}" for item in (*plan.left_out, *plan.not_asked))
