"""The whole audit: what was rendered and what was read, put beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from netmatrix.audit.addresses import Looked, looked_up
from netmatrix.audit.backends import BackEnd, compare_back_ends
from netmatrix.audit.compare import Comparison, compare
from netmatrix.audit.effects import CLUSTER, Effect, effects
from netmatrix.audit.live import Live, read_live
from netmatrix.audit.overriding import Kind, Overriding, overriding, unread
from netmatrix.audit.pods import Pods, judge_pods
from netmatrix.cluster import Item, Snapshot
from netmatrix.document import Finding
from netmatrix.policy.objects import Namespace, NetworkPolicy
from netmatrix.policy.read import Manifests
from netmatrix.proof.grants import Granted, granted
from netmatrix.proof.verify import Verdict, verify
from netmatrix.values.context import Context


@dataclass(frozen=True, slots=True)
class Rendered:
    """What Helm renders: the policies read strictly, and its objects as data."""

    policies: tuple[NetworkPolicy, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything in which a cluster is not as it should be, and the proof's verdict on its policies as a whole.

    `granted` is what the matrix grants with the addresses that the cluster has now; `expired` are the findings about
    exceptions whose last day is past; `absent` the governed namespaces that are not there; `unread` the kinds of other
    policies of which a dump does not tell whether the cluster has any. `rest` is the verdict on the cluster once every
    policy is put right of which an effect is told: what differs then, nothing else here says.
    """

    granted: Granted
    live: Live
    looked: tuple[Looked, ...]
    compared: Comparison
    effects: tuple[Effect, ...]
    pods: Pods
    overriding: tuple[Overriding, ...]
    unread: tuple[Kind, ...]
    backends: tuple[BackEnd, ...]
    absent: tuple[str, ...]
    expired: tuple[Finding, ...]
    verdict: Verdict
    rest: Verdict


def audit(values: Context, rendered: Rendered, snapshot: Snapshot, expired: Sequence[Finding] = ()) -> Audit:
    """Compare what Helm renders of `values`, offline, with a cluster as it was read.

    Raises AuditError where an object cannot be read, and ProofError where what a departure does cannot be decided.
    """
    offline = granted(values)
    live = read_live(snapshot.items, offline, in_files=not snapshot.is_live)
    looked = looked_up(offline, live)
    now = granted(values, [target.discovered for item in looked for target in sorted(item.now, key=str)])
    compared = compare(rendered.policies, live, looked, now.governed)
    namespaces = dict(live.namespaces)
    told = effects(compared, namespaces, now)
    harmful = [effect.departure for effect in told if not effect.is_harmless]
    verdict = _verdict(live.policies, namespaces, now)
    return Audit(
        granted=now,
        live=live,
        looked=looked,
        compared=compared,
        effects=told,
        pods=judge_pods(live, now),
        overriding=overriding(live, now.governed, rendered.items),
        unread=unread(snapshot),
        backends=compare_back_ends(rendered.items, live, looked),
        absent=tuple(name for name in now.governed if name not in namespaces),
        expired=tuple(expired),
        verdict=verdict,
        rest=_verdict(compared.put_right(harmful), namespaces, now) if harmful else verdict,
    )


def _verdict(policies: Sequence[NetworkPolicy], namespaces: dict[str, Namespace], granted: Granted) -> Verdict:
    """The proof's. What the chart renders for other APIs is compared as rendered, and not read: `verify` judges it."""
    return verify(replace(granted, backends=()), Manifests(namespaces, (), tuple(policies)), CLUSTER)
