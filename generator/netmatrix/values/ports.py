"""The port numbers that values give to the ports of the matrix."""

from __future__ import annotations

from collections.abc import Iterator

from netmatrix.matrix.model import Flow, Party, Pod, Port, Protocol
from netmatrix.values.context import Context, port_number


def ports_of_pod(context: Context, pod: Pod) -> dict[str, Port]:
    """What a pod listens on, by name, under values that hold."""
    found: dict[str, Port] = {}
    for name, port in pod.ports.items():
        number = port_number(context.get("pods", pod.id, "ports", name))
        assert number is not None, "values that hold give every port of a pod a number"
        found[name] = Port(number, port.protocol)
    return found


def ports_of_flow(context: Context, flow: Flow) -> tuple[Port, ...] | None:
    """What a flow opens under values that hold; None for any port."""
    if flow.ports is None:
        return None
    return tuple(number for port in flow.ports for number in _numbers(context, flow.destination, port))


def _numbers(context: Context, destination: Party, port: str | Port) -> Iterator[Port]:
    if isinstance(port, Port):
        yield port
    elif isinstance(destination, Pod):
        yield ports_of_pod(context, destination)[port]
    else:
        given = context.get("endpoints", destination.id, "ports")
        by_protocol = given.items() if isinstance(given, dict) else [("tcp", number) for number in given]
        for protocol, value in by_protocol:
            number = port_number(value)
            assert number is not None, "values that hold give every port of an endpoint a number"
            yield Port(number, Protocol(protocol.upper()))
