"""All that is open or granted between two ends, gathered by the rules and the lines of the matrix that decide it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from netmatrix.policy.objects import Direction, NetworkPolicy
from netmatrix.policy.packet import EndVerdict, Packet, Party, open_ports
from netmatrix.policy.ports import FIRST_PORT, PortSet, Protocol
from netmatrix.policy.semantics import rule_ports
from netmatrix.proof.exactly import MODELS
from netmatrix.proof.explain import Answer, answers
from netmatrix.proof.grants import Grant, Granted
from netmatrix.proof.judge import forbidding, naming_both, rows_of
from netmatrix.proof.names import labels_text
from netmatrix.proof.parties import Named, UnknownPartyError, packet_between


@dataclass(frozen=True, slots=True)
class Part:
    """Ports on which the same rules and the same lines decide; `answers` tell it of the lowest of them."""

    ports: PortSet
    answers: tuple[Answer, ...]

    @property
    def allowed(self) -> bool:
        """Whether the policies let it through, in either model of ipBlock."""
        return any(answer.allowed for answer in self.answers)

    @property
    def granted(self) -> bool:
        """Whether the matrix grants it, in either model."""
        return any(answer.granted for answer in self.answers)

    @property
    def grants(self) -> tuple[Grant, ...]:
        """The flows and exceptions that grant it at either end, each once."""
        return tuple(
            dict.fromkeys(grant for answer in self.answers for end in answer.grants for grant in end.granted_by)
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """What concerns one end of a packet: the rows that it is, and the policies that select it."""

    rows: tuple[str, ...]
    policies: tuple[NetworkPolicy, ...]


class Reachability:
    """Who reaches whom under some policies, beside what is granted; each pair of ends is asked for by itself.

    Of a pair, only the policies that select one of the two matter, and the grants that could be theirs. They are looked
    up once for each end, so that many pairs cost little.
    """

    def __init__(self, granted: Granted, policies: Sequence[NetworkPolicy]) -> None:
        self._granted = granted
        self._policies = tuple(policies)
        self._known: dict[object, _Known] = {}
        self._grants: dict[tuple[str | None, str | None], list[Grant]] = defaultdict(list)
        for grant in granted.grants:
            self._grants[grant.source.row, grant.destination.row].append(grant)

    def between(self, source: Named, destination: Named) -> tuple[Part, ...]:
        """What is allowed or granted; nothing where no port is, or where the ends have no IP family in common."""
        lowest = _lowest(source, destination)
        if lowest is None:
            return ()
        granted, policies = self._concerning(lowest)
        named = {grant.ports for model in MODELS for grant in naming_both(granted, lowest, model)}
        ports = PortSet.union([*named, *(open_ports(policies, lowest, model) for model in MODELS)])
        alike: dict[object, list[tuple[PortSet, tuple[Answer, ...]]]] = defaultdict(list)
        for protocol, first, last in _pieces(ports, [*named, *_ports_of_rules(policies)]):
            found = answers(granted, policies, replace(lowest, protocol=protocol, port=first))
            if any(answer.allowed or answer.granted for answer in found):
                alike[tuple(map(_deciding, found))].append((PortSet.of(protocol, first, last), found))
        return tuple(Part(PortSet.union(ports for ports, _ in part), part[0][1]) for part in alike.values())

    def never(self, source: Named, destination: Named) -> tuple[str, ...]:
        """The `never` lines of the matrix that forbid whatever leads from the one to the other."""
        lowest = _lowest(source, destination)
        if lowest is None:
            return ()
        granted, _ = self._concerning(lowest)
        return tuple(line.id for line in forbidding(granted, lowest, MODELS[-1]))

    def _concerning(self, packet: Packet) -> tuple[Granted, list[NetworkPolicy]]:
        """What is granted and the policies, without what has nothing to do with the packet's ends."""
        one, other = self._known_of(packet.source), self._known_of(packet.destination)
        pairs = [(source, destination) for source in (*one.rows, None) for destination in (*other.rows, None)]
        granted = replace(
            self._granted,
            rows=tuple(row for row in self._granted.rows if row.pod.id in (*one.rows, *other.rows)),
            grants=tuple(grant for pair in pairs for grant in self._grants.get(pair, ())),
            off=(),
        )
        return granted, list({id(policy): policy for policy in (*one.policies, *other.policies)}.values())

    def _known_of(self, party: Party) -> _Known:
        if party.namespace is None:
            return _Known((), ())
        key = party.namespace.name, labels_text(party.labels)
        if key not in self._known:
            policies = tuple(
                policy
                for policy in self._policies
                if policy.namespace == party.namespace.name and policy.pod_selector.matches(party.labels)
            )
            self._known[key] = _Known(rows_of(self._granted, party), policies)
        return self._known[key]


def _lowest(source: Named, destination: Named) -> Packet | None:
    try:
        return packet_between(source, destination, Protocol.TCP, FIRST_PORT)
    except UnknownPartyError:
        return None


def _ports_of_rules(policies: Iterable[NetworkPolicy]) -> Iterator[PortSet]:
    return (rule_ports(rule)[0] for policy in policies for end in Direction for rule in policy.rules(end))


def _pieces(ports: PortSet, boundaries: Iterable[PortSet]) -> Iterator[tuple[Protocol, int, int]]:
    """Ranges of `ports`, cut where one of `boundaries` starts or ends: each is decided by the same rules and lines."""
    known = list(boundaries)
    for protocol in Protocol:
        cuts = {cut for item in known for first, last in item.of_protocol(protocol) for cut in (first, last + 1)}
        for first, last in ports.of_protocol(protocol):
            starts = sorted({first, *(cut for cut in cuts if first < cut <= last)})
            yield from zip([protocol] * len(starts), starts, [*(start - 1 for start in starts[1:]), last], strict=True)


def _deciding(answer: Answer) -> object:
    """What makes two answers the same but for their port."""
    return answer.models, tuple(map(_rules, answer.verdicts)), tuple(end.granted_by for end in answer.grants)


def _rules(verdict: EndVerdict) -> tuple[str, ...]:
    return tuple(map(str, verdict.admitted_by))
