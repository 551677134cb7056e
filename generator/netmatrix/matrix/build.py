"""Builds the typed matrix from a document that has passed the schema and the cross-checks."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from netmatrix.document.reader import Document
from netmatrix.matrix.model import (
    Access,
    Basis,
    Ceiling,
    Discovery,
    Endpoint,
    EndpointKind,
    Flow,
    Matrix,
    Namespace,
    Never,
    Party,
    Peer,
    Pod,
    Port,
    Protocol,
    Purpose,
    Removed,
)

ANY_PORT = "any"


def is_fixed(namespace: str) -> bool:
    """Whether Kubernetes itself owns the namespace of this name, so that it can be neither renamed nor created."""
    return namespace == "default" or namespace.startswith("kube-")


def parse_port(value: int | str) -> Port:
    """`80` is TCP 80, `"53/UDP"` is UDP 53."""
    if isinstance(value, int):
        return Port(value)
    number, _, protocol = value.partition("/")
    return Port(int(number), Protocol(protocol))


def is_literal_port(value: int | str) -> bool:
    """Whether a flow's port is a number rather than the name of one of the destination's ports."""
    return isinstance(value, int) or value[0].isdigit()


def build_matrix(document: Document) -> Matrix:
    """The typed matrix of a checked document."""
    return _Builder(document).matrix()


class _Builder:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.data: Mapping[str, Any] = document.data
        self.environments = tuple(self.data["environments"])
        self.pods = {id_: self._pod(id_, data) for id_, data in self.data["pods"].items()}
        self.endpoints = {id_: self._endpoint(id_, data) for id_, data in self.data.get("endpoints", {}).items()}
        self.parties: dict[str, Party] = {**self.pods, **self.endpoints}

    def matrix(self) -> Matrix:
        data = self.data
        return Matrix(
            application=data["application"],
            title=data["title"],
            description=data["description"],
            version=data["version"],
            prefix=data["prefix"],
            home=data.get("home", ""),
            annotations=data.get("annotations", {}),
            environments=self.environments,
            namespaces={id_: self._namespace(id_, item) for id_, item in data["namespaces"].items()},
            pods=self.pods,
            endpoints=self.endpoints,
            flows={id_: self._flow(id_, item) for id_, item in data["flows"].items()},
            never={id_: self._never(id_, item) for id_, item in data.get("never", {}).items()},
            access={id_: self._access(id_, item) for id_, item in data.get("access", {}).items()},
            removed=self._removed(),
            file=self.document.file,
        )

    def _removed(self) -> tuple[Removed, ...]:
        found = [
            Removed(
                key=tuple(key.split(".")),
                since=item["since"],
                successor=tuple(item["now"].split(".")) if "now" in item else (),
                reason=item.get("reason", ""),
                place=self.document.key_place(("removed", key)),
            )
            for key, item in self.data.get("removed", {}).items()
        ]
        return tuple(sorted(found, key=lambda item: tuple(map(int, item.since.split(".")))))

    def _namespace(self, id_: str, data: Mapping[str, Any]) -> Namespace:
        place = self.document.key_place(("namespaces", id_))
        return Namespace(id_, data["name"], data.get("create", False), is_fixed(data["name"]), place)

    def _pod(self, id_: str, data: Mapping[str, Any]) -> Pod:
        title = data["title"]
        titles = title if isinstance(title, dict) else dict.fromkeys(self.environments, title)
        return Pod(
            id=id_,
            titles=titles,
            short=data.get("short", titles[self.environments[0]]),
            namespace=data["namespace"],
            labels=data["labels"],
            ports={name: parse_port(port) for name, port in data.get("ports", {}).items()},
            purpose=Purpose(data["purpose"]) if "purpose" in data else None,
            description=data.get("description", ""),
            place=self.document.key_place(("pods", id_)),
        )

    def _endpoint(self, id_: str, data: Mapping[str, Any]) -> Endpoint:
        port_name, ports = _endpoint_ports(data.get("ports", {}))
        discover = data.get("discover")
        return Endpoint(
            id=id_,
            kind=EndpointKind(data["kind"]),
            short=data.get("short", id_),
            peers={name: Peer(peer["namespace"], peer["labels"]) for name, peer in data.get("peers", {}).items()},
            cidrs=tuple(ip_network(cidr) for cidr in data.get("cidrs", [])),
            excepts=tuple(ip_network(cidr) for cidr in data.get("except", [])),
            port_name=port_name,
            ports=ports,
            ceiling=_ceiling(data["ceiling"]) if "ceiling" in data else None,
            discovery=Discovery(discover["namespace"], discover["service"]) if discover else None,
            description=data.get("description", ""),
            place=self.document.key_place(("endpoints", id_)),
        )

    def _flow(self, id_: str, data: Mapping[str, Any]) -> Flow:
        ports = data["ports"]
        return Flow(
            id=id_,
            source=self.parties[data["from"]],
            destination=self.parties[data["to"]],
            ports=None if ports == ANY_PORT else tuple(parse_port(p) if is_literal_port(p) else p for p in ports),
            environments=self._environments(data),
            basis=Basis(data["basis"]),
            reason=data.get("reason", ""),
            place=self.document.key_place(("flows", id_)),
        )

    def _never(self, id_: str, data: Mapping[str, Any]) -> Never:
        return Never(
            id=id_,
            source=self.parties[data["from"]],
            destination=self.parties[data["to"]],
            environments=self._environments(data),
            reason=data["reason"],
            place=self.document.key_place(("never", id_)),
        )

    def _access(self, id_: str, data: Mapping[str, Any]) -> Access:
        local_port = urlsplit(data["url"]).port
        assert local_port is not None, "the schema demands a port in the URL"
        return Access(
            id=id_,
            pod=self.pods[data["to"]],
            port=data["port"],
            service=data["service"],
            service_port=data["servicePort"],
            local_port=local_port,
            url=data["url"],
            environments=self._environments(data),
            place=self.document.key_place(("access", id_)),
        )

    def _environments(self, data: Mapping[str, Any]) -> tuple[str, ...]:
        """In the matrix's order, so that the order in which a line names them changes nothing."""
        named = data.get("environments", self.environments)
        return tuple(environment for environment in self.environments if environment in named)


def _endpoint_ports(data: Mapping[str, Any]) -> tuple[str | None, tuple[Port, ...]]:
    for name, value in data.items():
        if isinstance(value, int):
            return name, (Port(value),)
        return name, tuple(Port(number, Protocol(protocol.upper())) for protocol, number in value.items())
    return None, ()


def _ceiling(data: Mapping[str, Any]) -> Ceiling:
    return Ceiling(
        ports=tuple(data["ports"]),
        peers=data.get("peers", 0),
        cidrs=data["cidrs"],
        shortest_prefix={4: data["prefix"]["ipv4"], 6: data["prefix"]["ipv6"]},
    )
