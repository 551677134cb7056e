"""The chart's own policies for other APIs, beside those that Helm renders: whether they are there, and as rendered.

What they mean `verify` judges; here they are data. Install and upgrade add what they look up to a row's
CiliumNetworkPolicy (the chart's template `cilium.discovered`): for each port a rule with the addresses, and one that
names the API server as Cilium knows it. Offline there is neither, so that they are told from others by their form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netmatrix.audit.addresses import Looked, Target
from netmatrix.audit.compare import State, address_differences
from netmatrix.audit.live import Live
from netmatrix.audit.overriding import api_of, identity
from netmatrix.cluster import Item
from netmatrix.matrix.model import Endpoint
from netmatrix.policy.addresses import Cidr, CidrError, parse_cidr

_API_SERVER = ["kube-apiserver"]
"""The API server as Cilium finds it itself (Cilium documentation, "Entities based")."""
_NO_RULES = ("apiVersion", "kind", "metadata", "spec", "status")
"""What of an object is compared otherwise (`spec`), or decides about no connection."""


@dataclass(frozen=True, slots=True)
class BackEnd:
    """An object that is not as it should be: as it is, or as it is rendered where it is missing."""

    state: State
    item: Item
    group: str
    what: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.item} ({self.group})"


def compare_back_ends(rendered: Iterable[Item], live: Live, known: Sequence[Looked]) -> tuple[BackEnd, ...]:
    """Every object of another API that Helm renders and that is missing, drifted or stale in the cluster."""
    found = {identity(item): item for item in live.items}
    departures: list[BackEnd] = []
    for wanted in rendered:
        api = api_of(wanted)
        if api is None:
            continue
        actual = found.get(identity(wanted))
        if actual is None:
            departures.append(BackEnd(State.MISSING, wanted, api.group))
        else:
            told = _differences(wanted, actual, known)
            departures += [BackEnd(state, actual, api.group, what) for state, what in told]
    return tuple(sorted(departures, key=lambda item: (list(State).index(item.state), str(item.item))))


def _differences(wanted: Item, actual: Item, known: Sequence[Looked]) -> Iterator[tuple[State, tuple[str, ...]]]:
    """What differs: in what is rendered, and in what was looked up."""
    rendered: Any = wanted.data.get("spec")
    spec: Any = actual.data.get("spec")
    beside = tuple(_fields(_beside_spec(wanted), _beside_spec(actual)))
    mine = next((looked for looked in known if _is_of(actual, looked)), None)
    rules = spec.get("egress") if isinstance(spec, dict) else None
    if mine is None or not isinstance(rules, list) or not isinstance(rendered, dict):
        if what := (*_spec_fields(rendered, spec), *beside):
            yield State.DRIFTED, what
        return
    looked = _Looked.of(rules, rendered.get("egress") or [], mine.endpoint)
    what = (*_spec_fields(rendered, {**spec, "egress": looked.others}), *beside)
    named = looked.by_name != ({target.port for target in looked.targets} if _names(rendered) else set())
    if what or named:
        yield State.DRIFTED, what or ("spec.egress names the API server on other ports",)
    if looked.targets != mine.now:
        yield State.STALE, tuple(address_differences(looked.targets, mine.now))


def _beside_spec(item: Item) -> dict[str, Any]:
    """All else that may decide, as the `specs` of a CiliumNetworkPolicy, which may hold further rules."""
    return {key: value for key, value in item.data.items() if key not in _NO_RULES}


def _spec_fields(wanted: Any, actual: Any) -> Iterator[str]:
    """The parts of a spec that differ; the whole of it where either is none."""
    if isinstance(wanted, dict) and isinstance(actual, dict):
        yield from (f"spec.{key}" for key in _fields(wanted, actual))
    elif wanted != actual:
        yield "spec"


def _fields(wanted: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[str]:
    """The keys at which two mappings differ; null is as good as nothing."""
    return (key for key in sorted({*wanted, *actual}, key=str) if wanted.get(key) != actual.get(key))


def _is_of(item: Item, looked: Looked) -> bool:
    """Whether it is a CiliumNetworkPolicy for a row that may reach the endpoint: Cilium writes `k8s:` before labels."""
    spec = item.data.get("spec")
    chosen = spec.get("endpointSelector") if isinstance(spec, dict) else None
    labels = chosen.get("matchLabels") if isinstance(chosen, dict) else None
    return item.kind == "CiliumNetworkPolicy" and any(
        namespace == item.namespace and labels == {f"k8s:{one.key}": one.values[0] for one in pods.requirements}
        for namespace, pods in looked.rows
    )


def _names(spec: Mapping[str, Any]) -> bool:
    """Whether a rendered policy names the API server at all."""
    return any(rule.get("toEntities") == _API_SERVER for rule in spec.get("egress") or ())


@dataclass(frozen=True, slots=True)
class _Looked:
    """The rules for egress: what they grant that was looked up, on which ports the API server by name, the others."""

    targets: frozenset[Target]
    by_name: frozenset[int]
    others: list[Any]

    @classmethod
    def of(cls, rules: Sequence[Any], rendered: Sequence[Any], endpoint: Endpoint) -> _Looked:
        targets: set[Target] = set()
        by_name: set[int] = set()
        others: list[Any] = []
        for rule in rules:
            port = None if rule in rendered else _port(rule, endpoint)
            if port is None:
                others.append(rule)
            elif rule.keys() == {"toEntities", "toPorts"} and rule["toEntities"] == _API_SERVER:
                by_name.add(port)
            elif rule.keys() == {"toCIDRSet", "toPorts"} and (addresses := _addresses(rule["toCIDRSet"])):
                targets |= {Target(address, port) for address in addresses}
            else:
                others.append(rule)
        return cls(frozenset(targets), frozenset(by_name), others)


def _port(rule: Any, endpoint: Endpoint) -> int | None:
    """The one TCP port that a rule is for, where the matrix allows it for what is looked up."""
    if not isinstance(rule, dict):
        return None
    allowed = endpoint.ceiling.ports if endpoint.ceiling else ()
    forms = {port: [{"ports": [{"port": str(port), "protocol": "TCP"}]}] for port in allowed}
    return next((port for port, form in forms.items() if rule.get("toPorts") == form), None)


def _addresses(entries: Any) -> list[Cidr]:
    """Single addresses; nothing where one of the entries is anything else."""
    found: list[Cidr] = []
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or entry.keys() != {"cidr"}:
            return []
        try:
            address = parse_cidr(str(entry["cidr"]))
        except CidrError:
            return []
        if address.first != address.last:
            return []
        found.append(address)
    return found
