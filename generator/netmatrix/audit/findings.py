"""What an audit finds, as findings: each with what it opens and closes, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from netmatrix.audit import rules
from netmatrix.audit.backends import BackEnd
from netmatrix.audit.compare import Departure, State
from netmatrix.audit.effects import Effect
from netmatrix.audit.overriding import Overriding
from netmatrix.audit.pods import Alike
from netmatrix.audit.run import Audit
from netmatrix.document import Finding, Place, Severity
from netmatrix.proof.change_text import reasons
from netmatrix.proof.findings import findings as proof_findings

_MOST_NAMED = 3
_UPGRADE = "`helm upgrade` with these values puts it right"
_REMEDIES = {
    State.DRIFTED: f"{_UPGRADE}, in Helm 4 with --force-conflicts",
    State.STALE: f"{_UPGRADE}: it looks the addresses up anew",
    State.MISSING: _UPGRADE,
}
_RULES = {
    State.FOREIGN: rules.FOREIGN,
    State.DRIFTED: rules.DRIFTED,
    State.STALE: rules.STALE,
    State.MISSING: rules.MISSING,
}


def findings(audit: Audit) -> tuple[Finding, ...]:
    """Everything that was found, policies first; at last what the proof finds and none of these is the cause of."""
    return (
        *(_departure(audit, effect) for effect in audit.effects),
        *(_back_end(audit, item) for item in audit.backends),
        *(_absent(name) for name in audit.absent),
        *(_uncovered(audit, item) for item in audit.pods.uncovered),
        *(_on_host_network(audit, item) for item in audit.pods.on_host_network),
        *(_empty_row(audit, row) for row in audit.pods.empty_rows),
        *audit.expired,
        *(_overriding(audit, item) for item in audit.overriding),
        *_proof(audit),
    )


def does(effect: Effect) -> str:
    """What a departure does, in a few words."""
    parts = [
        f"{verb} {_some([told.change.text for told in several])}"
        for verb, several in (("opens", effect.opens), ("closes", effect.closes))
        if several
    ]
    return "; it ".join(parts) if parts else "it changes no packet"


def who(item: Departure) -> str:
    """The policy, and who made it where that is known."""
    return f"{item.policy} ({item.owner})" if item.owner else str(item.policy)


def _departure(audit: Audit, effect: Effect) -> Finding:
    item = effect.departure
    acts = does(effect) if effect.is_harmless else f"it {does(effect)}"
    match item.state:
        case State.FOREIGN:
            message = f"{who(item)} is none of the chart's policies: {acts}"
        case State.MISSING:
            message = f"{item.policy} is not in the cluster: {acts.replace('it changes', 'that changes')}"
        case State.DRIFTED:
            message = f"{item.policy} is not as rendered: {', '.join(item.what)}; {acts}"
        case State.STALE:
            message = f"{item.policy} grants looked-up addresses that are not today's: {', '.join(item.what)}; {acts}"
    return Finding(
        _RULES[item.state],
        message,
        _place(audit, item),
        hint="; ".join((_remedy(item), *_example(effect))),
        severity=Severity.WARNING if effect.is_harmless and item.state is State.FOREIGN else Severity.ERROR,
    )


def _back_end(audit: Audit, item: BackEnd) -> Finding:
    what = ", ".join(item.what)
    said = {
        State.MISSING: "is not in the cluster, and Helm renders it",
        State.DRIFTED: f"is not as rendered: {what}",
        State.STALE: f"grants looked-up addresses that are not today's: {what}",
    }
    is_there = item.state is not State.MISSING
    place = audit.live.place_of(item.item) if is_there else Place(str(item.item), 0, 0)
    return Finding(_RULES[item.state], f"{item} {said[item.state]}", place, hint=_REMEDIES[item.state])


def _place(audit: Audit, item: Departure) -> Place:
    """The policy; where there is none, the file or the cluster by what it should hold."""
    if item.actual is None:
        return Place(f"NetworkPolicy {item.policy}", 0, 0)
    return audit.live.place_of(audit.live.item_of(item.actual))


def _remedy(item: Departure) -> str:
    policy = item.policy
    if item.state is State.FOREIGN:
        return f"`kubectl delete networkpolicy {policy.name} --namespace {policy.namespace}`, or have its owner do so"
    return _REMEDIES[item.state]


def _example(effect: Effect) -> Iterator[str]:
    """What shows the gravest of it: at which end, by which rule, with a packet."""
    for told in (*effect.opens, *effect.closes)[:1]:
        if told.together:
            yield "only together with the other departures"
        yield from reasons(told.difference, told.change)


def _some(texts: list[str]) -> str:
    shown = "; ".join(texts[:_MOST_NAMED])
    return shown if len(texts) <= _MOST_NAMED else f"{shown} and {len(texts) - _MOST_NAMED} more"


def _absent(name: str) -> Finding:
    hint = "install the chart, or give the values that it was installed with"
    message = f"the namespace {name} is not in the cluster"
    return Finding(rules.NO_NAMESPACE, message, Place(f"Namespace {name}", 0, 0), hint=hint)


def _uncovered(audit: Audit, item: Alike) -> Finding:
    labels = item.labels or "no labels"
    message = f"{item} with {labels} is no row of the matrix: default-deny alone holds for it"
    hint = "move it to a namespace of its own, mend its labels or the row's selector, or add a row to the matrix"
    return Finding(rules.NO_ROW, message, _pod_place(audit, item), hint=hint)


def _on_host_network(audit: Audit, item: Alike) -> Finding:
    message = f"{item} is on the host's network: no NetworkPolicy holds for it, and nothing is said about it"
    place = _pod_place(audit, item)
    return Finding(rules.HOST_NETWORK, message, place, hint=rules.HOST_NETWORK.fix, severity=Severity.WARNING)


def _pod_place(audit: Audit, item: Alike) -> Place:
    return audit.live.place_of(audit.live.item_of_pod(item.namespace, item.names[0]))


def _empty_row(audit: Audit, row: str) -> Finding:
    pod = audit.granted.matrix.pods[row]
    hint = f"compare the labels of the pods that you mean with pods.{row}.selector in the values"
    message = f"no pod in the cluster is the row {row}: its policies hold for nobody"
    return Finding(rules.NO_POD, message, pod.place, hint=hint, severity=Severity.WARNING)


def _overriding(audit: Audit, item: Overriding) -> Finding:
    place = audit.live.place_of(item.item)
    where = ", ".join(item.touches)
    if not item.touches:
        message = f"{item} ({item.group}) selects none of the governed namespaces, and may decide at the other end"
        return Finding(rules.OVERRIDE, message, place, hint=rules.OVERRIDE.fix, severity=Severity.NOTE)
    surely = "touches" if item.surely else "may touch"
    message = (
        f"{item} ({item.group}) {surely} {where}: what it allows or denies is not judged here, and may come before"
    )
    return Finding(rules.OVERRIDE, message, place, hint=rules.OVERRIDE.fix)


def _proof(audit: Audit) -> Iterator[Finding]:
    """What differs even where the policies that are named with what they open and close are put right."""
    also = "" if all(effect.is_harmless for effect in audit.effects) else ", also once the policies above are put right"
    for item in proof_findings(audit.rest, in_manifests=False):
        yield Finding(rules.NOT_THE_MATRIX, f"{item.message}{also}", item.place, item.path, item.hint, item.severity)
