"""Rules on the environment, the flows that are switched on, and the namespaces (NM210 to NM223)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netmatrix.document import Finding, did_you_mean
from netmatrix.document.reader import Document
from netmatrix.matrix.build import is_fixed
from netmatrix.matrix.model import EndpointKind
from netmatrix.values import rules
from netmatrix.values.context import Context, enumeration


def environment(context: Context) -> Iterator[Finding]:
    """NM210. The schema lets a missing and an empty environment pass, so that `helm lint` of the bare chart passes."""
    chosen = context.get("environment")
    known = context.matrix.environments
    files = [f"-f {context.files_of_environments.get(name, f'values/values-{name}.yaml')}" for name in known]
    hint = f"give one of {enumeration(files)}"
    if chosen is None or chosen == "":
        yield context.finding(rules.ENVIRONMENT, "no environment is chosen", ("environment",), hint)
    elif isinstance(chosen, str) and chosen not in known:
        message = f"the matrix has no environment {chosen!r}, only {enumeration(known, 'and')}"
        yield context.finding(rules.ENVIRONMENT, message, ("environment",), f"{did_you_mean(chosen, known)} {hint}")


def environment_kept(context: Context, layers: Sequence[Document]) -> Iterator[Finding]:
    """NM212. An override that moves a cluster to another environment would be judged by what that one grants.

    Whoever asked about prod would read that all holds, and have dev. It needs the layers, and so is none of CHECKS.
    """
    first = next((layer for layer in layers if layer.data.get("environment")), None)
    chosen = context.get("environment")
    if first is not None and chosen and chosen != first.data["environment"]:
        stated = first.data["environment"]
        message = f"{first.file} chooses the environment {stated}, and this makes it {chosen}"
        hint = "take the line out; for another environment give its own file instead"
        yield context.finding(rules.ENVIRONMENT_CHANGED, message, ("environment",), hint)


def flows_granted(context: Context) -> Iterator[Finding]:
    """NM211. Catches a prod file mixed with a dev file."""
    chosen = context.environment
    for flow in context.matrix.flows.values():
        path = ("flows", flow.id, "enabled")
        if chosen is not None and context.get(*path) is True and chosen not in flow.environments:
            message = f"{chosen} does not grant the flow {flow.id!r}, only {enumeration(flow.environments, 'and')} does"
            hint = "leave the flow out; are the files of two environments mixed?"
            yield context.finding(rules.FLOW_NOT_GRANTED, message, path, hint)


def namespaces_not_reserved(context: Context) -> Iterator[Finding]:
    """NM220."""
    for namespace in context.matrix.namespaces.values():
        path = ("namespaces", namespace.id, "name")
        name = context.text(*path)
        if not namespace.fixed and name is not None and is_fixed(name):
            message = f"{name!r} is one of Kubernetes' own namespaces"
            hint = f"name the namespace that the pods run in; the matrix says {namespace.name!r}"
            yield context.finding(rules.NAMESPACE_RESERVED, message, path, hint)


def namespaces_distinct(context: Context) -> Iterator[Finding]:
    """NM221. A name that Kubernetes has reserved is NM220's alone, so no fixed namespace needs to be compared here."""
    first: dict[str, str] = {}
    for namespace in context.matrix.namespaces.values():
        name = context.namespace_name(namespace.id)
        if name is None or is_fixed(name):
            continue
        if name in first:
            path, other = ("namespaces", namespace.id, "name"), ("namespaces", first[name], "name")
            message = f"the namespaces {first[name]!r} and {namespace.id!r} are both named {name!r}"
            hint = "give them different names: their policies differ"
            yield context.finding(rules.NAMESPACES_DISTINCT, message, path, hint, or_at=other)
        else:
            first[name] = namespace.id


def peers_not_in_our_namespaces(context: Context) -> Iterator[Finding]:
    """NM222. The pods of an endpoint are not ours, and ours are reached by naming them in a flow.

    A namespace of ours that values name like one of Kubernetes' own is NM220's alone.
    """
    ours = {
        name: id_
        for id_, namespace in context.matrix.namespaces.items()
        if (name := context.namespace_name(id_)) is not None and (namespace.fixed or not is_fixed(name))
    }
    for endpoint in context.matrix.endpoints.values():
        if endpoint.kind is not EndpointKind.PODS:
            continue
        for peer in context.mapping("endpoints", endpoint.id, "peers"):
            path = ("endpoints", endpoint.id, "peers", peer, "namespace")
            name = context.text(*path)
            if name is not None and name in ours:
                message = f"{name!r} is our own namespace {ours[name]!r}; {endpoint.id!r} is outside of ours"
                hint = "name the namespace that these pods run in; for pods of ours declare an exception"
                yield context.finding(
                    rules.PEER_IN_OUR_NAMESPACE, message, path, hint, or_at=("namespaces", ours[name], "name")
                )


def namespaces_keep_to_their_own(context: Context) -> Iterator[Finding]:
    """NM223. Rows that move to where the matrix has others would give those their grants, and walk round a never line.

    Where the other namespace keeps its name, NM221 speaks of it.
    """
    homes = {item.name: id_ for id_, item in context.matrix.namespaces.items() if not item.fixed}
    for id_ in homes.values():
        name = context.namespace_name(id_) or ""
        other = homes.get(name, id_)
        if other != id_ and context.namespace_name(other) != name:
            message = f"{name!r} is what the matrix names {other!r}, and {id_!r} is another namespace"
            hint = f"name the namespace that the pods of {id_!r} run in, and leave {name!r} to {other!r}"
            yield context.finding(rules.NAMESPACE_OF_ANOTHER, message, ("namespaces", id_, "name"), hint)


CHECKS = (
    environment,
    flows_granted,
    namespaces_not_reserved,
    namespaces_distinct,
    namespaces_keep_to_their_own,
    peers_not_in_our_namespaces,
)
