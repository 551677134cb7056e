"""A plan carried out: its pods made, asked until the answers have settled, removed; and a verdict on the answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from netmatrix.cluster import Kubectl
from netmatrix.probe.cast import STRANGER
from netmatrix.probe.plan import Plan
from netmatrix.probe.questions import questions
from netmatrix.probe.run import stage
from netmatrix.probe.settling import settle
from netmatrix.probe.verdict import Verdict, verdict

Progress = Callable[[str], AbstractContextManager[None]]
"""Tells what is being done, for as long as it takes."""


def carry_out(kubectl: Kubectl, plan: Plan, *, start: float, settling: float, progress: Progress) -> Verdict:
    """Create, ask, judge and remove. Pods may take `start` seconds to run, enforcement `settling` seconds to begin.

    Raises ClusterError and ProbeError; nothing of the run is left in the cluster then either.
    """
    control = next(actor.title for actor in plan.actors if actor.id == STRANGER)
    with stage(kubectl, plan.run, plan.actors, plan.image) as pods:
        with progress(f"waiting for {len(plan.actors)} pods"):
            running = pods.wait(start)
        around = plan.around
        asked = questions(plan.granted, plan.actors, running, around.answering, around.api_services, plan.outside)
        with progress(f"asking {len(asked)} questions"):
            found, was_open = settle(pods.ask, asked, settling)
    return verdict(asked, found, control, was_open, plan.granted.endpoints)
