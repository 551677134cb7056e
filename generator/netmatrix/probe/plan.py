"""What a run will do, decided before anything is created, and told so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netmatrix.probe.cast import MOST_PORTS, STRANGER, Actor, cast, known_ports, published
from netmatrix.probe.manifests import LIFETIME, LIMITS, PREFIX, REQUESTS, Image
from netmatrix.probe.questions import LeftOut, Outside
from netmatrix.probe.surroundings import Surroundings
from netmatrix.proof.grants import Granted

_NEVER_ASKED = (
    "ports that the matrix does not name, or names for other rows alone, but for one that stands for all of them",
    "pods at addresses that the cluster gives to none of the run's, where addresses are granted that pods may have",
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
    left_out = (*rows, *around.unknown, *ports)
    not_asked = (*_not_asked(granted, around, everybody, outside), *_NEVER_ASKED)
    return Plan(granted, around, run, actors, image, tuple(outside), left_out, not_asked)


def _not_asked(
    granted: Granted, around: Surroundings, actors: Sequence[Actor], outside: Sequence[Outside]
) -> Iterator[str]:
    """What this run does not ask, though another might: where nobody of the run listens."""
    if outside:
        yield "addresses and ports outside the cluster that --outside does not name"
    else:
        yield "addresses outside the cluster: --outside ADDRESS:PORT names some"
    for service in around.api_services:
        yield f"{service.endpoint} on other ports than {service.port}: --outside ADDRESS:PORT names some"
    for pods in around.answering:
        yield f"{pods.endpoint} on ports that its pods do not declare, or over UDP where no flow names the port"
    listened = {port for actor in actors if actor.id == STRANGER for port in actor.ports}
    if missing := known_ports(granted) - listened:
        yield f"ports {', '.join(map(str, sorted(missing)))} at pods of no row: one listens on {MOST_PORTS} at most"


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
