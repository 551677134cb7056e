"""What to call a class of pods or addresses: by its row of the matrix, by its endpoint, else by what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import replace

from netmatrix.policy.addresses import AddressSet, Cidr, Family, address_text, cidrs_of_range, range_text
from netmatrix.policy.objects import Namespace
from netmatrix.policy.open_world import OpenWorld
from netmatrix.policy.packet import Party
from netmatrix.proof.grants import Granted
from netmatrix.proof.judge import is_selected

_POD_ADDRESSES = {Family.IPV4: (10 << 24) + (244 << 16) + 0x0107, Family.IPV6: (0xFD00 << 112) + 7}
_OUTSIDE_ADDRESSES = {Family.IPV4: (198 << 24) + (51 << 16) + (100 << 8) + 7, Family.IPV6: (0x20010DB8 << 96) + 7}
"""10.244.1.7 and fd00::7; 198.51.100.7 and 2001:db8::7, which are for documentation (RFC 5737, RFC 3849)."""
_MOST_RANGES = 3
_MOST_EXCEPTS = 6
_MOST_CIDRS = 2
_WITH = " with "

STRANGER = "any other pod of another namespace"
"""The name of the plainest class: no label, in a namespace that nobody names."""


class Names:
    """The names of the classes of one world."""

    def __init__(self, granted: Granted | None, world: OpenWorld, earlier: Granted | None = None) -> None:
        """`earlier` is what was granted before a change, under which a row may have been other pods."""
        self._granted = granted
        self._earlier = granted if earlier is None else earlier
        self._world = world
        self._of_class = [self._name(*world.pod_class(number)) for number in range(world.pod_classes)]

    def of_class(self, number: int) -> str:
        """The name of a pod class: a row's, an endpoint's, or a description."""
        return self._of_class[number]

    def plain(self) -> Mapping[str, str]:
        """For each name of pods in a namespace that is supposed to have labels: that of the same pods in it as known.

        What is true of both need not be told of the first.
        """
        found: dict[str, str] = {}
        for number, name in enumerate(self._of_class):
            namespace, labels = self._world.pod_class(number)
            supposed = self._world.supposed(namespace)
            if supposed and name == description(self._world, namespace, labels):
                known = {key: value for key, value in namespace.labels.items() if key not in supposed}
                found[name] = description(self._world, replace(namespace, labels=known), labels)
        return found

    def is_ours(self, name: str) -> bool:
        """Whether a name is that of a row."""
        return self._granted is not None and is_row(name, self._granted.matrix.pods.keys())

    def is_special(self, name: str) -> bool:
        """Whether a pod must carry labels for it that nobody may carry yet."""
        return _WITH in name

    def _name(self, namespace: Namespace, labels: Mapping[str, str]) -> str:
        now, then = (
            None if side is None else _known(side, Party(0, namespace, labels))
            for side in (self._granted, self._earlier)
        )
        if now == then:
            return now or description(self._world, namespace, labels)
        return ", ".join([*([f"{now} (new)"] if now else []), *([f"{then} (old)"] if then else [])])


def _known(granted: Granted, party: Party) -> str | None:
    """A pod of the matrix's, by its row, or by the endpoint that it belongs to."""
    assert party.namespace is not None, "a pod is asked about"
    for row in granted.rows:
        if is_selected(row.selection, party):
            own = {requirement.key for requirement in row.selection.pods.requirements}
            more = labels_text({key: value for key, value in party.labels.items() if key not in own})
            return f"{row.pod.id}{_WITH}{more}" if more else row.pod.id
    for name, end in granted.endpoints.items():
        if any(is_selected(selection, party) for selection in end.selections):
            return pods_of(name, party.namespace)
    return None


def pods_of(endpoint: str, namespace: Namespace) -> str:
    """The pods of an endpoint of the matrix that are in one namespace."""
    return f"{endpoint} (pods of {namespace.name})"


def is_row(name: str, rows: Set[str]) -> bool:
    """Whether a name is that of a row, or of those of its pods that carry further labels."""
    return name.partition(_WITH)[0] in rows


def description(world: OpenWorld, namespace: Namespace, labels: Mapping[str, str]) -> str:
    """A pod that is nobody's in particular."""
    told = labels_text(labels)
    where = "another namespace" if world.is_nameless(namespace) else f"namespace {namespace.name}"
    supposed = world.supposed(namespace)
    if supposed:
        where += f" labelled {labels_text(supposed)}"
    return f"a pod of {where} with {told}" if told else f"any other pod of {where}"


def labels_text(labels: Mapping[str, str]) -> str:
    """Labels as a selector on the command line says them."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def addresses_text(addresses: AddressSet) -> str:
    """A few ranges as text, the others counted."""
    found = ranges(addresses)
    shown = ", ".join(found[:_MOST_RANGES])
    return shown if len(found) <= _MOST_RANGES else f"{shown} and {len(found) - _MOST_RANGES} more ranges"


def ranges(addresses: AddressSet) -> tuple[str, ...]:
    """All of the set as text, in the shortest of the ways in which people write it.

    As an ipBlock says it, a CIDR with a few that are left out, or as CIDRs; a range that needs many of them as
    `first-last`, and a single address as itself.
    """
    return tuple(text for family in addresses.families() for text in _ranges(addresses.only(family)))


def _ranges(addresses: AddressSet) -> Iterator[str]:
    around = Cidr.around(addresses)
    left_out = list((around.addresses() - addresses).cidrs())
    if 0 < len(left_out) <= _MOST_EXCEPTS and 1 + len(left_out) < sum(1 for _ in addresses.cidrs()):
        yield f"{around} (except {', '.join(map(_cidr_text, left_out))})"
        return
    for found in addresses.ranges():
        cidrs = list(cidrs_of_range(*found))
        yield from map(_cidr_text, cidrs) if len(cidrs) <= _MOST_CIDRS else [range_text(*found)]


def _cidr_text(cidr: Cidr) -> str:
    return address_text(cidr.family, cidr.first) if cidr.first == cidr.last else str(cidr)


def sample_address(addresses: AddressSet, family: Family, *, of_pod: bool) -> int:
    """One address of a set: one that a reader recognises as a pod's, or as the Internet's, where the set has it."""
    likely = (_POD_ADDRESSES if of_pod else _OUTSIDE_ADDRESSES)[family]
    pairs = addresses.of_family(family)
    for first, last in pairs:
        if first <= likely <= last:
            return likely
    return pairs[0][0]
