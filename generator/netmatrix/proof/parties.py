"""Ends of connections as a person names them: a row, an endpoint, a pod by its labels, an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from netmatrix.document import did_you_mean
from netmatrix.policy.addresses import ALL_ADDRESSES, AddressSet, Family
from netmatrix.policy.labels import (
    NAMESPACE_NAME,
    Operator,
    Selector,
    is_dns_label,
    is_label_key,
    is_label_value,
)
from netmatrix.policy.objects import Namespace
from netmatrix.policy.open_world import Selection
from netmatrix.policy.packet import Packet, Party
from netmatrix.policy.ports import Protocol
from netmatrix.proof.grants import End, Granted
from netmatrix.proof.names import sample_address


class UnknownPartyError(ValueError):
    """The text names no end of a connection, or no port; it says what was meant, or what could be."""


@dataclass(frozen=True, slots=True)
class Named:
    """An end, as it was named, with an address for each family that it can have."""

    name: str
    addresses: Mapping[Family, int]
    namespace: Namespace | None = None
    labels: Mapping[str, str] | None = None

    def party(self, family: Family) -> Party:
        """The end of a packet of that family."""
        return Party(self.addresses[family], self.namespace, self.labels or {})


def named_party(text: str, granted: Granted, namespaces: Mapping[str, Namespace]) -> Named:
    """The end that `text` names: a pod or endpoint of the matrix, an address, or `namespace/key=value,...`.

    Of an endpoint that stands for many, one is taken: its first pods, else an address. `namespaces` are those whose
    labels are known. Raises UnknownPartyError.
    """
    for row in granted.rows:
        if row.pod.id == text:
            return _pod(text, row.selection, namespaces)
    if text in granted.endpoints:
        return _endpoint(text, granted.endpoints[text], namespaces)
    try:
        address = ip_address(text)
    except ValueError:
        pass
    else:
        return Named(text, {Family(address.version): int(address)})
    if "/" in text:
        return _written(text, namespaces)
    known = (*granted.matrix.pods, *granted.endpoints)
    hint = "name a row or an endpoint of the matrix, an address, or a pod as namespace/key=value,key=value"
    raise UnknownPartyError(f"there is no {text!r}: {did_you_mean(text, known)} ({hint})")


def examples(name: str, end: End, namespaces: Mapping[str, Namespace]) -> tuple[Named, ...]:
    """One of each of its pods by selection, then an address; nothing where the end stands for nobody."""
    pods = tuple(_pod(name, selection, namespaces) for selection in end.selections)
    addresses = addresses_named(name, end.addresses)
    return pods if addresses is None else (*pods, addresses)


def addresses_named(name: str, addresses: AddressSet) -> Named | None:
    """An address outside the cluster of each family that the set has; None where it is empty."""
    found = {
        family: sample_address(addresses, family, of_pod=False) for family in Family if addresses.of_family(family)
    }
    return Named(name, found) if found else None


def packet_between(source: Named, destination: Named, protocol: Protocol, port: int) -> Packet:
    """A packet over the first family that both ends have. Raises UnknownPartyError where there is none."""
    for family in Family:
        if family in source.addresses and family in destination.addresses:
            return Packet(source.party(family), destination.party(family), family, protocol, port)
    raise UnknownPartyError(f"{source.name} and {destination.name} have no IP family in common")


def named_port(text: str, destination: str, granted: Granted) -> tuple[Protocol, int]:
    """`27017`, `TCP/53`, `udp/53`, or the name of a port of the destination's row. Raises UnknownPartyError."""
    protocol, slash, number = text.rpartition("/")
    if slash and protocol.upper() not in Protocol.__members__:
        raise UnknownPartyError(f"{protocol!r} is no protocol: write TCP, UDP or SCTP")
    if number.isascii() and number.isdigit():
        if not 1 <= int(number[:6]) <= 65535:
            raise UnknownPartyError(f"{number} is not a port: write a number from 1 to 65535")
        return Protocol(protocol.upper() if slash else "TCP"), int(number)
    names = next((row.ports for row in granted.rows if row.pod.id == destination), {})
    if number not in names:
        hint = did_you_mean(number, names) or "write a number, such as 443 or udp/53"
        raise UnknownPartyError(f"{destination} has no port {number!r}: {hint}")
    return names[number]


def labels_of(selector: Selector) -> dict[str, str]:
    """The labels that a selector of equalities demands."""
    return {item.key: item.values[0] for item in selector.requirements if item.operator is Operator.IN}


def _endpoint(name: str, end: End, namespaces: Mapping[str, Namespace]) -> Named:
    found = examples(name, end, namespaces)
    if not found:
        raise UnknownPartyError(f"{name} stands for nobody under these values")
    return found[0]


def _pod(name: str, selection: Selection, namespaces: Mapping[str, Namespace]) -> Named:
    namespace = labels_of(selection.namespaces)[NAMESPACE_NAME]
    return _named(name, namespace, labels_of(selection.pods), namespaces)


def _written(text: str, namespaces: Mapping[str, Namespace]) -> Named:
    namespace, _, written = text.partition("/")
    labels: dict[str, str] = {}
    for item in filter(None, written.split(",")):
        key, equals, value = item.partition("=")
        if not (equals and is_label_key(key) and is_label_value(value)):
            raise UnknownPartyError(f"{item!r} is no label: write namespace/key=value,key=value")
        labels[key] = value
    if not is_dns_label(namespace):
        raise UnknownPartyError(f"{namespace!r} is no name of a namespace")
    return _named(text, namespace, labels, namespaces)


def _named(name: str, namespace: str, labels: Mapping[str, str], namespaces: Mapping[str, Namespace]) -> Named:
    known = namespaces.get(namespace) or Namespace(namespace, {NAMESPACE_NAME: namespace}, declared=False)
    addresses = {family: sample_address(ALL_ADDRESSES, family, of_pod=True) for family in Family}
    return Named(name, addresses, known, labels)
