"""Rules on selectors and on the ports of pods and endpoints (NM230 to NM241)."""

from __future__ import annotations

from collections.abc import Iterator

from netmatrix.document import Finding, KeyPath
from netmatrix.matrix.model import Pod
from netmatrix.values import rules
from netmatrix.values.context import Context, Selector, contradict, enumeration, port_number


def selector_keys_once(context: Context) -> Iterator[Finding]:
    """NM230. A selector's list becomes a map of labels, where the second would silently replace the first."""
    for base in _selectors(context):
        seen: set[str] = set()
        for index, item in enumerate(context.items(*base)):
            key, equals, _ = item.partition("=") if isinstance(item, str) else ("", "", "")
            if equals and key in seen:
                message = f"the selector names the label {key!r} twice"
                yield context.finding(rules.SELECTOR_KEY_TWICE, message, (*base, index), "remove one of the two")
            seen.add(key)


def selectors_disjoint(context: Context) -> Iterator[Finding]:
    """NM231. A pod that is two rows would get the grants of both."""
    selectors = _selectors_of_ours(context)
    earlier: list[Pod] = []
    for pod in context.matrix.pods.values():
        mine = selectors[pod.id]
        if mine is None:
            continue
        rivals = [
            other.id
            for other in earlier
            if other.namespace == pod.namespace and not contradict(mine, selectors[other.id] or {})
        ]
        if rivals:
            path: KeyPath = ("pods", pod.id, "selector")
            touched = [rival for rival in rivals if not context.values.is_default(("pods", rival, "selector"))]
            names = enumeration([repr(rival) for rival in rivals], "and")
            message = f"one pod can match the selectors of {pod.id!r} and of {names}, and would get the grants of both"
            hint = "let both demand a label that they share, with different values"
            blame: KeyPath = ("pods", (touched or rivals)[0], "selector")
            yield context.finding(rules.SELECTORS_OVERLAP, message, path, hint, or_at=blame)
        earlier.append(pod)


def selectors_keep_to_their_own(context: Context) -> Iterator[Finding]:
    """NM232. A row that takes the pods that the matrix calls another would give those its grants, `never` lines or not.

    Values may say that these pods carry other labels by now, but the matrix is what its reviewers read. Where the two
    selectors of the values overlap, NM231 speaks of it.
    """
    selectors = _selectors_of_ours(context)
    for pod in context.matrix.pods.values():
        mine = selectors[pod.id] or {}
        taken = [
            other.id
            for other in context.matrix.pods.values()
            if other.namespace == pod.namespace  # the pod itself does not contradict itself
            and contradict(mine, selectors[other.id] or {})
            and not contradict(mine, other.labels)
        ]
        if taken:
            names = enumeration([repr(id_) for id_ in taken], "and")
            message = f"the selector of {pod.id!r} can match a pod with the labels that the matrix gives to {names}"
            hint = "demand another value of one of those labels; a whole new set of labels belongs in the matrix"
            yield context.finding(rules.SELECTOR_OF_ANOTHER, message, ("pods", pod.id, "selector"), hint)


def ports_distinct(context: Context) -> Iterator[Finding]:
    """NM240. With two names for one port, a flow to the one would open the other."""
    for pod in context.matrix.pods.values():
        first: dict[tuple[str, int], str] = {}
        for name, port in pod.ports.items():
            number = port_number(context.get("pods", pod.id, "ports", name))
            if number is None:
                continue
            known = first.setdefault((port.protocol, number), name)
            if known != name:
                path, other = ("pods", pod.id, "ports", name), ("pods", pod.id, "ports", known)
                message = f"the ports {known!r} and {name!r} of {pod.id!r} are both {port.protocol} {number}"
                hint = "give the number that the pod listens on under each name"
                yield context.finding(rules.PORTS_NOT_DISTINCT, message, path, hint, or_at=other)


def ports_within_ceilings(context: Context) -> Iterator[Finding]:
    """NM241. The schema says it too; this one holds where the schema was not consulted."""
    for endpoint in context.matrix.endpoints.values():
        base = ("endpoints", endpoint.id, "ports")
        keys: list[str | int] = [*context.mapping(*base), *range(len(context.items(*base)))]
        for key in keys:
            number = port_number(context.get(*base, key))
            if endpoint.ceiling is not None and number is not None and number not in endpoint.ceiling.ports:
                allowed = enumeration([str(port) for port in endpoint.ceiling.ports])
                message = f"the matrix does not allow port {number} for {endpoint.id!r}"
                yield context.finding(rules.PORT_BEYOND_CEILING, message, (*base, key), f"it must be {allowed}")


def _selectors_of_ours(context: Context) -> dict[str, Selector | None]:
    return {pod: context.selector("pods", pod, "selector") for pod in context.matrix.pods}


def _selectors(context: Context) -> Iterator[KeyPath]:
    for pod in context.mapping("pods"):
        yield ("pods", pod, "selector")
    for endpoint in context.mapping("endpoints"):
        for peer in context.mapping("endpoints", endpoint, "peers"):
            yield ("endpoints", endpoint, "peers", peer, "selector")
    for exception in context.mapping("exceptions"):
        for end in ("from", "to"):
            yield ("exceptions", exception, end, "selector")


CHECKS = (
    selector_keys_once,
    selectors_disjoint,
    selectors_keep_to_their_own,
    ports_distinct,
    ports_within_ceilings,
)
