"""What an answer rests on and the manifests do not say: told beside the answer, never guessed silently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netmatrix.document import Finding, Place, Rule, Severity
from netmatrix.policy import rules
from netmatrix.policy.addresses import ALL_ADDRESSES
from netmatrix.policy.labels import NAMESPACE_NAME
from netmatrix.policy.objects import Direction, NetworkPolicy, Peer, Workload
from netmatrix.policy.reach import all_namespaces
from netmatrix.policy.read import Manifests
from netmatrix.policy.semantics import Model
from netmatrix.policy.source import Origin

_MOST_NAMED = 5


def assumptions(manifests: Manifests, model: Model) -> tuple[Finding, ...]:
    """The notes of the reader, and what was assumed of namespaces, addresses and pods on the host's network."""
    peers = [peer for policy in manifests.policies for peer in _peers(policy)]
    return (
        *manifests.notes,
        *_no_workloads(manifests),
        *undeclared_namespaces(manifests),
        *_unknown_addresses(manifests, peers, model),
        *_host_network(manifests, model),
    )


def undeclared_namespaces(manifests: Manifests) -> Iterable[Finding]:
    """Namespaces that are not in the input, where a selector asks for more of a namespace than its name."""
    used = {pod.namespace for pod in manifests.workloads}
    missing = [item.name for item in all_namespaces(manifests).values() if not item.declared and item.name in used]
    peers = (peer for policy in manifests.policies for peer in _peers(policy))
    asking = [peer for peer in peers if _asks_for_more_than_the_name(peer)]
    if missing and asking:
        message = f"a selector asks for labels of namespaces, and these are not in the input: {_listed(missing)}"
        hint = "add the Namespace objects; without them, no label but the name is taken for set"
        yield _note(rules.NAMESPACE_UNKNOWN, message, asking[0].origin, Severity.WARNING, hint)


def _no_workloads(manifests: Manifests) -> Iterable[Finding]:
    if not manifests.workloads:
        first = next((item.origin for item in manifests.policies), None)
        hint = "give the workloads as well: Pods, Deployments and the like"
        yield _note(rules.NO_MANIFESTS, "there is no workload in the input", first, Severity.WARNING, hint)


def _unknown_addresses(manifests: Manifests, peers: Iterable[Peer], model: Model) -> Iterable[Finding]:
    blocks = [peer for peer in peers if peer.ip_block is not None]
    unknown = [pod for pod in manifests.workloads if pod.addresses == ALL_ADDRESSES]
    if model.ipblock_matches_pods and blocks and unknown:
        message = f"the addresses of {_counted(unknown)} are unknown: every ipBlock is taken to match them"
        yield _note(
            rules.ADDRESS_UNKNOWN, message, blocks[0].origin, Severity.WARNING, "give the pods with their status"
        )


def _host_network(manifests: Manifests, model: Model) -> Iterable[Finding]:
    """Docs, "NetworkPolicy and hostNetwork pods": the behaviour is undefined."""
    pods = [pod for pod in manifests.workloads if pod.host_network]
    if pods and not model.host_network_as_pods:
        message = f"{_counted(pods)} on the host's network left out; policies need not apply to them"
        yield _note(rules.HOST_NETWORK, message, pods[0].origin, Severity.NOTE)


def _asks_for_more_than_the_name(peer: Peer) -> bool:
    selector = peer.namespace_selector
    return selector is not None and any(item.key != NAMESPACE_NAME for item in selector.requirements)


def _peers(policy: NetworkPolicy) -> Iterable[Peer]:
    return (peer for direction in policy.types for rule in policy.rules(Direction(direction)) for peer in rule.peers)


def _counted(pods: Sequence[Workload]) -> str:
    return "1 workload" if len(pods) == 1 else f"{len(pods)} workloads"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED} more"


def _note(rule: Rule, message: str, origin: Origin | None, severity: Severity, hint: str = "") -> Finding:
    place = origin.place if origin else Place("")
    return Finding(rule, message, place, origin.path if origin else (), hint, severity)
