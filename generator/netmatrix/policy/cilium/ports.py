"""`toPorts`: numbers in quotes, with protocols, and DNS rules that let every name pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from netmatrix.document import KeyPath
from netmatrix.document.wording import quoted
from netmatrix.policy import rules
from netmatrix.policy.fields import Fields
from netmatrix.policy.objects import Direction, Port
from netmatrix.policy.ports import LAST_PORT, Protocol

_ENTRY = frozenset({"ports", "rules"})
_OTHER_ENTRY = frozenset({"terminatingTLS", "originatingTLS", "serverNames", "listener"})
_PORT = frozenset({"port", "endPort", "protocol"})
_NUMBER = re.compile("0|[1-9][0-9]{0,4}", re.ASCII)
_EVERY_NAME: list[dict[str, str]] = [{"matchPattern": "*"}]
_MOST = 40
_ANY = "ANY"


def ports_of(fields: Fields, data: Mapping[str, Any], path: KeyPath, direction: Direction) -> tuple[Port, ...]:
    """The ports of a rule; none where it has no `toPorts`, which is all of them.

    "If no layer 4 policy is specified for an endpoint, the endpoint is allowed to send and receive on all layer 4 ports
    and protocols including ICMP" (Docs, "Layer 4 Policies").
    """
    if "toPorts" not in data:
        return ()
    at = (*path, "toPorts")
    found: list[Port] = []
    for entry_path, entry in fields.entries(data["toPorts"], at, _ENTRY | _OTHER_ENTRY):
        for field in _OTHER_ENTRY & entry.keys():
            fields.error(rules.BACKEND_FEATURE, (*entry_path, field), f"{field} is not judged", "say it without")
        if "rules" in entry:
            _dns(fields, entry["rules"], (*entry_path, "rules"), direction)
        ports = fields.entries(entry.get("ports"), (*entry_path, "ports"), _PORT)
        if not 0 < len(ports) <= _MOST:
            message, hint = f"there are {len(ports) or 'no'} ports", f"name 1 to {_MOST}"
            fields.error(rules.BACKEND_FIELD, entry_path, message, hint)
        found += [port for port_path, item in ports for port in _ports(fields, item, port_path)]
    if not found:
        fields.error(rules.BACKEND_FIELD, at, "there is no port, which may be all of them", "name the ports")
    return tuple(found)


def _dns(fields: Fields, value: Any, path: KeyPath, direction: Direction) -> None:
    """ "DNS rules are not allowed on ingress" (API, PortRule); one that lets every name pass narrows nothing."""
    data = fields.struct(value, path, frozenset({"dns", "http"}))
    if data.keys() != {"dns"} or data["dns"] != _EVERY_NAME:
        hint = 'write `dns: [{matchPattern: "*"}]`, or leave the rules out'
        fields.error(rules.BACKEND_FEATURE, path, "what is said in a connection is not judged", hint)
    elif direction is Direction.INGRESS:
        fields.error(rules.BACKEND_FIELD, path, "DNS rules are not allowed on ingress", "leave the rules out")


def _ports(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> Iterator[Port]:
    text = fields.string(data, "port", path, required=True)
    end_port = fields.integer(data, "endPort", path) or None
    if text is None:
        return
    if not _NUMBER.fullmatch(text) or int(text) > LAST_PORT:
        message = f"{quoted(text)} is no number of a port; names are not judged"
        fields.error(rules.BACKEND_FEATURE, (*path, "port"), message, "write a number in quotes")
        return
    number = int(text) or None  # 0 is every port (API, PortProtocol.sanitize)
    if end_port is not None and not (number and number <= end_port <= LAST_PORT):
        fields.error(rules.PORT, (*path, "endPort"), f"endPort stands beside port {text}", "write first and last")
        return
    yield from (Port(protocol, number, end_port) for protocol in _protocols(fields, data, path))


def _protocols(fields: Fields, data: Mapping[str, Any], path: KeyPath) -> tuple[Protocol, ...]:
    """ "If "ANY", omitted or empty, any protocols with transport ports (TCP, UDP, SCTP) match" (API, PortProtocol)."""
    text = fields.string(data, "protocol", path) or _ANY
    if text == _ANY:
        return tuple(Protocol)
    if text in Protocol.__members__:
        return (Protocol(text),)
    hint = "write TCP, UDP or SCTP"
    fields.error(rules.BACKEND_FEATURE, (*path, "protocol"), f"the protocol {quoted(text)} is not judged", hint)
    return ()
