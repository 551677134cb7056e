"""The policies of a cluster beside those that Helm renders: which have drifted, are missing, are somebody else's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from netmatrix.audit.addresses import Looked, Parted, Target, parted, with_targets
from netmatrix.audit.live import Live
from netmatrix.audit.ownership import Release, owner_of, release_of
from netmatrix.matrix.names import without_ports
from netmatrix.policy.objects import Direction, NetworkPolicy, Rule


class State(StrEnum):
    """How a policy departs from what it should be."""

    FOREIGN = "foreign"
    DRIFTED = "drifted"
    STALE = "stale"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Departure:
    """One way in which the cluster's policies are not as they should be.

    `wanted` is the policy as it should be, `actual` as this departure alone leaves it; None where there is none. Of one
    policy that has drifted and whose addresses are stale there are two, each without the other. `what` says what
    differs, part by part, `owner` who made it.
    """

    state: State
    wanted: NetworkPolicy | None
    actual: NetworkPolicy | None
    what: tuple[str, ...] = ()
    owner: str = ""

    @property
    def policy(self) -> NetworkPolicy:
        """The policy that it is about, as it is, or as it should be where there is none."""
        found = self.actual or self.wanted
        assert found is not None, "it is about a policy"
        return found


@dataclass(frozen=True, slots=True)
class Comparison:
    """What there should be, what there is, and every departure; `release` is the one that the policies came with."""

    wanted: tuple[NetworkPolicy, ...]
    actual: tuple[NetworkPolicy, ...]
    departures: tuple[Departure, ...]
    release: Release | None
    as_rendered: int

    def put_right(self, departures: Iterable[Departure]) -> tuple[NetworkPolicy, ...]:
        """The policies of the cluster once the policies that these departures are about are as they should be."""
        policies: dict[str, NetworkPolicy | None] = {str(policy): policy for policy in self.actual}
        policies |= {str(item.policy): item.wanted for item in departures}
        return tuple(policy for policy in policies.values() if policy is not None)


def compare(
    rendered: Sequence[NetworkPolicy], live: Live, known: Sequence[Looked], governed: Sequence[str]
) -> Comparison:
    """Compare by what a policy says after the API's defaulting: how it is written, and in which order, is no drift.

    A policy outside the `governed` namespaces is nobody's fault here, and part of both sides.
    """
    stated = {str(policy): policy for policy in rendered}
    found = {str(policy): policy for policy in live.policies}
    parts = {name: parted(policy, stated.get(name), known) for name, policy in found.items()}
    desired = {**stated, **_for_one_port(found, parts, stated, known)}
    carried = _carriers(desired, stated, parts, known)
    wanted = {name: with_targets(policy, carried.get(name, ())) for name, policy in desired.items()}
    release = _release(live, desired)
    departures: list[Departure] = []
    for name in sorted({*wanted, *found}):
        if name not in found:
            departures.append(Departure(State.MISSING, wanted[name], None))
        elif name in wanted:
            departures += _own(wanted[name], desired[name], parts[name], found[name], carried.get(name, set()))
        elif found[name].namespace in governed:
            departures.append(_foreign(found[name], live, release))
    order = list(State)
    departures.sort(key=lambda item: (order.index(item.state), str(item.policy)))
    outside = tuple(policy for policy in live.policies if policy.namespace not in governed)
    touched = {str(item.policy) for item in departures}
    return Comparison(
        wanted=(*wanted.values(), *outside),
        actual=live.policies,
        departures=tuple(departures),
        release=release,
        as_rendered=sum(1 for name in wanted if name not in touched),
    )


def _own(
    wanted: NetworkPolicy,
    rendered: NetworkPolicy,
    part: Parted,
    actual: NetworkPolicy,
    carried: set[Target],
) -> Iterator[Departure]:
    """A policy of ours: the rules that are rendered, and the addresses that were looked up, each for itself."""
    if what := tuple(_differences(rendered, part.static)):
        alone = replace(actual, egress=with_targets(part.static, carried).egress)
        yield Departure(State.DRIFTED, wanted, alone, what)
    if part.targets != carried:
        alone = replace(with_targets(rendered, part.targets), origin=actual.origin)
        yield Departure(State.STALE, wanted, alone, tuple(address_differences(part.targets, carried)))


def address_differences(targets: Iterable[Target], carried: Iterable[Target]) -> Iterator[str]:
    """Looked-up addresses that are granted and should not be, and the other way round, each in words."""
    granted, now = set(targets), set(carried)
    yield from (f"{item} is granted and is no longer there" for item in sorted(granted - now, key=str))
    yield from (f"{item} is there now and is not granted" for item in sorted(now - granted, key=str))


def _for_one_port(
    found: Mapping[str, NetworkPolicy],
    parts: Mapping[str, Parted],
    stated: Mapping[str, NetworkPolicy],
    known: Sequence[Looked],
) -> dict[str, NetworkPolicy]:
    """The chart's policies for one port of looked-up addresses, as it makes them but for the addresses.

    Offline there is nothing to render of them (the chart's template of the row). Such a policy stands beside the one
    for what is stated, whose name it has, and the port; what is stated may have ports of its own in its name. Where
    nothing is stated, it is known by having no other rule.
    """
    ours: dict[str, NetworkPolicy] = {}
    flows = {without_ports(name): policy for name, policy in stated.items()}
    for name, policy in found.items():
        if without_ports(name) != name:
            continue
        beside = flows.get(name.rpartition("-")[0])
        model = beside if beside is not None else parts[name].static
        looked = next((item for item in known if _row(model) in item.rows), None)
        if name in stated or looked is None or (beside is None and (model.ingress or model.egress)):
            continue
        if _port_in(name) in {target.port for target in (*parts[name].targets, *(looked.now if beside else ()))}:
            ours[name] = replace(model, name=policy.name, types=frozenset({Direction.EGRESS}), ingress=(), egress=())
    return ours


def _carriers(
    desired: Mapping[str, NetworkPolicy],
    stated: Mapping[str, NetworkPolicy],
    parts: Mapping[str, Parted],
    known: Sequence[Looked],
) -> dict[str, set[Target]]:
    """Which policy should grant which looked-up addresses: each those on the ports that it is for, or grants.

    Those of a port that no policy is for, the first of the row's policies for egress: policies add up, so that it is
    all the same which of them says so.
    """
    carried: dict[str, set[Target]] = {}
    for looked in known:
        for row in looked.rows:
            ours = [name for name, policy in desired.items() if _row(policy) == row]
            mine = [name for name in ours if Direction.EGRESS in desired[name].types]
            ports = {name: {target.port for target in parts[name].targets} for name in mine if name in parts}
            for name in ports.keys() - stated.keys():
                ports[name].add(_port_in(name))
            first = sorted(mine, key=lambda name: not ports.get(name))[:1]
            for target in looked.now:
                for name in [name for name in mine if target.port in ports.get(name, ())] or first:
                    carried.setdefault(name, set()).add(target)
    return carried


def _row(policy: NetworkPolicy) -> tuple[str, object]:
    return policy.namespace, policy.pod_selector


def _port_in(name: str) -> int:
    """The number at the end of a name; 0, which is no port, where there is none."""
    end = name.rpartition("-")[2]
    return int(end) if end.isascii() and end.isdecimal() and not end.startswith("0") else 0


def _differences(wanted: NetworkPolicy, actual: NetworkPolicy) -> Iterator[str]:
    """What of the spec differs, by field."""
    if wanted.pod_selector != actual.pod_selector:
        yield "spec.podSelector selects other pods"
    if wanted.types != actual.types:
        was, is_ = (", ".join(sorted(policy.types)) for policy in (wanted, actual))
        yield f"spec.policyTypes is {is_}, and should be {was}"
    for direction in Direction:
        yield from _rule_differences(wanted.rules(direction), actual.rules(direction), f"spec.{direction.lower()}")


def _rule_differences(wanted: Sequence[Rule], actual: Sequence[Rule], field: str) -> Iterator[str]:
    """Rules that are too many and too few; the order of rules decides nothing (API reference: they are ORed)."""
    should, are = [_canonical(rule) for rule in wanted], [_canonical(rule) for rule in actual]
    for number, rule in enumerate(are):
        if rule in should:
            should.remove(rule)
        else:
            yield f"{field}[{number}] is not rendered"
    rendered = [_canonical(rule) for rule in wanted]
    for rule in should:
        yield f"{field}[{rendered.index(rule)}], as rendered, is not there"


def _canonical(rule: Rule) -> tuple[frozenset[object], frozenset[object]]:
    """A rule without the order of its peers and ports."""
    return frozenset(rule.peers), frozenset(rule.ports)


def _foreign(policy: NetworkPolicy, live: Live, ours: Release | None) -> Departure:
    item = live.item_of(policy)
    release = live.read(item, release_of)
    if release is not None and release == ours:
        return Departure(State.FOREIGN, None, policy, owner=f"{release}, whose chart does not render it now")
    return Departure(State.FOREIGN, None, policy, owner=live.read(item, owner_of))


def _release(live: Live, desired: Mapping[str, NetworkPolicy]) -> Release | None:
    """The release of most of the policies that are rendered."""
    found = [live.read(live.item_of(policy), release_of) for policy in live.policies if str(policy) in desired]
    named = [item for item in found if item is not None]
    return max(named, key=named.count) if named else None
